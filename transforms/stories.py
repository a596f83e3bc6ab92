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
from transforms import copies, pemakaian, publik
from transforms.shape import TYPES, literal, quoted

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

    `hari`: the day of arrival, UTC; `berakhir_tanggal`: the last day it is public, if there is one. `rendisi`,
    `seperistiwa`, `asal`: lists of structs, or NULL; `angka`: the public statistical tables it cites. With `days`, only
    the items of those. By day.
    """
    listed = ", ".join(f"DATE '{day}'" for day in sorted(days or ())) or "NULL"
    return _gathered(at, "TRUE" if days is None else f"hari IN ({listed})")


def of_event(at: At, event: str) -> str:
    """SELECT of the public items of one event, as `items`."""
    return _gathered(at, f"peristiwa = {literal(event)}")


def days(at: At) -> str:
    """SELECT of a mark for each day: `hari`, `jumlah`, `sidik`; equal when nothing `items` says of it has changed."""
    return (
        f"WITH {_told(at)}, wakil AS ({_mates('TRUE')}), sebutan AS ({_named('TRUE')}),"
        " tanda AS (SELECT hari, hash('butir', b) AS h FROM butir b"
        f" UNION ALL SELECT hari, hash('rendisi', s) FROM ({_copies(at)}) s"
        " JOIN inti USING (dataset, kode_satker, nomor)"
        f" UNION ALL SELECT b.hari, hash('kawan', b.dataset, b._kunci, w) FROM inti b JOIN wakil w ON {_SAME_EVENT}"
        " UNION ALL SELECT s.hari, hash('asal', s.dataset, s._kunci, o.dataset, o._kunci, o.judul, o.kredit)"
        f" FROM sebutan s JOIN inti o ON {_NAMED})"
        " SELECT hari, count(*) AS jumlah, bit_xor(h)::VARCHAR AS sidik FROM tanda GROUP BY hari ORDER BY hari"
    )


def untouched() -> str:
    """SELECT of the hashes of originals an editor may be given, once an item of theirs is public.

    Those of which every row says that the original holds no position, and none asks for a part to be blurred.
    """
    kept = "coalesce(NOT ada_gps, FALSE) AND daerah_kabur IS NULL"
    return f"SELECT sha256 FROM media WHERE sha256 IS NOT NULL GROUP BY sha256 HAVING bool_and({kept}) ORDER BY sha256"


_SAME_EVENT = (
    "w.peristiwa = b.peristiwa AND (w.tulisan OR b.tulisan) AND (w.dataset <> b.dataset OR w._kunci <> b._kunci)"
)
_NAMED = "o.dataset || '/' || o._kunci = s.disebut"


def _gathered(at: At, wanted: str) -> str:
    pair = "struct_pack(dataset := w.dataset, kunci := w._kunci, judul := w.judul)"
    original = "struct_pack(dataset := o.dataset, kunci := o._kunci, judul := o.judul, kredit := o.kredit)"
    copied = f"struct_pack({', '.join(f'{name} := {name}' for name in _COPY)})"
    figures = ", ".join(literal(d.name) for d in datasets().values() if d.kind == "tabel" and d.public)
    return (
        f"WITH {_told(at)}, pilihan AS MATERIALIZED (FROM inti WHERE {wanted}),"
        f" salinan AS (SELECT dataset, kode_satker, nomor, list({copied} ORDER BY peran, berkas) AS rendisi"
        f" FROM ({_copies(at)}) SEMI JOIN pilihan USING (dataset, kode_satker, nomor) GROUP BY ALL),"
        f" wakil AS ({_mates('peristiwa IN (SELECT peristiwa FROM pilihan)')}), sebutan AS ({_named(wanted)}),"
        f" sekawan AS (SELECT b.dataset, b._kunci, list({pair} ORDER BY w.dataset, w._kunci) AS seperistiwa"
        f" FROM pilihan b JOIN wakil w ON {_SAME_EVENT} GROUP BY ALL),"
        f" silsilah AS (SELECT s.dataset, s._kunci, list({original} ORDER BY o.dataset, o._kunci) AS asal"
        f" FROM sebutan s JOIN inti o ON {_NAMED} GROUP BY ALL),"
        " kutipan AS (SELECT dataset, _kunci, list_sort(list(DISTINCT split_part(disebut, '/', 1))) AS angka"
        f" FROM sebutan WHERE split_part(disebut, '/', 1) IN ({figures or 'NULL'}) GROUP BY ALL)"
        f" SELECT b.*, rendisi, seperistiwa, asal, angka FROM (FROM butir WHERE {wanted}) b"
        " LEFT JOIN salinan USING (dataset, kode_satker, nomor) LEFT JOIN sekawan USING (dataset, _kunci)"
        " LEFT JOIN silsilah USING (dataset, _kunci) LEFT JOIN kutipan USING (dataset, _kunci)"
        " ORDER BY hari, dataset, _kunci"
    )


def _told(at: At) -> str:
    """`butir`, every item, and `inti`, of every item what others need to know."""
    core = ("hari", "dataset", "_kunci", "kode_satker", "nomor", "judul", "kredit", "peristiwa", "turunan_dari")
    texts = ", ".join(literal(name) for name, standard in told().items() if standard.kind == "teks")
    return (
        f"butir AS NOT MATERIALIZED (SELECT *, (_diterima_pada AT TIME ZONE 'UTC')::DATE AS hari FROM ({_items(at)})),"
        f" inti AS MATERIALIZED (SELECT {', '.join(core)}, dataset IN ({texts or 'NULL'}) AS tulisan FROM butir)"
    )


def _mates(wanted: str) -> str:
    """Those who stand for their event."""
    return (
        f"SELECT dataset, _kunci, judul, peristiwa, tulisan FROM inti WHERE peristiwa IS NOT NULL AND {wanted} QUALIFY"
        f" row_number() OVER (PARTITION BY peristiwa, tulisan ORDER BY dataset, _kunci) <= {MOST}"
    )


def _named(wanted: str) -> str:
    """What each item says it retells."""
    return (
        "SELECT DISTINCT hari, dataset, _kunci, trim(disebut) AS disebut FROM (SELECT hari, dataset, _kunci,"
        f" unnest(string_split(turunan_dari, ';')) AS disebut FROM inti WHERE turunan_dari IS NOT NULL AND {wanted})"
    )


def _items(at: At) -> str:
    """Every item, with each column of `columns()`; what its own dataset lacks is NULL."""
    types = {f.name: f.arrow.type for d in told().values() for f in publik.columns(d)}
    parts = [
        f"SELECT {literal(name)} AS dataset, * FROM ({publik.rows(standard, at[name], ending=True)})"
        for name, standard in told().items()
        if name in at
    ]
    nothing = ", ".join(f"NULL::{TYPES[str(type_)]} AS {quoted(name)}" for name, type_ in types.items())
    empty = f"SELECT NULL::VARCHAR AS dataset, {nothing}, NULL::DATE AS {pemakaian.LAST_DAY} WHERE false"
    return " UNION ALL BY NAME ".join([empty, *parts])


_COPY = {
    **dict.fromkeys(("peran", "berkas", "tipe_media"), "VARCHAR"),
    **dict.fromkeys(("lebar_px", "tinggi_px", "durasi_ms", "ukuran_byte"), "BIGINT"),
    "sha256_rendisi": "VARCHAR",
}
"""What is told of a rendition."""


def _copies(at: At) -> str:
    """The renditions, one row each, with the key of their medium."""
    if "media" not in at:
        names = {**dict.fromkeys(("dataset", "kode_satker", "nomor"), "VARCHAR"), **_COPY}
        return f"SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in names.items())} WHERE false"
    return f"SELECT dataset, kode_satker, nomor, {', '.join(_COPY)} FROM ({copies.listed(at['media'])})"
