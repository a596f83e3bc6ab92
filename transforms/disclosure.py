"""Small counts: what a table of figures gives away about single people, withheld before it is public.

A count of 1 to `small_count` - 1 in a row below Polda level is a risk, and so is a total from which it can be told.
Rows are withheld whole (all their figures), because figures of one row bound each other. Where the rows withheld in a
group hold no larger value of a column, the smallest larger one joins them, with all its equals; where there is none,
the Polda's own row does, which may be their total. So for every small value there is a row, withheld too, with a larger
one, and exchanging the two leaves everything that is published as it is: nobody can say which is which.
"""

from __future__ import annotations

from schemas.dataset import ContractError, Dataset

LEAST = 3
"""A smaller threshold leaves one small value only, and withholding says it."""


def protect(dataset: Dataset, source: str) -> str:
    """SQL over `source` (a SELECT of public rows), the figures of rows at risk replaced by NULL.

    Groups are the satker of one Polda that agree in all other columns of the primary key. ContractError for a standard
    this cannot protect.
    """
    counts = [f'"{f.name}"' for f in dataset.fields if f.type == "integer" and f.name not in dataset.primary_key]
    if dataset.small_count < LEAST or "kode_satker" not in dataset.primary_key or not counts:
        raise ContractError(
            f"{dataset.name}: small_count needs counts, kode_satker in the key, and to be {LEAST} or more"
        )
    t = dataset.small_count
    small = " OR ".join(f"coalesce({c} BETWEEN 1 AND {t - 1}, false)" for c in counts)
    others = ", ".join(f'"{name}"' for name in dataset.primary_key if name != "kode_satker")
    sums: list[str] = []
    joins: list[str] = []
    totals: list[str] = []
    for at, c in enumerate(counts):
        sums += [
            f"bool_or(_bawah AND coalesce({c} BETWEEN 1 AND {t - 1}, false)) OVER g AND"
            f" NOT bool_or(_kecil AND coalesce({c} >= {t}, false)) OVER g AS _kurang{at}",
            f"min({c}) FILTER (_bawah AND NOT _kecil AND {c} >= {t}) OVER g AS _ganti{at}",
        ]
        joins.append(f"coalesce(_kurang{at} AND {c} = _ganti{at}, false)")
        totals.append(f"(_kurang{at} AND _ganti{at} IS NULL)")
    hidden = f"_kecil OR CASE WHEN _bawah THEN {' OR '.join(joins)} ELSE {' OR '.join(totals)} END"
    figures = [f'"{f.name}"' for f in dataset.fields if f.measured and f.name not in dataset.primary_key]
    withheld = ", ".join(f"CASE WHEN _tutup THEN NULL ELSE {name} END AS {name}" for name in figures)
    return (
        f"WITH terbuka AS ({source}),"
        " bertingkat AS (SELECT *, split_part(kode_satker, '.', 1) AS _polda, contains(kode_satker, '.') AS _bawah"
        f" FROM terbuka), dinilai AS (SELECT *, _bawah AND ({small}) AS _kecil FROM bertingkat),"
        f" kelompok AS (SELECT *, {', '.join(sums)} FROM dinilai"
        f" WINDOW g AS (PARTITION BY _polda{', ' if others else ''}{others})),"
        f" tertutup AS (SELECT *, {hidden} AS _tutup FROM kelompok)"
        f" SELECT * REPLACE ({withheld}) FROM tertutup"
    )
