"""Stories: one event (`peristiwa`), told several times, in items that name what they retell (`turunan_dari`).

Here they are gathered as SQL through the public gate: every item with its renditions, with the others of its event, and
with what it retells, as far as those are public too. `ninjs.py`, `klarifikasi.py` and the editors' kit write them down.

`turunan_dari` holds `DATASET/KEY`, several of them separated by semicolons, as `satu withdraw` names a row; the key of
a table may be cut after any of its parts (ours).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

from schemas.dataset import MEDIA_KINDS, Dataset, datasets
from transforms import copies, publik
from transforms.shape import literal, quoted

MOST = 50
"""So many texts, and so many media, of one event are named by its items (ours): an event's code is free text, and one
that thousands of items carry must not become millions of pairs."""

At = Mapping[str, datetime]
"""For which instant the gate is asked, by table: what can be told of, and `media` where there are renditions."""


def originals(text: str | None) -> list[tuple[str, str]]:
    """What `turunan_dari` names, in its order and each once: dataset and key."""
    parts = [each.strip().partition("/") for each in (text or "").split(";")]
    return list(dict.fromkeys((dataset, key) for dataset, _, key in parts if dataset and key))


def told() -> dict[str, Dataset]:
    """The datasets whose rows are items: texts and media."""
    return {name: standard for name, standard in datasets().items() if standard.kind in ("teks", *MEDIA_KINDS)}


def columns() -> list[str]:
    """The public columns of items, of whichever dataset."""
    return list(dict.fromkeys(f.name for standard in told().values() for f in publik.columns(standard)))


def items(at: At, days: Collection[date] | None = None) -> str:
    """SELECT of the public items, one row each: `dataset`, `columns()`, and what belongs to them.

    `hari`: the day of arrival, UTC. `rendisi`, `seperistiwa`, `asal`: lists of structs, or NULL; `angka`: the public
    statistical tables it cites. With `days`, only the items of those. By day.
    """
    listed = ", ".join(f"DATE '{day}'" for day in sorted(days or ())) or "NULL"
    wanted = "" if days is None else f" WHERE hari IN ({listed})"
    return f"SELECT * FROM ({_gathered(at)}){wanted} ORDER BY hari, dataset, _kunci"


def of_event(at: At, event: str) -> str:
    """SELECT of the public items of one event, as `items`."""
    return f"SELECT * FROM ({_gathered(at)}) WHERE peristiwa = {literal(event)} ORDER BY dataset, _kunci"


def days(at: At) -> str:
    """SELECT of a mark for each day: `hari`, `jumlah`, `sidik`; equal when nothing of its items has changed."""
    return (
        f"SELECT hari, count(*) AS jumlah, bit_xor(hash(t))::VARCHAR AS sidik FROM ({_gathered(at)}) t"
        " GROUP BY hari ORDER BY hari"
    )


def _gathered(at: At) -> str:
    pair = "struct_pack(dataset := w.dataset, kunci := w._kunci, judul := w.judul)"
    original = "struct_pack(dataset := o.dataset, kunci := o._kunci, judul := o.judul, kredit := o.kredit)"
    figures = ", ".join(literal(d.name) for d in datasets().values() if d.kind == "tabel" and d.public)
    return (
        f"WITH butir AS ({_items(at)}), salinan AS ({_copies(at)}),"
        " wakil AS (SELECT dataset, _kunci, judul, peristiwa FROM butir WHERE peristiwa IS NOT NULL"
        " QUALIFY row_number() OVER (PARTITION BY peristiwa, dataset = 'teks' ORDER BY dataset, _kunci)"
        f" <= {MOST}),"
        f" sekawan AS (SELECT b.dataset, b._kunci, list({pair} ORDER BY w.dataset, w._kunci) AS seperistiwa"
        " FROM butir b JOIN wakil w ON w.peristiwa = b.peristiwa AND 'teks' IN (b.dataset, w.dataset)"
        " AND (w.dataset <> b.dataset OR w._kunci <> b._kunci) GROUP BY ALL),"
        " sebutan AS (SELECT DISTINCT dataset, _kunci, trim(disebut) AS disebut FROM (SELECT dataset, _kunci,"
        " unnest(string_split(turunan_dari, ';')) AS disebut FROM butir)),"
        f" silsilah AS (SELECT s.dataset, s._kunci, list({original} ORDER BY o.dataset, o._kunci) AS asal"
        " FROM sebutan s JOIN butir o ON o.dataset || '/' || o._kunci = s.disebut GROUP BY ALL),"
        " kutipan AS (SELECT dataset, _kunci, list_sort(list(DISTINCT split_part(disebut, '/', 1))) AS angka"
        f" FROM sebutan WHERE split_part(disebut, '/', 1) IN ({figures or 'NULL'}) GROUP BY ALL)"
        " SELECT b.*, (b._diterima_pada AT TIME ZONE 'UTC')::DATE AS hari, rendisi, seperistiwa, asal, angka"
        " FROM butir b LEFT JOIN salinan USING (dataset, kode_satker, nomor) LEFT JOIN sekawan USING (dataset, _kunci)"
        " LEFT JOIN silsilah USING (dataset, _kunci) LEFT JOIN kutipan USING (dataset, _kunci)"
    )


def _items(at: At) -> str:
    """Every item, with each column of `columns()`; what its own dataset lacks is NULL."""
    types = {f.name: f.arrow.type for d in told().values() for f in publik.columns(d)}
    parts = [
        f"SELECT {literal(name)} AS dataset, * FROM ({publik.rows(standard, at[name])})"
        for name, standard in told().items()
        if name in at
    ]
    nothing = ", ".join(f"NULL::{_sql(str(type_))} AS {quoted(name)}" for name, type_ in types.items())
    return " UNION ALL BY NAME ".join([f"SELECT NULL::VARCHAR AS dataset, {nothing} WHERE false", *parts])


def _copies(at: At) -> str:
    """The renditions of each medium as one list."""
    kinds = {
        **dict.fromkeys(("peran", "berkas", "tipe_media"), "VARCHAR"),
        **dict.fromkeys(("lebar_px", "tinggi_px", "durasi_ms", "ukuran_byte"), "BIGINT"),
        "sha256_rendisi": "VARCHAR",
    }
    if "media" not in at:
        shape = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        keys = ", ".join(f"NULL::VARCHAR AS {name}" for name in ("dataset", "kode_satker", "nomor"))
        return f"SELECT {keys}, NULL::STRUCT({shape})[] AS rendisi WHERE false"
    packed = f"struct_pack({', '.join(f'{name} := {name}' for name in kinds)})"
    return (
        f"SELECT dataset, kode_satker, nomor, list({packed} ORDER BY peran, berkas) AS rendisi"
        f" FROM ({copies.listed(at['media'])}) GROUP BY ALL"
    )


def _sql(type_: str) -> str:
    known = {
        "string": "VARCHAR",
        "int64": "BIGINT",
        "double": "DOUBLE",
        "bool": "BOOLEAN",
        "date32[day]": "DATE",
        "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
    }
    return known[type_]
