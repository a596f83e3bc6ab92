"""OpenLineage events of the steps: kept under `lineage/`, and posted where `OPENLINEAGE_URL` says.

They are kept before a step is done, so a step that fails and runs again tells the same run again. Posting is weather's
business: what could not be posted waits under `lineage/unsent/` for the next step, and no step fails for it. What the
server refuses to read is kept under `lineage/refused/`. The variables are those of OpenLineage's own clients:
`OPENLINEAGE_URL`, `OPENLINEAGE_ENDPOINT`, `OPENLINEAGE_API_KEY`, `OPENLINEAGE_NAMESPACE`.
"""

from __future__ import annotations

import os
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from itertools import islice
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from infra.releases import Release
from infra.storage.store import NotFound, Store
from schemas.dataset import tables
from transforms.openlineage import Data, Run, events

if TYPE_CHECKING:
    from infra.judging.judge import Verdict
    from infra.ledger.batches import Claim
    from infra.ledger.records import Batch
    from infra.publishing.deliver import Delivery
    from infra.publishing.publication import Publication

ROOT, UNSENT, REFUSED = "lineage/", "lineage/unsent/", "lineage/refused/"
KEPT = timedelta(days=400)
AT_ONCE = 100
"""Runs posted by one step at most."""
PATIENCE_S = 2
ENDPOINT = "api/v1/lineage"
AGAIN = (408, 425, 429)
"""Refusals that mean later, not never."""


def judged(store: Store, claim: Claim, began: datetime, verdict: Verdict) -> None:
    """A batch was judged: out of which sources' submissions, into which rows."""
    source = {s.receipt: s.source for s in claim.submissions}
    rows, size = Counter[str](), Counter[str]()
    for outcome in verdict.outcomes:
        rows[source[outcome.kiriman]] += outcome.rows_in
    for s in claim.submissions:
        size[s.source] += s.size
    files = Counter(source.values())
    inputs = [Data(f"raw/{name}", rows=rows[name], size=size[name], files=files[name]) for name in sorted(files)]
    fast = {name: sum(pq.read_metadata(path).num_rows for path in paths) for name, paths in verdict.lanes.items()}
    outputs = [
        Data(f"judged/{name}", table.schema, rows=table.num_rows + fast.get(name, 0))
        for name, table in verdict.tables.items()
    ]
    _keep(store, "judge", claim.batch.id, claim.batch.made_at, began, inputs, outputs, batch=claim.batch.id)


def curated(
    store: Store,
    batch: Batch,
    began: datetime,
    rows: Mapping[str, pa.Table],
    more: Mapping[str, int],
    versions: Mapping[str, int | None],
) -> None:
    """A batch was committed: its rows, how many `more` came in files, and the version of each table afterwards."""
    count = {name: table.num_rows + more.get(name, 0) for name, table in rows.items()}
    there = {name: rows[name].schema for name, number in count.items() if number}
    inputs = [Data(f"judged/{name}", schema, rows=count[name]) for name, schema in there.items()]
    outputs = [Data(f"tables/{name}", schema, str(versions[name]), rows=count[name]) for name, schema in there.items()]
    _keep(store, "curate", batch.id, batch.made_at, began, inputs, outputs, batch=batch.id)


def released(store: Store, release: Release, began: datetime) -> None:
    """A release was made of these versions of the tables."""
    inputs, outputs = [], []
    for name, version in release.tables.items():
        schema = tables()[name].arrow if name in tables() else None
        inputs.append(Data(f"tables/{name}", schema, str(version), rows=release.rows[name]))
        outputs.append(Data(f"rilis/{name}", schema, str(release.number), rows=release.rows[name]))
    _keep(store, "release", release.number, release.at, began, inputs, outputs)


def delivered(
    store: Store, release: Release, publication: Publication, done: Sequence[Delivery], began: datetime
) -> None:
    """A release was published and handed to partners; nothing is told when nothing was written."""
    sent = [d for d in done if d.error is None and (d.written or d.removed)]
    if not publication.written and not sent:
        return
    editions = {e.standard.name: e for e in publication.editions}
    read = [name for name in editions if name in release.tables]
    inputs = [Data(f"rilis/{name}", tables()[name].arrow, str(release.number)) for name in read]
    outputs = [
        Data(
            f"published/{name}", version=e.id, rows=e.facts.rows, size=sum(f.size for f in e.files), files=len(e.files)
        )
        for name, e in editions.items()
    ]
    outputs += [Data(f"mitra/{d.partner}", version=str(d.release), size=d.bytes, files=len(d.written)) for d in sent]
    _keep(store, "deliver", f"{release.number:08d}-{began:%H%M%S%f}", began, began, inputs, outputs)


def _keep(
    store: Store,
    job: str,
    key: int | str,
    day: datetime,
    began: datetime,
    inputs: Sequence[Data],
    outputs: Sequence[Data],
    batch: int | None = None,
) -> None:
    key = f"{key:08d}" if isinstance(key, int) else key
    named = f"{day.astimezone(UTC):%Y-%m-%d}/{job}-{key}.ndjson"
    namespace = os.environ.get("OPENLINEAGE_NAMESPACE") or "spit"
    # Two installations that post to one server may count alike: the place of the lake tells their runs apart.
    run = Run(namespace, job, f"{store.url}#{key}", began, datetime.now(UTC), inputs, outputs, batch)
    store.put(ROOT + named, b"".join(orjson.dumps(event) + b"\n" for event in events(run)))
    if os.environ.get("OPENLINEAGE_URL"):
        store.put(UNSENT + named, b"")


def send(store: Store) -> int:
    """Post what waits, oldest day first; how many runs that were. Stops at the first sign of weather."""
    sent = 0
    if os.environ.get("OPENLINEAGE_URL"):
        for stat in list(islice(store.list(UNSENT), AT_ONCE)):
            named = stat.key.removeprefix(UNSENT)
            try:
                _post(store.get(ROOT + named))
            except HTTPError as error:
                if error.code in AGAIN or error.code >= 500:
                    break
                store.put(REFUSED + named, f"{error.code} {error.reason}\n".encode())
            except NotFound:
                pass  # older than what is kept
            except (OSError, HTTPException):
                break
            store.delete(stat.key)
            sent += 1
    return sent


def _post(lines: bytes) -> None:
    place = (
        f"{os.environ['OPENLINEAGE_URL'].rstrip('/')}/{os.environ.get('OPENLINEAGE_ENDPOINT', ENDPOINT).lstrip('/')}"
    )
    head = {"Content-Type": "application/json"}
    if key := os.environ.get("OPENLINEAGE_API_KEY"):
        head["Authorization"] = f"Bearer {key}"
    for line in lines.splitlines():
        with urllib.request.urlopen(urllib.request.Request(place, line, head), timeout=PATIENCE_S):  # noqa: S310
            pass


def forget(store: Store) -> int:
    """Remove what is older than `KEPT`; how many runs."""
    before = f"{datetime.now(UTC) - KEPT:%Y-%m-%d}"
    old = [stat.key for stat in store.list(ROOT) if stat.key.split("/")[-2] < before]
    for key in old:
        store.delete(key)
    return len(old)
