"""The public gate, and everybody who could get around it."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.dataset import ContractError, Dataset, datasets, tables
from schemas.reference import satker
from tests.released import AT, HELD_BACK, SECRET, lake, public_tables, row
from transforms import copies, dip, publik, stories

ROOT = Path(__file__).parent.parent
PUBLIC = sorted(name for name, table in tables().items() if table.public)
HELD = [
    (name, why)
    for name, dataset in sorted(public_tables().items())
    for why, (column, _) in HELD_BACK.items()
    if column in dataset.arrow.names
]
Rows = list[dict[str, Any]]


def select(dataset: Dataset, rows: Rows, sql: Callable[[Dataset, datetime], str]) -> Rows:
    with lake({dataset.name: rows}) as connection:
        return connection.execute(sql(dataset, AT)).to_arrow_table().to_pylist()


@pytest.mark.parametrize(("name", "why"), HELD)
def test_a_row_is_held_back_for_each_reason_alone(name: str, why: str) -> None:
    dataset, (column, value) = tables()[name], HELD_BACK[why]
    found = select(dataset, [row(dataset, why, SECRET, **{column: value}), row(dataset, "a")], publik.rows)
    assert [r[dataset.primary_key[-1]] for r in found] == ["a-terbuka"]


@pytest.mark.parametrize("name", PUBLIC)
def test_only_public_columns_come_out_and_all_of_them(name: str) -> None:
    dataset = tables()[name]
    (found,) = select(dataset, [row(dataset, "a")], publik.rows)
    assert list(found) == [f.name for f in publik.columns(dataset)]
    hidden = {f.name for f in dataset.fields if not f.public} | {"_sidik", "_berkas", "_lembar", "_baris", "_batch"}
    assert not hidden & set(found)
    assert SECRET not in str(found)


def test_an_embargo_ends_at_its_instant() -> None:
    foto = tables()["foto"]
    rows = [row(foto, str(n), embargo_sampai=AT + timedelta(microseconds=n)) for n in (-1, 0, 1)]
    assert [r["nomor"] for r in select(foto, rows, publik.rows)] == ["-1-terbuka", "0-terbuka"]
    assert select(foto, rows, publik.turning_points) == [{"since": AT, "until": AT + timedelta(microseconds=1)}]
    assert select(foto, rows[:2], publik.turning_points) == [{"since": AT, "until": None}]


def test_a_dataset_without_embargo_never_turns() -> None:
    layanan = tables()["layanan_informasi"]
    assert select(layanan, [row(layanan, "a")], publik.turning_points) == [{"since": None, "until": None}]


def test_the_instant_of_a_release_may_be_written_in_any_zone() -> None:
    foto = tables()["foto"]
    jayapura = AT.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+09:00").tzinfo)
    assert publik.rows(foto, jayapura) == publik.rows(foto, AT)


def test_a_table_that_is_not_public_has_no_public_rows() -> None:
    for dataset in tables().values():
        if not dataset.public:
            with pytest.raises(ContractError, match="not public"):
                publik.rows(dataset, AT)


def test_a_hidden_primary_key_is_our_own_bug() -> None:
    foto = tables()["foto"]
    hidden = replace(foto, fields=tuple(replace(f, public=f.name != "nomor") for f in foto.fields))
    with pytest.raises(ContractError, match="nomor"):
        publik.rows(hidden, AT)


def test_every_public_standard_says_which_class_its_rows_have() -> None:
    without = [
        d.name for d in datasets().values() if d.public and "klasifikasi_informasi" not in [f.name for f in d.fields]
    ]
    assert not without, "UU 14/2008: every item carries a class; without the column the gate cannot hold a row back"


def test_rows_come_in_the_order_of_the_primary_key_however_they_lie() -> None:
    foto = tables()["foto"]
    rows = [row(foto, f"{n:03}", kode_satker=f"S{n % 3}") for n in range(200)]
    random.Random(1).shuffle(rows)
    found = [(r["kode_satker"], r["nomor"]) for r in select(foto, rows, publik.rows)]
    assert found == sorted(found) and len(found) == 200


def test_facts_tell_nothing_of_the_rows_held_back() -> None:
    foto, layanan = tables()["foto"], tables()["layanan_informasi"]
    closed = {"klasifikasi_informasi": "DIKECUALIKAN", "_diterima_pada": datetime(2001, 1, 1, tzinfo=UTC)}
    secret = row(foto, "b", **closed, kode_wilayah="91.01", tanggal_kejadian=date(2001, 1, 1), lisensi="CC-BY-NC-4.0")
    (found,) = select(foto, [row(foto, "a"), secret], publik.facts)
    arrived = datetime(2026, 11, 20, 0, 40, 0, 500, tzinfo=UTC)
    day = date(2026, 11, 20)
    assert publik.read_facts(found) == publik.Facts(
        1, ("CC-BY-4.0",), ("33",), day, day, arrived, arrived, ("BERKALA",)
    )

    rows = [row(layanan, p, periode=p) for p in ("2026-02", "2026-09")] + [
        row(layanan, "c", periode="1999-01", **closed)
    ]
    (found,) = select(layanan, rows, publik.facts)
    facts = publik.read_facts(found)
    assert (facts.begins, facts.ends) == (date(2026, 2, 1), date(2026, 9, 30))
    assert (facts.rows, facts.licences, facts.provinces) == (2, ("CC-BY-4.0",), ())


@pytest.mark.parametrize("name", PUBLIC)
def test_facts_of_nothing(name: str) -> None:
    (found,) = select(tables()[name], [], publik.facts)
    facts = publik.read_facts(found)
    assert (facts.rows, facts.begins, facts.ends, facts.issued, facts.modified) == (0, None, None, None, None)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026", "2026-01-01", "2026-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026-12", "2026-12-01", "2026-12-31"),
        ("2026-S1", "2026-01-01", "2026-06-30"),
        ("2026-S2", "2026-07-01", "2026-12-31"),
        ("2026-T1", "2026-01-01", "2026-03-31"),
        ("2026-T4", "2026-10-01", "2026-12-31"),
    ],
)
def test_a_period_has_days(period: str, first: str, last: str) -> None:
    empty = dict.fromkeys(("licences", "provinces", "classes", "first_day", "last_day", "issued", "modified"))
    facts = publik.read_facts({"rows": 1, "periods": [period], **empty})
    assert (str(facts.begins), str(facts.ends)) == (first, last)


# Nobody reads around the gate: whoever imports it may query through nothing else.

GATES = {"publik", "dip", "copies", "stories"}
"""Who writes the SQL that may be asked; the tests below say what is in it."""

OWN = {"pq.read_table(pa.BufferReader(shelf.store.get(path)), columns=STATE)"}
"""Opened all the same: what `items.py` has published itself, but for its content."""

READERS = {"sql", "query", "table", "view", "read_parquet", "from_parquet", "executemany", "read_table", "ParquetFile"}


def ways_around(source: str) -> Iterator[str]:
    """Each place where a module queries something other than what GATES write, or opens tables by itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            yield from (n for n in names if n.split(".")[0] == "deltalake" or n in {"infra.lake", "infra.sql.query"})
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in READERS:
                yield ast.unparse(node)
            if node.func.attr == "execute":
                asked = node.args[0].func if node.args and isinstance(node.args[0], ast.Call) else None
                if not (isinstance(asked, ast.Attribute) and ast.unparse(asked.value) in GATES):
                    yield ast.unparse(node)


