"""What judging says of media beside their rows: the reference of each, and whether it is here already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas.dataset import Dataset, tables
from transforms import shape, similar
from transforms.media.probe import FACTS

_KNOWN = {"sha256": "VARCHAR", "_kiriman": "VARCHAR", "sidik_piksel": "VARCHAR", "sidik_mirip": "VARCHAR"}
_KNOWN |= {"durasi_ms": "BIGINT"}


def rows(dataset: Dataset) -> str:
    """SQL: the media reference of each accepted row of a dataset of media (table `media`), out of `diterima`.

    What its standard has no column for is taken from `fakta`.
    """
    own = {f.name for f in dataset.fields}
    special = {
        "dataset": shape.literal(dataset.name),
        "uri": "'urn:spit:media:sha256:' || sha256",
        "sidik_mirip": similar.written("dhash"),
        "_kunci": f"concat_ws('|', {shape.literal(dataset.name)}, _kunci)",
    }
    lineage = {"_sidik", "_kiriman", "_batch", "_diterima_pada", "_tertahan"}
    fields = [f.name for f in tables()["media"].fields]
    facts = {name for name in fields if name in FACTS.names} - own
    plain = own | lineage | facts
    columns = [f"{special.get(name) or (name if name in plain else 'NULL')} AS {name}" for name in fields]
    return (
        f"SELECT {', '.join(columns)} FROM diterima LEFT JOIN (SELECT {', '.join(['sha256', 'dhash', *sorted(facts)])}"
        " FROM fakta QUALIFY row_number() OVER (PARTITION BY sha256) = 1) USING (sha256) ORDER BY _kunci"
    )


def findings(known: Sequence[str]) -> Iterator[str]:
    """INSERTs into `temuan` about new rows whose media came before, there or earlier in this batch.

    `known` are the Parquet files of table `media`. MEDIA_SUDAH_ADA: the same bytes. MEDIA_MIRIP: other bytes, and the
    same picture or sound, or one that looks the same (`transforms/similar.py`).
    """
    none = f"SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in _KNOWN.items())} WHERE false"
    listed = ", ".join(map(shape.literal, known))
    # An older file lacks columns of today; where all do, the empty SELECT has them.
    old = f"FROM read_parquet([{listed}], union_by_name = true) UNION ALL BY NAME {none}" if known else none
    yield (
        "CREATE TABLE media_baru AS SELECT _n, d._kiriman, d._berkas, d._lembar, d._baris, d.berkas, f.sha256,"
        f" f.sidik_piksel, {similar.written('f.dhash')} AS sidik_mirip, f.durasi_ms FROM dinilai d"
        " JOIN diputus p USING (_n) JOIN fakta f ON f._kiriman = d._kiriman AND f.berkas = d.berkas"
        " WHERE putusan = 'BARU'"
    )
    own = f"{{'urut': urut, 'kiriman': _kiriman, 'sha256': sha256}} AS asal, {', '.join(_KNOWN)}"
    yield (
        f"CREATE VIEW media_ada AS SELECT {own} FROM (SELECT -1 AS urut, * FROM ({old}))"
        f" UNION ALL SELECT {own} FROM (SELECT _n AS urut, * FROM media_baru)"
    )
    yield _first(
        "MEDIA_SUDAH_ADA", f"SELECT _n, a.asal FROM media_baru m JOIN ({_earliest('sha256')}) a USING (sha256)"
    )
    frames = similar.frames("media_baru", "_n")
    theirs = similar.frames("media_ada", "{'durasi_ms': durasi_ms, 'asal': asal}")
    near = similar.near(f"(SELECT DISTINCT h AS id, h FROM ({frames}))", f"({theirs})")
    alike = similar.first(f"(SELECT h, b.durasi_ms AS durasi_ms, b.asal AS id FROM ({near}))")
    yield _first(
        "MEDIA_MIRIP",
        f"SELECT _n, a.asal FROM media_baru m JOIN ({_earliest('sidik_piksel')}) a USING (sidik_piksel)"
        " WHERE a.asal.sha256 <> m.sha256"
        f" UNION ALL SELECT m._n, a.id FROM ({frames}) f JOIN media_baru m ON m._n = f.id"
        f" JOIN ({alike}) a USING (h)"
        f" WHERE a.id.sha256 <> m.sha256 AND {similar.lasts_alike('m', 'a')}",
    )


def _earliest(fingerprint: str) -> str:
    """Who sent first what this batch brings, one row for each fingerprint: it may come a thousand times."""
    return (
        f"SELECT {fingerprint}, min(asal) AS asal FROM media_ada"
        f" WHERE {fingerprint} IN (SELECT {fingerprint} FROM media_baru) GROUP BY {fingerprint}"
    )


def _first(kode: str, pairs: str) -> str:
    """One finding for each new row of `pairs` (its `_n`, and what is the same), about the earliest that came before."""
    return (
        f"INSERT INTO temuan SELECT m._kiriman, '{kode}', m._berkas, m._lembar, m._baris, 'berkas', m.berkas,"
        f" min(p.asal).kiriman FROM ({pairs}) p JOIN media_baru m USING (_n) WHERE p.asal.urut < _n GROUP BY ALL"
    )
