"""Parts of a picture made unrecognisable, as the office or a reviewer asked (runs in the sandbox)."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the parent of the sandbox, which only reads what the regions are, loads no decoder
    from PIL import Image

Region = tuple[float, float, float, float]
"""Left, top, width, height in percent of the picture as seen."""

_CELLS = 6  # along each side of a region: nothing finer is left of it


def regions(text: str | None) -> list[Region]:
    """`"10, 20, 15, 25; 60, 20, 15, 25"` → regions. ValueError: for anything else."""
    found = [tuple(float(part) for part in one.split(",")) for one in (text or "").split(";") if one.strip()]
    if any(len(one) != 4 for one in found):
        raise ValueError(f"not regions: {text!r}")
    return [(left, top, width, height) for left, top, width, height in found]


def blurred(image: "Image.Image", parts: Sequence[Region]) -> "Image.Image":
    """A copy in which each region is a few soft patches of its own colours; edges are rounded outwards."""
    from PIL import Image

    if not parts:
        return image
    image = image.copy()
    for left, top, width, height in parts:
        box = (
            max(0, math.floor(left / 100 * image.width)),
            max(0, math.floor(top / 100 * image.height)),
            min(image.width, math.ceil((left + width) / 100 * image.width)),
            min(image.height, math.ceil((top + height) / 100 * image.height)),
        )
        if box[0] >= box[2] or box[1] >= box[3]:
            continue  # all of it is outside, or it has no width
        size = (box[2] - box[0], box[3] - box[1])
        coarse = image.crop(box).resize((_CELLS, _CELLS), Image.Resampling.BOX)
        image.paste(coarse.resize(size, Image.Resampling.BICUBIC), box)
    return image