def exporters() -> list[Path]:
    modules = [path for room in ("transforms", "infra", "dags") for path in (ROOT / room).rglob("*.py")]
    asks = (
        "import publik",
        "transforms.publik",
        "infra.publishing.publication",
        "infra.publishing.editions",
        '"published',
    )
    named = [path for path in modules if any(word in path.read_text("utf-8") for word in asks)]
    others = {"steps.py"}  # it calls exporters, see below
    return [path for path in named if path.name not in others and path.parent.name not in {"serving", "cli"}]


DOWNSTREAM = {"changes.py", "deltas.py", "selection.py"}
"""These read what is published already; the next test but one says that they read nothing else."""


def test_exporters_read_only_through_the_gate() -> None:
    found = {
        path.name: [way for way in ways_around(path.read_text("utf-8")) if way not in OWN]
        for path in exporters()
        if path.name not in DOWNSTREAM
    }
    assert {
        "publication.py",
        "shown.py",
        "items.py",
        "editions.py",
        "deliver.py",
        "catalogue.py",
        "datapackage.py",
        "dip.py",
    } <= set(found)
    assert not any(found.values()), found


def keys_asked(source: str) -> Iterator[str]:
    """What a module asks a store for, as written."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in {"get", "local", "stat", "list"} and ast.unparse(node.func.value).endswith("store"):
            yield ast.unparse(node.args[0])


@pytest.mark.parametrize("name", sorted(DOWNSTREAM))
def test_what_partners_get_is_made_of_what_is_published_and_nothing_else(name: str) -> None:
    source = (ROOT / "infra" / "publishing" / name).read_text("utf-8")
    asked = list(keys_asked(source))
    own = ("f'{ROOT}/", "f'{SELECTIONS}/", "f'{c.root}/", "f'{LOGS}/", "entry.key", "_parquet(")
    assert all(key.startswith(own) for key in asked), asked
    assert not {"infra.lake", "infra.sql.query", "deltalake"} & {
        node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)
    }


def test_the_api_asks_for_what_is_published_and_for_nothing_else() -> None:
    asked = []
    for path in (ROOT / "infra" / "serving").glob("*.py"):
        source = path.read_text("utf-8")
        asked += keys_asked(source)
        modules = {
            node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.module
        }
        mine = {m for m in modules if m.startswith("infra.")}
        assert mine <= {
            "infra.publishing.editions",
            "infra.storage.store",
            "infra.settings",
            *(f"infra.serving.{each.stem}" for each in (ROOT / "infra" / "serving").glob("*.py")),
        }
    assert len(asked) >= 3
    assert all(key.startswith("f'{ROOT}/") for key in asked), asked


def test_the_lists_name_no_table_but_through_the_gate() -> None:
    for dataset in datasets().values():
        rest = dip.listed(dataset, AT, satker()).replace(f"FROM ({publik.rows(dataset, AT)})", "")
        assert set(re.findall(r"(?:FROM|JOIN)\s+(\S+)", rest)) == {"bahan", "satker"}


def test_copies_are_listed_through_the_gate_and_nothing_is_told_of_others() -> None:
    media = tables()["media"]
    for sql in (copies.listed(AT), copies.files(AT)):
        rest = sql.replace(f"({publik.rows(media, AT)})", "")
        # `media` and `rendisi` themselves: to leave out, and to join to what the gate gave.
        read = set(re.findall(r"(?<!DISTINCT )(?:FROM|JOIN)\s+([^\s(]+)", rest))
        assert read == {"media", "rendisi", "terbuka", "tertutup", "dibuat"}
    assert {f.name for f in copies.standard().fields if f.name in media.arrow.names} <= {
        f.name for f in publik.columns(media)
    }


def test_stories_name_no_table_but_through_the_gate() -> None:
    at = {**dict.fromkeys(stories.told(), AT), "media": AT}
    for sql in (stories.items(at), stories.items(at, [AT.date()]), stories.of_event(at, "P"), stories.days(at)):
        rest = sql.replace(f"({copies.listed(AT)})", "gerbang")
        for standard in stories.told().values():
            rest = rest.replace(f"({publik.rows(standard, AT, ending=True)})", "gerbang")
        read = set(re.findall(r"(?:FROM|JOIN)\s+([^\s()]+)", rest))
        ours = {"butir", "inti", "pilihan", "tanda", "wakil", "sebutan", "salinan", "sekawan", "silsilah", "kutipan"}
        assert "gerbang" in read and read <= {"gerbang", *ours}


def test_what_says_which_originals_may_be_edited_tells_nothing_but_their_hashes() -> None:
    media = tables()["media"]
    kept = {"ada_gps": False, "daerah_kabur": None}
    rows = [row(media, name, sha256=name, **{**kept, **change}) for name, change in EDITED]
    assert select(media, rows, lambda *_: stories.untouched()) == [{"sha256": "a"}]


EDITED: list[tuple[str, dict[str, Any]]] = [
    ("a", {}),
    ("b", {"ada_gps": True}),
    ("c", {"ada_gps": None}),
    ("d", {"daerah_kabur": "1, 1, 1, 1"}),
    ("e", {}),
    ("e", {"ada_gps": True}),
]


def test_an_event_is_asked_for_as_a_value() -> None:
    assert "peristiwa = ''' OR TRUE --'" in stories.of_event({"teks": AT}, "' OR TRUE --")


@pytest.mark.parametrize(
    "planted",
    [
        "c.execute('SELECT * FROM foto')",
        "c.execute(f'SELECT * FROM ({publik.rows(d, at)}) UNION ALL FROM foto')",
        "c.execute(publik.rows(d, at) + ' OR TRUE')",
        "c.execute(publik.rows(d, at).replace('WHERE', 'WHERE TRUE OR'))",
        "sql = publik.rows(d, at)\nc.execute(sql)",
        "c.table('foto')",
        "c.sql('FROM foto')",
        "pq.read_table('tables/foto/0.parquet')",
        "from deltalake import DeltaTable",
        "from infra.lake import Lake",
    ],
)
def test_a_planted_way_around_is_seen(planted: str) -> None:
    assert list(ways_around(planted))
