"""An audit as one plain page that reads well anywhere, also offline and printed; Indonesian first, English beside it.

Great Expectations' own Data Docs fetch their style and scripts from other hosts, so this page is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from expectations.audit import Audit, Check
from schemas.dataset import tables

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1b1b1b;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:0}.en{color:#5a5a5a}.ya{color:#1a6b2f}.tidak{color:#a3141d}.awas{color:#8a5a00}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #d8d8d8}
section{border-left:4px solid #a3141d;padding-left:1rem;margin:1.5rem 0}section.awas{border-color:#c98a00}
section h3,section p{color:#1b1b1b;margin:.2rem 0}summary{cursor:pointer;padding:.2rem 0}code{font-size:.9em}
"""
_LEVELS = {"GALAT": ("menahan rilis", "holds back the release"), "PERINGATAN": ("peringatan", "warning")}


def data_docs(audit: Audit, folder: Path) -> Path:
    """Write the page as `index.html` into an existing folder; it needs no other file. Returns its path."""
    path = folder / "index.html"
    path.write_text("\n".join(_page(audit)), "utf-8")
    return path


def _page(audit: Audit) -> Iterator[str]:
    word, said, en = ("ya", "Lulus", "passed") if audit.passed else ("tidak", "Tidak lulus", "failed")
    title = f"Audit rilis, {audit.at:%Y-%m-%d %H:%M %Z}"
    yield '<!doctype html><html lang="id"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(title)}</h1>"
    checks, rows, unmet = len(audit.results), sum(audit.rows.values()), len(audit.failed)
    yield f'<p><strong class="{word}">{said}</strong> {_en(en)}: {checks} pemeriksaan atas {rows} baris baru,'
    yield f"{unmet} tidak terpenuhi {_en(f'{checks} checks over {rows} new rows, {unmet} not met')}</p>"
    yield from map(_fault, sorted(audit.failed, key=lambda check: check.tingkat))
    yield f"<h2>Tabel {_en('tables')}</h2>"
    yield from _table(
        (f"Tabel {_en('table')}", f"Baris baru {_en('new rows')}", f"Terpenuhi {_en('met')}"),
        [
            (f"{escape(tables()[name].title)} <code>{escape(name)}</code>", str(rows), _met(audit, name))
            for name, rows in audit.rows.items()
        ],
    )
    yield f"<h2>Semua pemeriksaan {_en('all checks')}</h2>"
    for name in audit.rows:
        yield f"<details><summary>{escape(tables()[name].title)} <code>{escape(name)}</code></summary>"
        yield from _table(
            (f"Aturan {_en('rule')}", f"Kolom {_en('column')}", f"Yang harus berlaku {_en('what must hold')}", ""),
            [_line(check) for check in audit.results if check.table == name],
        )
        yield "</details>"
    yield "</body></html>"


def _fault(check: Check) -> str:
    level, level_en = _LEVELS[check.tingkat]
    place = f"{check.table}.{check.kolom}".rstrip(".")
    parts = [
        f'<section class="{"awas" if check.tingkat == "PERINGATAN" else "tidak"}">',
        f"<h3>{escape(tables()[check.table].title)} <code>{escape(place)}</code></h3>",
        f"<p><code>{escape(check.kode)}</code> {escape(level)} {_en(level_en)}</p>",
        f"<p>Seharusnya: {escape(check.detail)} {_en(check.english)}</p>",
        f"<p>Ternyata: {escape(check.observed)}</p>",
    ]
    if check.sample:
        parts.append(f"<p>Antara lain {_en('among them')}:</p>")
        names = list(check.sample[0])
        parts += _table(
            [escape(name) for name in names], [[_cell(row[name]) for name in names] for row in check.sample]
        )
    return "\n".join([*parts, "</section>"])


def _line(check: Check) -> tuple[str, str, str, str]:
    mark, word = ("terpenuhi", "ya") if check.passed else ("tidak", _LEVELS[check.tingkat][0])
    colour = "ya" if check.passed else "awas" if check.tingkat == "PERINGATAN" else "tidak"
    about = f"{escape(check.detail)} {_en(check.english)}"
    shown = mark if check.passed else f"{mark}: {word}"
    return f"<code>{escape(check.kode)}</code>", escape(check.kolom), about, f'<span class="{colour}">{shown}</span>'


def _met(audit: Audit, table: str) -> str:
    of_table = [check for check in audit.results if check.table == table]
    return f"{sum(check.passed for check in of_table)} dari {len(of_table)}"


def _table(heads: tuple[str, ...] | list[str], rows: list[tuple[str, ...]] | list[list[str]]) -> Iterator[str]:
    """Cells are HTML already."""
    yield "<table><tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
    yield "</table>"


def _cell(value: object) -> str:
    return "" if value is None else escape(str(value))


def _en(said: str) -> str:
    return f'<span class="en" lang="en">({escape(said)})</span>'
