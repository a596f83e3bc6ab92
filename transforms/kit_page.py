"""Pages of an editors' kit that need nothing but the files beside them: the story to read, and a contact sheet.

Indonesian first, English beside it. Whatever an office wrote stands in them as text and is never markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from schemas import reference
from schemas.dataset import tables
from transforms import klarifikasi, ninjs
from transforms.kit import ORIGINAL, Part, Piece

_STYLE = """
:root { --ink: #1c2733; --soft: #5d6b7a; --line: #d9dfe6; --mark: #0b5cad; --bad: #b3261e }
* { box-sizing: border-box }
body { margin: 0; background: #eef1f5; color: var(--ink);
  font: 15px/1.55 "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif }
main { max-width: 1120px; margin: 24px auto; padding: 28px 36px; background: #fff; border: 1px solid var(--line) }
header { border-bottom: 3px solid var(--ink); padding-bottom: 12px }
h1 { margin: 0; font-size: 26px } h2 { margin: 32px 0 12px; font-size: 18px } h3 { margin: 0 0 4px; font-size: 17px }
.en { color: var(--soft); font-size: 13px } .meta { color: var(--soft); font-size: 13px; margin: 4px 0 }
article { padding: 16px 0; border-bottom: 1px solid var(--line) } .body { max-width: 72ch; white-space: pre-line }
.tag { display: inline-block; padding: 0 8px; border: 1px solid var(--mark); border-radius: 10px; color: var(--mark);
  font-size: 12px } .claim { border-left: 4px solid var(--bad); padding: 4px 14px; background: #fdf3f2 }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 20px }
.grid.sheet { grid-template-columns: repeat(auto-fill, minmax(205px, 1fr)); gap: 14px }
figure { margin: 0; border: 1px solid var(--line); background: #fafbfc; overflow-wrap: anywhere }
figure img, figure video { display: block; width: 100%; height: 210px; object-fit: contain; background: #10161d }
.sheet { margin-top: 20px } .sheet figure :is(img, video) { height: 140px }
figure audio { display: block; width: 100%; margin-top: 4px }
figcaption { padding: 8px 12px; font-size: 13px } figcaption b { display: block; font-size: 14px }
a { color: var(--mark) } footer { margin-top: 28px; color: var(--soft); font-size: 12px }
@media print { body { background: #fff } main { border: 0; margin: 0; padding: 0 } figure { break-inside: avoid } }
"""
_KINDS = {
    "foto": ("Foto", "Photos"),
    "video": ("Video", "Videos"),
    "audio": ("Audio", "Recordings"),
}
_SMALL = {"foto": "kecil", "video": "poster", "audio": "gelombang"}
_LARGE = {"foto": "web", "video": "poster", "audio": "gelombang"}
_NOTE = (
    "Hanya yang terbuka untuk umum saat paket dibuat; cantumkan kredit. Yang ditarik kemudian tidak boleh dipakai lagi:"
    " tanyakan kembali sebelum terbit.",
    "Only what was public when this was made; name the credit. What is withdrawn later may no longer be used: ask again"
    " before publishing.",
)
_RAW = (
    "Berkas asli dapat memuat metadata kamera: untuk penyuntingan, bukan untuk disebarkan.",
    "Originals may hold camera metadata: for editing, not for passing on.",
)


def page(event: str, release: int, parts: Sequence[Part]) -> str:
    """The story: its texts, one narration after the other, then its pictures, videos and recordings."""
    return _document(event, release, parts, [*_texts(parts), *_media(parts)])


def contact_sheet(event: str | None, release: int, parts: Sequence[Part]) -> str:
    """Every rendition that is there, small, with title, credit and size."""
    shown = [part for part in parts if part.pieces]
    figures = [_cell(part, p) for part in shown for p in part.pieces.values() if p.role != ORIGINAL]
    body = [f'<div class="grid sheet">{"".join(figures)}</div>']
    return _document(event or f"Rilis {release}", release, shown, body)


def _document(title: str, release: int, parts: Sequence[Part], body: Sequence[str]) -> str:
    offices = sorted({_satker(part.row["kode_satker"]) for part in parts})
    days = sorted({str(part.row["tanggal_kejadian"]) for part in parts if part.row["tanggal_kejadian"]})
    raw = [_RAW] if any(ORIGINAL in part.pieces for part in parts) else []
    sums = {name: sum(part.kind == name for part in parts) for name in ("teks", *_KINDS)}
    counts = ", ".join(f"{count} {name}" for name, count in sums.items() if count)
    return "\n".join(
        [
            '<!doctype html>\n<html lang="id"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>",
            f"<header><h1>{escape(title)}</h1>",
            f'<p class="meta">{escape("; ".join(offices))}<br>{" – ".join(dict.fromkeys(days[:1] + days[-1:]))}',
            f"<br>{counts} · rilis {release} / release {release}</p></header>",
            *body,
            "<footer>",
            *(f"<p>{_both(*said)}</p>" for said in (_NOTE, *raw)),
            "</footer></main></body></html>\n",
        ]
    )


def _texts(parts: Sequence[Part]) -> Iterator[str]:
    texts = [part for part in parts if part.kind == "teks"]
    if texts:
        yield f"<h2>{_both('Narasi', 'Narrations')}</h2>"
    for part in texts:
        row = part.row
        yield f"<article><h3>{escape(row['judul'])}</h3>"
        yield f'<p class="meta"><span class="tag">{escape(_label("ragam", row["ragam"] or "RESMI"))}</span> '
        yield f"{escape(_label('genre', row['genre']))} · {escape(_satker(row['kode_satker']))} · "
        yield f"{escape(str(row['tanggal_kejadian']))}</p>"
        yield from _claim(row)
        yield f'<p class="body">{escape(row["isi"])}</p>{_rights(row)}'
        yield f'<p class="meta"><a href="{_link(part.text)}">{escape(part.text or "")}</a></p></article>'


def _claim(row: Any) -> Iterator[str]:
    if klarifikasi.claim_review(row):
        verdict = _label("penilaian_klaim", row["penilaian_klaim"])
        yield f'<div class="claim"><b>{_both("Klaim", "Claim")}:</b> {escape(row["klaim"])}<br>'
        yield f"<b>{_both('Penilaian', 'Verdict')}:</b> {escape(verdict)}<br>"
        yield f"<b>{_both('Beredar di', 'Circulated in')}:</b> {escape(row['klaim_beredar_di'])}<br>"
        yield f"<b>{_both('Bukti', 'Evidence')}:</b> {escape(row['bukti_klaim'])}</div>"


def _media(parts: Sequence[Part]) -> Iterator[str]:
    for dataset, (name, english) in _KINDS.items():
        found = [part for part in parts if part.kind == dataset]
        if found:
            yield f'<h2>{_both(name, english)}</h2><div class="grid">'
            yield from map(_figure, found)
            yield "</div>"


def _figure(part: Part) -> str:
    row, alt = part.row, escape(part.row["teks_alternatif"] or part.row["judul"], quote=True)
    shown = part.pieces.get(_LARGE[part.kind]) or part.pieces.get(_SMALL[part.kind])
    picture = f'<img src="{_link(shown.path)}" alt="{alt}">' if shown else ""
    if film := part.pieces.get("pratinjau"):
        poster = f' poster="{_link(shown.path)}"' if shown else ""
        picture = f'<video controls preload="none"{poster} src="{_link(film.path)}"></video>'
    if sound := part.pieces.get("dengar"):
        picture += f'<audio controls preload="none" src="{_link(sound.path)}"></audio>'
    if not part.pieces:
        picture = f'<p class="meta">{_both("Rendisi belum terbit", "No rendition is published yet")}</p>'
    files = " · ".join(f'<a href="{_link(each.path)}">{escape(each.role)}</a>' for each in part.pieces.values())
    return (
        f"<figure>{picture}<figcaption><b>{escape(row['judul'])}</b>{escape(row['keterangan'] or '')}"
        f'{_rights(row)}<span class="meta">{files}</span></figcaption></figure>'
    )


def _cell(part: Part, piece: Piece) -> str:
    picture = piece.media_type.startswith("image/")
    shown = f'<img src="{_link(piece.path)}" alt="{escape(part.row["judul"], quote=True)}">'
    if not picture:
        kind = "audio" if piece.media_type.startswith("audio/") else "video"
        still = f' poster="{_link(part.pieces["poster"].path)}"' if "poster" in part.pieces else ""
        shown = f'<{kind} controls preload="metadata"{still} src="{_link(piece.path)}"></{kind}>'
    about = f"{piece.role} · {piece.media_type} · {-(-piece.size // 1024)} KiB"
    return (
        f"<figure>{shown}<figcaption><b>{escape(part.row['judul'])}</b>{escape(about)}<br>"
        f"{escape(part.row['kredit'])}</figcaption></figure>"
    )


def _rights(row: Any) -> str:
    asal = "".join(
        f"<br>{_slash('Diceritakan ulang dari', 'Retold from')}: {escape(each['judul'])} ({escape(each['kredit'])})"
        for each in row["asal"] or ()
    )
    terms = ninjs.terms(row) or ""
    return f'<div class="meta">{_slash("Kredit", "Credit")}: {escape(row["kredit"])}{asal}<br>{escape(terms)}</div>'


def _both(indonesian: str, english: str) -> str:
    return f'{escape(indonesian)} <span class="en" lang="en">{escape(english)}</span>'


def _slash(indonesian: str, english: str) -> str:
    return f'{escape(indonesian)} <span class="en" lang="en">/ {escape(english)}</span>'


def _label(column: str, code: str) -> str:
    return dict(tables()["teks"].field(column).categories).get(code, code or "")


def _satker(code: str) -> str:
    return reference.satker().get(code, {}).get("nama", code)


def _link(path: str | None) -> str:
    return escape(quote(path or "", safe="/"), quote=True)
