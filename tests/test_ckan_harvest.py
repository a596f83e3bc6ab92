"""Our DCAT as CKAN harvests it: its own parser reads every dataset, with what one needs to find, cite and check it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.publishing.publication import Publication, publish
from infra.storage.folder import FolderStore
from tests import real_ckan
from tests.released import SECRET, Release, everything, lake

BASE = "https://data.example/api/1/berkas/"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the environment is made once, and takes minutes


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Publication, Path]:
    folder = tmp_path_factory.mktemp("katalog")
    with lake(everything()) as connection:
        return publish(connection, FolderStore(folder), Release(), base=BASE), folder / "published"


def extras(dataset: dict[str, Any]) -> dict[str, str]:
    return {each["key"]: each["value"] for each in dataset["extras"]}


@pytest.mark.parametrize("form", ["jsonld", "ttl"])
@pytest.mark.parametrize("profile", ["euro_dcat_ap_3", "euro_dcat_ap_2", "euro_dcat_ap"])
def test_ckans_parser_reads_every_dataset_and_file(
    published: tuple[Publication, Path], form: str, profile: str
) -> None:
    publication, folder = published
    read = {extras(d)["uri"]: d for d in real_ckan.harvested(folder / f"katalog.{form}", profile)}
    assert set(read) == {f"urn:spit:dataset:{e.standard.name}" for e in publication.editions}
    for edition in publication.editions:
        dataset = read[f"urn:spit:dataset:{edition.standard.name}"]
        told = extras(dataset)
        assert (dataset["title"], dataset["notes"]) == (edition.standard.title, edition.standard.description)
        assert dataset.get("version", edition.id) == edition.id and dataset["tags"]  # DCAT-AP 1 and 2 know no versions
        assert told["identifier"] == told["uri"] and told["access_rights"].endswith("/PUBLIC")
        assert told["publisher_name"] and told["contact_name"]
        assert told.get("frequency", "") == edition.standard.frequency
        files = {BASE + f.path: f for f in edition.files if f.format != "skema"}
        assert {r["download_url"] for r in dataset["resources"]} == set(files)
        for resource in dataset["resources"]:
            file = files[resource["download_url"]]
            assert (int(resource["size"]), resource["hash"]) == (file.size, file.sha256)
            assert resource["name"] and resource["mimetype"]
            assert resource["license"].startswith("https://creativecommons.org/licenses/")
    assert SECRET not in json.dumps(list(read.values()))
