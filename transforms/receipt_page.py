"""A receipt as one page that needs nothing but itself: Indonesian first, English beside it, made to be printed too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any

from schemas import reference
from schemas.dataset import datasets
from transforms.receipt import STATUS, place

SHOWN = 500
"""Findings the page spells out; the JSON document holds them all."""

_MONTHS = ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September")
_MONTHS += ("Oktober", "November", "Desember")
_LEVELS = {
    "GALAT": ("Harus diperbaiki", "Must be mended"),
    "PERINGATAN": ("Perlu diperhatikan", "Needs attention"),
    "CATATAN": ("Untuk diketahui", "For information"),
}
_PARTS = (
    ("diterima", "diterima", "accepted"),
    ("dikembalikan", "dikembalikan", "returned"),
    ("dilewati", "dilewati", "skipped"),
)
_STYLE = """
:root { --ink: #1c2733; --soft: #5d6b7a; --line: #d9dfe6; --ok: #1d7a4a; --bad: #b3261e; --odd: #9a6700;
  --aside: #8795a3 }
* { box-sizing: border-box }
body { margin: 0; background: #eef1f5; color: var(--ink);
  font: 15px/1.5 "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif }
main { max-width: 960px; margin: 24px auto; padding: 32px 40px; background: #fff; border: 1px solid var(--line) }
h1 { margin: 0; font-size: 26px; letter-spacing: .01em } h2 { margin: 32px 0 8px; font-size: 18px }
i, .en { color: var(--soft); font-style: normal; font-size: 13px }
header { display: flex; justify-content: space-between; gap: 24px; border-bottom: 3px solid var(--ink);
  padding-bottom: 16px }
.number { font-size: 18px; font-variant-numeric: tabular-nums }
.state { align-self: center; padding: 8px 16px; border: 2px solid; border-radius: 6px; text-align: center;
  font-weight: 600 }
.state i { display: block; font-weight: 400 } .ok { color: var(--ok) } .bad { color: var(--bad) }
  .odd { color: var(--odd) }
dl { display: grid; grid-template-columns: repeat(2, max-content 1fr); gap: 4px 16px; margin: 16px 0 }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
.bar { display: flex; height: 14px; margin: 12px 0; border-radius: 7px; overflow: hidden; background: var(--line) }
.diterima { background: var(--ok) } .dikembalikan { background: var(--bad) } .dilewati { background: var(--aside) }
.sum { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: baseline; font-size: 16px }
.sum b { font-size: 24px; font-variant-numeric: tabular-nums } .dot { display: inline-block; width: 10px;
  height: 10px; border-radius: 5px }
table { width: 100%; border-collapse: collapse } th { text-align: left; font-weight: 600;
  border-bottom: 2px solid var(--ink) }
th, td { padding: 8px 12px 8px 0; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } td:first-child { width: 26% }
  td .en { display: block }
code { font: 12px/1.4 "Cascadia Mono", "DejaVu Sans Mono", monospace; color: var(--soft) }
.next { margin: 24px 0; padding: 14px 18px; border-left: 4px solid var(--bad); background: #fdf3f2 }
.next p { margin: 4px 0 } footer { margin-top: 32px; color: var(--soft); font-size: 12px }
@media print { body { background: #fff; font-size: 11px } main { margin: 0; padding: 0; border: 0; max-width: none }
  tr, .next { break-inside: avoid } thead { display: table-header-group } * { print-color-adjust: exact }
  @page { margin: 16mm } }
"""


def receipt_page(document: Mapping[str, Any]) -> str:
    """The whole page of one receipt document."""
    number = escape(document["nomor"])
    body = [*_head(document), *_balance(document), *_next(document), *_findings(document["temuan"])]
    safe = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="id"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{safe}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Tanda terima {number}</title><style>{_STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n<footer>SPIT. Tanda terima ini dibuat mesin dan sah tanpa tanda tangan. "
        '<span class="en">Made by a machine, valid without a signature.</span></footer>\n</main></body></html>\n'
    )


def _head(document: Mapping[str, Any]) -> Iterator[str]:
    id_, en = STATUS[document["status"]]
    rows, state = document["baris"], document["status"]
    tone = "bad" if state in ("DIKEMBALIKAN", "DITOLAK", "MACET") else "odd" if rows["dikembalikan"] else "ok"
    yield (
        f'<header><div><h1>Tanda terima <i>Receipt</i></h1><div class="number">{escape(document["nomor"])}</div></div>'
        f'<div class="state {tone}">{escape(id_)}<i>{escape(en)}</i></div></header>'
    )
    dataset, satker = document["dataset"], document["satker"]
    title = datasets()[dataset].title if dataset in datasets() else ""
    office = reference.satker().get(satker or "", {}).get("nama", "")
    facts = [
        ("Kiriman", f"{document['sumber']} / {document['nama']}"),
        ("Dataset", f"{title} ({dataset})" if title else dataset or "-"),
        ("Satker", f"{office} ({satker})" if office else satker or "-"),
        ("Diterima", _moment(document["diterima_pada"], satker)),
    ]
    yield "<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts) + "</dl>"


def _moment(text: str, satker: str | None) -> str:
    """A moment in the satker's own zone, in words: `24 November 2026, 10.00 WIB`."""
    zone = reference.satker().get(satker or "", {}).get("zona_waktu", "WIB")
    moment = datetime.fromisoformat(text).astimezone(timezone(timedelta(hours=int(reference.ZONES[zone][1:3]))))
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H.%M} {zone}"


def _balance(document: Mapping[str, Any]) -> Iterator[str]:
    rows = document["baris"]
    yield "<h2>Neraca baris <i>Row balance</i></h2>"
    parts = [
        f'<span><span class="dot {key}"></span> <b>{rows[key]}</b> {id_} <i>{en}</i></span>' for key, id_, en in _PARTS
    ]
    yield f'<div class="sum"><span><b>{rows["masuk"]}</b> masuk <i>in</i></span> = {" + ".join(parts)}</div>'
    if rows["masuk"]:
        shares = (f'<span class="{key}" style="flex:{rows[key]}"></span>' for key, _, _ in _PARTS if rows[key])
        yield f'<div class="bar">{"".join(shares)}</div>'
    if len(document["berkas"]) > 1:
        names = ("masuk", *(key for key, _, _ in _PARTS))
        yield f"<table><thead><tr><th>Berkas</th>{''.join(f'<th class=n>{n}</th>' for n in names)}</tr></thead><tbody>"
        for file in document["berkas"]:
            cells = "".join(f"<td class=n>{file[name]}</td>" for name in names)
            yield f"<tr><td>{escape(file['berkas'])}</td>{cells}</tr>"
        yield "</tbody></table>"


def _next(document: Mapping[str, Any]) -> Iterator[str]:
    back = document["baris"]["dikembalikan"]
    if back:
        yield (
            f'<div class="next"><p><b>{back} baris menunggu perbaikan Anda.</b> Perbaiki di buku perbaikan yang ada di'
            f" samping jawaban ini, <code>{escape(document['nama'])}.perbaikan.xlsx</code>, lalu kirim buku itu ke"
            " tempat yang sama. Baris yang sudah diterima tidak perlu dikirim lagi.</p>"
            f'<p class="en">{back} rows wait to be mended. Mend them in the correction workbook beside this answer and'
            " hand it in where you hand in; what was accepted need not be sent again. It can also be made with"
            f" <code>satu receipt {escape(document['nomor'])} --workbook FILE</code>.</p></div>"
        )


def _findings(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not found:
        yield '<h2>Temuan <i>Findings</i></h2><p>Tidak ada temuan. <span class="en">No findings.</span></p>'
    counts, first = Counter[str](), {level: list[Mapping[str, Any]]() for level in _LEVELS}
    for f in found:
        counts[f["tingkat"]] += 1
        if counts[f["tingkat"]] <= SHOWN:
            first[f["tingkat"]].append(f)
    left = SHOWN
    for level, (id_, en) in _LEVELS.items():
        if not counts[level]:
            continue
        yield f"<h2>{id_} <i>{en}</i> ({counts[level]})</h2>"
        yield (
            "<table><thead><tr><th>Tempat <i>Place</i></th><th>Temuan <i>Finding</i></th>"
            "<th>Cara memperbaiki <i>How to mend</i></th></tr></thead><tbody>"
        )
        for f in first[level][:left]:
            yield (
                f"<tr><td>{escape(place(f))}<br><code>{escape(f['kode'])}</code></td>"
                f'<td>{escape(f["id"])}<span class="en">{escape(f["en"])}</span></td>'
                f'<td>{escape(f["cara"])}<span class="en">{escape(f["mend"])}</span></td></tr>'
            )
        yield "</tbody></table>"
        left = max(0, left - counts[level])
    if len(found) > SHOWN:
        yield (
            f"<p>… dan {len(found) - SHOWN} temuan lain; semuanya ada di dokumen JSON."
            ' <span class="en">and more, all of them in the JSON document.</span></p>'
        )
