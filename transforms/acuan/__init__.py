"""Reference tables: code lists (`schemas/reference`) → rows as the table's standard wants them, one SELECT each.

`<table>.sql` reads the lists its standard names under `sources`, each as relation `daftar_<list>`, all text.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pyarrow as pa

from schemas import reference
from schemas.dataset import Dataset
from transforms.shape import OFFLINE
from transforms.strict import cast

HERE = Path(__file__).parent


def rows(dataset: Dataset) -> pa.Table:
    """All rows of a reference table; ContractError where a list does not say what its standard asks."""
    with duckdb.connect(config=OFFLINE) as con:
        for name in dataset.sources:
            con.register(f"daftar_{name}", reference.columns(name))
        return cast(dataset, con.execute(_sql(dataset)).to_arrow_table())


def mark(dataset: Dataset) -> str:
    """Changes when the lists, the SELECT or the standard do."""
    schema = dataset.arrow
    digest = hashlib.sha256(repr([schema.metadata, *((f, f.metadata) for f in schema)]).encode())
    digest.update(_sql(dataset).encode())
    for name in dataset.sources:
        digest.update(reference.path(name).read_bytes())
    return digest.hexdigest()


def _sql(dataset: Dataset) -> str:
    return (HERE / f"{dataset.name}.sql").read_text("utf-8")
