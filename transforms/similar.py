"""Media that look the same: pairs of perceptual hashes that differ in few bits, found without comparing all pairs.

Cut 64 bits into three parts: of two hashes that differ in at most five bits, one part differs in at most one. So one
side is looked up by each part as it is and with each single bit turned, and the join is on equality.
"""

from __future__ import annotations

DISTANCE = 5
"""Bits (ours): what was encoded again or made smaller differs in 0 to 5, other pictures hardly ever in fewer than 7."""

PLAIN = (6, 58)
"""Hashes with fewer or more bits set are of pictures without a form: black frames, blank pages, one gradient."""

LENGTHS = 50
"""A frame in videos of more than so many lengths (ours) is an opening or a logo: it tells nothing of what they show."""

_PARTS = ((0, 22), (22, 21), (43, 21))  # first bit and width; DISTANCE < 2 * len(_PARTS)


def near(few: str, many: str) -> str:
    """SELECT of `a`, `b`, `jarak`, and `h` of `a`, out of two relations with columns `id` and `h` (UBIGINT).

    A pair may come twice. Memory holds the keys of `few`. What looks the same is to be collapsed before (`first`): of a
    thousand equal hashes a thousand times a thousand pairs would come out.
    """
    return " UNION ALL ".join(_pairs(f"{_plain(many, *part)} y JOIN {_turned(few, *part)} x") for part in _PARTS)


def among(hashes: str) -> str:
    """The same of one relation: each pair with `a` greater than `b`, possibly twice. Memory holds one key a row."""
    sides = (f"{_turned(hashes, *part)} x JOIN {_plain(hashes, *part)} y" for part in _PARTS)
    return " UNION ALL ".join(f"{_pairs(both)} AND x.id > y.id" for both in sides)


def _pairs(both: str) -> str:
    apart = "bit_count(xor(x.h, y.h))"
    return f"SELECT x.id AS a, y.id AS b, {apart} AS jarak, x.h FROM {both} ON x.k = y.k WHERE {apart} <= {DISTANCE}"


def _plain(hashes: str, start: int, width: int) -> str:
    return f"(SELECT id, h, (h >> {start}) & {(1 << width) - 1} AS k FROM {hashes})"


def _turned(hashes: str, start: int, width: int) -> str:
    turns = ", ".join(f"{1 << bit}::UBIGINT" for bit in range(width))
    part = f"(h >> {start}) & {(1 << width) - 1}"
    return f"(SELECT id, h, xor({part}, unnest([0::UBIGINT, {turns}])) AS k FROM {hashes})"


def written(hashes: str) -> str:
    """SQL: a list of 64-bit hashes as the text of column `sidik_mirip`."""
    return f"array_to_string(list_transform({hashes}, lambda x: lpad(lower(hex(x)), 16, '0')), ' ')"


def frames(table: str, key: str) -> str:
    """SELECT of `id`, `h`, `durasi_ms` out of a table with `sidik_mirip`: one row for each hash that has a form."""
    lowest, highest = PLAIN
    return (
        f"SELECT * FROM (SELECT {key} AS id, ('0x' || unnest(string_split(sidik_mirip, ' ')))::UBIGINT AS h,"
        f" durasi_ms FROM {table} WHERE sidik_mirip <> '') WHERE bit_count(h) BETWEEN {lowest} AND {highest}"
    )


def first(frames: str) -> str:
    """SELECT of `h`, `durasi_ms`, `id`: of what has the same hash and lasts equally long, the least `id`.

    Out of a relation with those columns; without the hashes that come in too many lengths.
    """
    return (
        f"SELECT h, durasi_ms, min(id) AS id FROM {frames} GROUP BY h, durasi_ms"
        f" QUALIFY count(*) OVER (PARTITION BY h) <= {LENGTHS}"
    )


def lasts_alike(one: str, other: str) -> str:
    """SQL: two media last about equally long (to a tenth, ours), or one of them is a picture."""
    length = f"greatest({one}.durasi_ms, {other}.durasi_ms)"
    return f"coalesce(abs({one}.durasi_ms - {other}.durasi_ms) <= {length} // 10, TRUE)"


