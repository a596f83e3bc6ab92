"""What a cell's number format makes of its number: a day, a time of day, leading zeros."""

import datetime as dt
import re

from transforms.tabular.markup import parse
from transforms.tabular.reading import number_text

_LAST_DAY = 2_958_466  # the day after 31-12-9999; Excel shows ##### from here on, and below 0
_EPOCH = dt.datetime(1899, 12, 30)
_FROM_1904 = 1462  # days between the two epochs a workbook may count from

# ECMA-376 part 1, 18.8.30: formats that are not spelled out in the workbook.
_BUILT_IN = {
    **dict.fromkeys([14, 15, 16, 17, *range(27, 37), *range(50, 59)], "yyyy-mm-dd"),
    **dict.fromkeys([18, 19, 20, 21, 45, 47], "hh:mm:ss"),
    22: "yyyy-mm-dd hh:mm",
    46: "[h]:mm:ss",
}


class CellStyles:
    """The styles of a workbook under which a number is not shown as a number; by the style's index, as text."""

    def __init__(self, styles: bytes | None, *, from_1904: bool):
        self._shift = _FROM_1904 if from_1904 else 0
        self._looks: dict[bytes, str] = {}
        codes: dict[str, str] = {}
        used: list[str] = []
        inside = False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if name == "numFmt":
                codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            elif name in ("cellXfs", "cellStyleXfs", "dxfs"):
                inside = name == "cellXfs"
            elif name == "xf" and inside:
                used.append(attributes.get("numFmtId", ""))

        if styles is not None:
            parse(styles, start)
        built_in = {str(number): code for number, code in _BUILT_IN.items()}
        for index, number in enumerate(used):
            if look := _look(codes.get(number) or built_in.get(number, "")):
                self._looks[str(index).encode()] = look

    def pattern(self) -> bytes:
        """A regular expression for the indices that matter; empty when none does."""
        return b"|".join(self._looks)

    def show(self, value: float, style: bytes) -> str:
        """The number under that style, as ISO text or with its leading zeros."""
        look = self._looks[style]
        if look.isdigit():
            return str(int(value)).zfill(len(look)) if value >= 0 and value.is_integer() else number_text(value)
        days = value + self._shift
        if not 0 <= days < _LAST_DAY:
            return number_text(value)
        if look == "lama":
            seconds = round(value * 86400)
            return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        # Excel counts a 29 February 1900 that never was, so before it every day has one number less.
        moment = _EPOCH + dt.timedelta(days=1 if 1 <= days < 60 else 0, milliseconds=round(days * 86_400_000))
        if days < 1:
            return moment.time().isoformat()
        if look == "hari" and moment.time() == dt.time():
            return moment.date().isoformat()
        return moment.isoformat()


def _look(code: str) -> str:
    """`hari`, `saat` (a day with a time), `jam`, `lama` (elapsed time), zeros, or nothing of these."""
    bare = re.sub(r'"[^"]*"|\\.|[_*].', "", code).partition(";")[0].lower()
    if re.search(r"\[[hms]+\]", bare):
        return "lama"
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    if re.fullmatch(r"0{2,}", bare):
        return bare
    clock = "h" in bare or "s" in bare
    if re.search(r"[yd]", bare) or ("m" in bare and not clock):
        return "saat" if clock else "hari"
    return "jam" if clock else ""
