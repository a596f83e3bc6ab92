"""The audit before a release: Great Expectations over what is new, one suite per table, the result as data.

The database it is handed holds for each table `t` of `audited()` a relation `t` (all rows of the proposed version) and
`t_baru` (those of batches no release has yet), and the code lists as `acuan_<name>`; `views` and
`code_lists` write the SQL that makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations import gx
from expectations.basics import TYPES, basics, identity, schema
from expectations.history import arrivals, freshness
from schemas import reference
from schemas.dataset import ContractError, Dataset, datasets
from schemas.dataset import tables as standards

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation

SAMPLE = 5
"""Rows a failed check names."""

LATER = ("_sidik", "_tertahan")
"""Lineage that some tables got when they already had rows."""

Key = tuple[str, str]
"""`kode` and `kolom`: what an expectation of a table is about."""


@dataclass(frozen=True)
class Check:
    """One expectation and what came of it.

    `sample` names a few rows at fault by their keys and counts, and never without their submission: the record is kept
    for good, and what an office wrote into a key is taken out of it when the row is erased.
    """

    table: str
    kode: str
    kolom: str
    tingkat: str
    """`GALAT` holds back the release, `PERINGATAN` does not."""
    passed: bool
    observed: str
    """In words: how many rows of how many, or the error that kept it from being checked."""
    unexpected_count: int
    sample: tuple[dict[str, Any], ...]
    detail: str
    """What must hold, in Indonesian; `english` says the same."""
    english: str


@dataclass(frozen=True)
class Audit:
    """What came of all checks. `rows` is how many new rows of each table were looked at."""

    at: datetime
    rows: dict[str, int]
    results: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether the release may go out: nothing of level GALAT failed."""
        return not any(check.tingkat == "GALAT" for check in self.failed)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that did not pass, warnings included."""
        return tuple(check for check in self.results if not check.passed)

    def record(self) -> dict[str, Any]:
        """As plain data for the record of a release: what failed in full, what passed by name."""
        return {
            "lulus": self.passed,
            "pada": self.at.isoformat(),
            "baris_baru": self.rows,
            "gagal": [{**asdict(check), "sample": list(check.sample)} for check in self.failed],
            "memenuhi": {
                table: [f"{c.kode} {c.kolom}".rstrip() for c in self.results if c.table == table and c.passed]
                for table in self.rows
            },
        }


def audited() -> dict[str, Dataset]:
    """The tables that batches add to. A reference table is ours, and held to its standard when it is made."""
    return {name: standard for name, standard in standards().items() if standard.by_batch}


def audit(database: Path, tables: Sequence[str], *, at: datetime) -> Audit:
    """Audit the new rows of `tables` in a DuckDB file, as of the instant `at`; reads only, never raises for data.

    A check that cannot run (a column is missing, say) fails and says why. ContractError where not even the rows can
    be counted; Great Expectations' `TestConnectionError` for a relation that is not there.
    """
    rows: dict[str, int] = {}
    results: list[Check] = []
    with gx.relations(database) as relation:
        for name in tables:
            rows[name], checks = _examine(standards()[name], relation, at)
            results.extend(checks)
    return Audit(at, rows, tuple(results))


def views(dataset: Dataset, files: Sequence[str], batches: Sequence[int]) -> str:
    """SQL making relations `t` over a version's Parquet files and `t_baru` over its rows of these, the new, batches.

    A table that has no version yet has no files and becomes an empty relation.
    """
    columns = ", ".join(f'CAST(NULL AS {TYPES[f.type]}) AS "{f.name}"' for f in dataset.arrow)
    whole = f"SELECT {columns} WHERE false"
    if files:
        # A file from before its standard got another column of lineage lacks it, and so may all of them.
        later = ", ".join(f'CAST(NULL AS VARCHAR) AS "{name}"' for name in LATER if name in dataset.arrow.names)
        read = f"FROM read_parquet([{', '.join(map(_string, files))}], union_by_name = true)"
        whole = f"{read} UNION ALL BY NAME SELECT {later} WHERE false" if later else read
    new = "false"
    if batches:  # the range says no more than the list does, but lets DuckDB pass over files and row groups unread
        new = f"_batch BETWEEN {min(batches)} AND {max(batches)} AND _batch IN ({', '.join(map(str, batches))})"
    return (
        f"CREATE OR REPLACE VIEW {dataset.name} AS {whole};"
        f"CREATE OR REPLACE VIEW {dataset.name}_baru AS FROM {dataset.name} WHERE {new};"
    )


def code_lists() -> str:
    """SQL making `acuan_<name>` of every code list a dataset refers to."""
    names = sorted({f.reference for d in datasets().values() for f in d.fields if f.reference})
    return "".join(
        f"CREATE OR REPLACE TABLE acuan_{name} AS"
        f" SELECT kode FROM read_csv({_string(str(reference.path(name)))}, all_varchar = true);"
        for name in names
    )


def suite(dataset: Dataset, at: datetime, *, new: bool = True) -> dict[Key, Expectation]:
    """All expectations of a table; without `new` rows, only those about the whole of it.

    A table's own (`suites/<table>.py`) come last and replace the standard's of the same `kode` and `kolom`.
    """
    found = [schema(dataset), *freshness(dataset, at)]
    if new:
        found += basics(dataset)
        if dataset.kind != "sistem":
            found += arrivals(dataset, at)
        if (Path(__file__).parent / "suites" / f"{dataset.name}.py").exists():
            found += import_module(f"expectations.suites.{dataset.name}").suite(dataset)
    return {_key(expectation.meta): expectation for expectation in found}


def _examine(dataset: Dataset, relation: Callable[[str], Batch], at: datetime) -> tuple[int, list[Check]]:
    """First only yes or no for everything, which is cheap; counts and rows for what failed."""
    batch = relation(f"{dataset.name}_baru")
    rows = _count(batch)
    expected = suite(dataset, at, new=rows > 0)
    verdicts = _validate(batch, {key: gx.counted(expectation) for key, expectation in expected.items()}, "BOOLEAN_ONLY")
    wrong = {key: expected[key] for key, verdict in verdicts.items() if not verdict.success}
    closer = {
        "result_format": "COMPLETE",
        "partial_unexpected_count": SAMPLE,
        "unexpected_index_column_names": identity(dataset),
    }
    details = _validate(batch, wrong, closer) if wrong else {}
    return rows, [_check(dataset, expected[key], details.get(key), rows) for key in expected]


def _count(batch: Batch) -> int:
    counted = batch.validate(gx.load().expectations.ExpectTableRowCountToBeBetween(min_value=0))
    if not counted.success:
        raise ContractError(f"{batch.data_asset.name}: {'; '.join(_errors(counted))}")
    return counted.result["observed_value"]


def _validate(batch: Batch, expected: dict[Key, Expectation], form: Any) -> dict[Key, ExpectationValidationResult]:
    together = gx.load().ExpectationSuite(name=batch.data_asset.name, expectations=list(expected.values()))
    found: list[Any] = batch.validate(together, result_format=form).results
    return {_key(result.expectation_config.meta): result for result in found}


def _check(dataset: Dataset, expected: Expectation, wrong: ExpectationValidationResult | None, rows: int) -> Check:
    meta: dict[str, str] = expected.meta or {}
    found: dict[str, Any] = wrong.result if wrong else {}
    if "observed_value" in found:
        count: int = found["observed_value"]
        sample = found["details"]["unexpected_rows"]
    else:
        count = found.get("unexpected_count", 0)
        own = identity(dataset)
        sample = [{name: row[name] for name in own} for row in found.get("partial_unexpected_index_list", ())]
    observed = f"{count} dari {rows} baris baru" if found else "; ".join(_errors(wrong)) if wrong else "memenuhi"
    return Check(
        table=dataset.name,
        kode=meta["kode"],
        kolom=meta["kolom"],
        tingkat="PERINGATAN" if expected.severity == "warning" else "GALAT",
        passed=wrong is None,
        observed=observed,
        unexpected_count=count,
        sample=tuple(sample[:SAMPLE]),
        detail=meta["id"],
        english=meta["en"],
    )


def _errors(result: ExpectationValidationResult) -> list[str]:
    """Why a check could not run, each reason once."""
    reasons = [part["exception_message"] for part in result.exception_info.values() if isinstance(part, dict)]
    return list(dict.fromkeys(reason.strip().partition("\n")[0] for reason in reasons))


def _key(meta: dict[str, str] | None) -> Key:
    return (meta or {})["kode"], (meta or {})["kolom"]


def _string(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
