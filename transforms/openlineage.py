"""OpenLineage 2-0-2 run events: which data a step read and wrote, how many rows, in which columns.

Of data they hold names, counts, versions and the standards' own definitions: never a value, never the name of a
submission or file.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

Event = dict[str, Any]

PRODUCER = "urn:spit"
SPEC = "https://openlineage.io/spec"


@dataclass(frozen=True)
class Data:
    """Something a run read or wrote, such as `tables/foto`; what is not known of it is left out."""

    name: str
    schema: pa.Schema | None = None
    version: str | None = None
    rows: int | None = None
    size: int | None = None
    """Bytes."""
    files: int | None = None


@dataclass(frozen=True)
class Run:
    """One run of a step. The same `key` of the same job in the same namespace is the same run."""

    namespace: str
    job: str
    key: str
    began: datetime
    ended: datetime
    inputs: Sequence[Data]
    outputs: Sequence[Data]
    batch: int | None = None


def events(run: Run) -> list[Event]:
    """That it started, and that it completed with what it read and wrote."""
    return [_event(run, "START", run.began), _event(run, "COMPLETE", run.ended)]


def _event(run: Run, kind: str, at: datetime) -> Event:
    done = kind == "COMPLETE"
    facets = {} if run.batch is None else {"spit_batch": {**_facet("urn:spit:openlineage:batch"), "batch": run.batch}}
    kind_of = _facet(f"{SPEC}/facets/2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet")
    return {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "producer": PRODUCER,
        "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {
            "runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:spit:{run.namespace}:{run.job}:{run.key}")),
            "facets": facets,
        },
        "job": {
            "namespace": run.namespace,
            "name": run.job,
            "facets": {
                "jobType": {**kind_of, "processingType": "BATCH", "integration": "SPIT", "jobType": "STEP"},
            },
        },
        "inputs": [_data(run.namespace, data, "input") for data in run.inputs] if done else [],
        "outputs": [_data(run.namespace, data, "output") for data in run.outputs] if done else [],
    }


def _data(namespace: str, data: Data, side: str) -> Event:
    facets: Event = {}
    if data.schema is not None:
        facets["schema"] = {
            **_facet(f"{SPEC}/facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet"),
            "fields": [_column(at, field) for at, field in enumerate(data.schema, 1)],
        }
    if data.version is not None:
        facets["version"] = {
            **_facet(f"{SPEC}/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"),
            "datasetVersion": data.version,
        }
    counts = {"rowCount": data.rows, "size": data.size, "fileCount": data.files}
    counts = {name: count for name, count in counts.items() if count is not None}
    out: Event = {"namespace": namespace, "name": data.name, "facets": facets}
    if counts:
        title = f"{side.title()}Statistics{side.title()}DatasetFacet"
        version = {"input": "1-0-0", "output": "1-0-2"}[side]
        said = {**_facet(f"{SPEC}/facets/{version}/{title}.json#/$defs/{title}"), **counts}
        out[f"{side}Facets"] = {f"{side}Statistics": said}
    return out


def _column(at: int, field: pa.Field) -> Event:
    said = (field.metadata or {}).get(b"definisi", b"").decode()
    about = {"description": said} if said else {}
    return {"name": field.name, "type": str(field.type), "ordinal_position": at, **about}


def _facet(schema: str) -> Event:
    return {"_producer": PRODUCER, "_schemaURL": schema}
