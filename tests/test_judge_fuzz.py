"""Manifests in which anything stands in place of anything: judged all the same, each row counted, nothing silent."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.judging.judge import judge
from infra.judging.parcel import File, Parcel
from tests.samples import make
from tests.test_samples import ARRIVED

ITEM = make.GOOD["teks"]
TABLE = make.table("layanan_informasi", make.ROWS["layanan_informasi"])
SEEDS = {
    "items": {"versi": 1, "satker": "JATENG", "dataset": "teks", "isi": [ITEM, {**ITEM, "nomor": "UJI/2"}]},
    "table": json.loads(TABLE["manifest.json"]),
}
KEYS = ["versi", "satker", "dataset", "isi", "tabel", "bawaan", "metadata", "memperbaiki", "standar", "berkas", "asing"]
ODD = [10**400, "\ud800", "-", "2026-11-20"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(ODD)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ITEM, "ms_keg", "nama", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """A good manifest, some of its values replaced: in the envelope, in its defaults, in an item, or a whole item."""
    sent = json.loads(json.dumps(SEEDS[draw(st.sampled_from(sorted(SEEDS)))]))
    for _ in range(draw(st.integers(1, 3))):
        items = sent.get("isi")
        first = items[0] if isinstance(items, list) and items else None
        place = draw(st.sampled_from(["envelope", "defaults", "metadata", "item", "column", "column", "column"]))
        if place == "defaults" and isinstance(sent.setdefault("bawaan", {}), dict):
            sent["bawaan"][draw(st.sampled_from([*ITEM, "asing"]))] = draw(ANYTHING)
        elif place == "metadata":
            sent["metadata"] = {draw(st.sampled_from(["ms_keg", "ms_var", "ms_ind"])): draw(ANYTHING)}
        elif place == "item" and first is not None:
            items[0] = draw(ANYTHING)
        elif place == "column" and isinstance(first, dict):
            first[draw(st.sampled_from([*ITEM, "Judul", "asing"]))] = draw(ANYTHING)
        else:
            sent[draw(st.sampled_from(KEYS))] = draw(ANYTHING)
    return sent


def parcel(folder: Path, number: int, sent: dict[str, Any]) -> Parcel:
    head, table = folder / f"{number}.json", folder / "tabel.csv"
    head.write_text(json.dumps(sent))
    table.write_bytes(TABLE["tabel.csv"])
    named = {"manifest.json": head, **({table.name: table} if "tabel" in sent else {})}
    files = {n: File(n, p.stat().st_size, "0" * 64, lambda p=p: nullcontext(p)) for n, p in named.items()}
    return Parcel(f"2026-{number:06}.1", "jateng", f"n{number}", 1, ARRIVED, files)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(manifests(), min_size=4, max_size=4))
def test_no_value_fells_the_judge(tmp_path: Path, batch: list[dict[str, Any]]) -> None:
    """Four manifests a time, so that a hundred take seconds."""
    verdict = judge([parcel(tmp_path, at, sent) for at, sent in enumerate(batch)], 1, owner_of=lambda _: "jateng")
    found = verdict.tables["temuan"].to_pylist()
    for at, (sent, outcome) in enumerate(zip(batch, verdict.outcomes, strict=True)):
        told = [f for f in found if f["kiriman"] == f"2026-{at:06}.1"]
        wrong = [f for f in told if f["tingkat"] == "GALAT"]
        assert outcome.rows_in == outcome.accepted + outcome.returned + outcome.skipped
        assert not outcome.returned or wrong
        assert outcome.accepted or told
        items = sent.get("isi")
        if isinstance(items, list) and all(f["kode"] != "MANIFES_TIDAK_TERBACA" for f in told):
            assert outcome.rows_in >= len(items)
            for row, item in enumerate(items, 1):
                odd = not isinstance(item, dict) or any(isinstance(v, list | dict) for v in item.values())
                assert not odd or not outcome.accepted or any(f["baris"] == row for f in told)