def view() -> str:
    """SELECT of view `kemiripan`: each medium beside the oldest it is the same as, or looks the same as."""
    alike = among("wakil")
    return f"""\
-- Media that are the same, or look it.
--
-- BYTE: the same bytes; PIKSEL: the same picture or sound under other metadata; MIRIP: a picture
-- or key frame that differs in at most {DISTANCE} of 64 bits (and a video of about the same length). The older one of a
-- pair comes second; of many that are the same, each stands beside the oldest, a video once for each key frame. The SQL
-- is made by `python -m transforms.similar`; a test keeps the two equal.
--
-- kolom dataset: foto, video or audio
-- kolom kode_satker: whose item the newer one belongs to
-- kolom nomor: its item
-- kolom dataset_lain: foto, video or audio
-- kolom kode_satker_lain: whose item the older one belongs to
-- kolom nomor_lain: its item
-- kolom sama: BYTE, PIKSEL or MIRIP
-- kolom jarak: bits that differ
--
-- contoh: SELECT nomor, nomor_lain, sama, jarak FROM kemiripan WHERE kode_satker <> kode_satker_lain
WITH baris AS (
    SELECT dataset, kode_satker, nomor, sha256, sidik_piksel, sidik_mirip, durasi_ms, _diterima_pada, _kunci,
        first_value(_kunci) OVER (PARTITION BY sha256 ORDER BY _diterima_pada, _kunci) AS pertama_byte,
        first_value(_kunci) OVER (PARTITION BY coalesce(sidik_piksel, sha256) ORDER BY _diterima_pada, _kunci)
            AS pertama_piksel,
        row_number() OVER (ORDER BY _diterima_pada, _kunci) AS urut
    FROM media
    WHERE sha256 IS NOT NULL
),

isi AS (SELECT * FROM baris WHERE _kunci = pertama_piksel),

bingkai AS ({frames("isi", "urut")}),

wakil AS ({first("bingkai")}),

tetangga AS (
    SELECT m.a, min(m.b) AS b, arg_min(m.jarak, m.b) AS jarak FROM ({alike}) AS m
    JOIN isi AS x ON x.urut = m.a JOIN isi AS y ON y.urut = m.b
    WHERE {lasts_alike("x", "y")}
    GROUP BY m.a, m.h
),

mirip AS (
    SELECT a, b, min(jarak) AS jarak FROM (
        FROM tetangga
        UNION ALL
        SELECT s.id, w.id, 0 FROM bingkai AS s
        JOIN wakil AS w ON w.h = s.h AND w.durasi_ms IS NOT DISTINCT FROM s.durasi_ms AND w.id < s.id
    ) GROUP BY a, b
),

pasangan AS (
    SELECT _kunci AS ini, pertama_byte AS itu, 'BYTE' AS sama, 0 AS jarak FROM baris WHERE _kunci <> pertama_byte
    UNION ALL
    SELECT _kunci, pertama_piksel, 'PIKSEL', 0 FROM baris WHERE _kunci = pertama_byte AND _kunci <> pertama_piksel
    UNION ALL
    SELECT x._kunci, y._kunci, 'MIRIP', m.jarak FROM mirip AS m JOIN isi AS x ON x.urut = m.a
    JOIN isi AS y ON y.urut = m.b
)

SELECT x.dataset, x.kode_satker, x.nomor, y.dataset AS dataset_lain, y.kode_satker AS kode_satker_lain,
    y.nomor AS nomor_lain, p.sama, CAST(p.jarak AS INTEGER) AS jarak
FROM pasangan AS p
JOIN baris AS x ON x._kunci = p.ini
JOIN baris AS y ON y._kunci = p.itu
ORDER BY p.jarak, x.dataset, x.kode_satker, x.nomor, y.dataset, y.kode_satker, y.nomor
"""


if __name__ == "__main__":
    print(view(), end="")  # noqa: T201
