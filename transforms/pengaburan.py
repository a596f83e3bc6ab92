"""What of table `media` is blurred once a reviewer has asked for more than its office: SQL over relation `pengaburan`.

`pengaburan` has one row for each medium with regions of a reviewer: `sha256`, and `daerah` as column `daerah_kabur`
writes them. It is keyed by the bytes, so it holds for every row about them, whenever it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping

from transforms.shape import literal

EMPTY = "SELECT NULL::VARCHAR AS sha256, NULL::VARCHAR AS daerah WHERE false"
MARK = "SELECT coalesce(md5(string_agg(sha256 || daerah, chr(30) ORDER BY sha256)), '') AS mark FROM pengaburan"
"""SELECT of one `mark` that changes whenever a reviewer's regions do."""


def relation(regions: Mapping[str, str]) -> str:
    """SELECT of `pengaburan`: sha256 → regions."""
    listed = ", ".join(f"({literal(sha256)}, {literal(text)})" for sha256, text in sorted(regions.items()))
    return f"SELECT * FROM (VALUES {listed}) t(sha256, daerah)" if listed else EMPTY


def applied(rows: str, regions: str = "FROM pengaburan") -> str:
    """SELECT of `rows`, a SELECT from `media`, whose `daerah_kabur` is the office's regions and the reviewer's."""
    both = "nullif(concat_ws('; ', r.daerah_kabur, p.daerah), '')"
    return f"SELECT r.* REPLACE ({both} AS daerah_kabur) FROM ({rows}) AS r LEFT JOIN ({regions}) AS p USING (sha256)"
