"""A result as a bar chart, one SVG and nothing else: the first column names the bars, the last one measures them."""

from __future__ import annotations

from html import escape

import pyarrow as pa

MOST = 60
"""Bars of one chart; what comes after them is counted in a line below."""

WIDTH, LINE, TOP = 900, 26, 44
FONT = "font-family='system-ui, sans-serif' font-size='13'"


def measurable(result: pa.Table) -> bool:
    """Whether it has two columns or more and numbers in the last."""
    kind = result.schema.types[-1] if result.num_columns > 1 else pa.null()
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def bars(result: pa.Table) -> str:
    """The chart of a `measurable` result, its rows in their order; empty measures are drawn as none and said to be."""
    names = ["-" if name is None else str(name) for name in result.column(0).to_pylist()[:MOST]]
    values = [None if value is None else float(value) for value in result.column(-1).to_pylist()[:MOST]]
    room = min(360, 12 + 7.2 * max((len(name) for name in names), default=1))
    lowest, highest = min(0.0, *_known(values)), max(0.0, *_known(values))
    scale = (WIDTH - room - 90) / ((highest - lowest) or 1)
    zero = room - lowest * scale
    rest = result.num_rows - len(names)
    drawn = [
        _bar(TOP + at * LINE, n, v, zero, scale, room) for at, (n, v) in enumerate(zip(names, values, strict=True))
    ]
    height = TOP + len(names) * LINE + 30
    size = f"viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}'"
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' {size} {FONT}>",
            "<rect width='100%' height='100%' fill='white'/>",
            f"<text x='12' y='26' font-size='15' font-weight='600'>{escape(' · '.join(_heading(result)))}</text>",
            *drawn,
            f"<line x1='{zero:.1f}' x2='{zero:.1f}' y1='{TOP - 4}' y2='{TOP + len(names) * LINE}' stroke='#888'/>",
            f"<text x='12' y='{height - 10}' fill='#666'>dan {rest} baris lagi / and {rest} more rows</text>"
            if rest
            else "",
            "</svg>\n",
        ]
    )


def _heading(result: pa.Table) -> tuple[str, str]:
    return result.column_names[0], result.column_names[-1]


def _known(values: list[float | None]) -> list[float]:
    return [value for value in values if value is not None] or [0.0]


def _bar(y: int, name: str, value: float | None, zero: float, scale: float, room: float) -> str:
    shown = name if len(name) <= 48 else name[:47] + "…"
    label = f"<text x='{room - 8:.1f}' y='{y + 15}' text-anchor='end'>{escape(shown)}</text>"
    if value is None:
        return f"{label}<text x='{zero + 6:.1f}' y='{y + 15}' fill='#666'>tidak ada / none</text>"
    left, long = (zero, value * scale) if value >= 0 else (zero + value * scale, -value * scale)
    figure = f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
    return (
        f"{label}<rect x='{left:.1f}' y='{y}' width='{long:.1f}' height='20' fill='#2f6db3'/>"
        f"<text x='{max(zero, left + long) + 6:.1f}' y='{y + 15}'>{figure}</text>"
    )
