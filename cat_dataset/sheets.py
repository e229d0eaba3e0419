"""Sheets of pictures with captions: logged by the trainer, written by `cat-edit --sweep`, shown in reports and documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cat_dataset.files import write_bytes
from cat_dataset.images import Rgb, encode_png, resize_area

_PAPER, _INK = (255, 255, 255), (40, 40, 40)
_GAP = 4


def enlarge(picture: Rgb, side: int) -> Rgb:
    """The picture with a long side of ``side``; small ones are enlarged by an exact whole number, pixels kept square."""
    height, width = picture.shape[:2]
    longest = max(height, width)
    if longest >= side:
        return resize_area(picture, max(1, round(width * side / longest)), max(1, round(height * side / longest)))
    times = side // longest
    return cast(Rgb, np.repeat(np.repeat(picture, times, axis=0), times, axis=1))


def sheet(rows: Sequence[Sequence[Rgb]], *, row_names: Sequence[str] = (), captions: Sequence[str] = (), side: int = 128) -> Rgb:
    """Rows of equally large pictures on white paper, names to the left of the rows, captions above the columns."""
    cells = [[enlarge(picture, side) for picture in row] for row in rows]
    high = max(cell.shape[0] for row in cells for cell in row)
    wide = max(cell.shape[1] for row in cells for cell in row)
    letters = max(11, side // 9)
    font = ImageFont.load_default(size=letters)
    left = max((round(font.getlength(name)) for name in row_names), default=0) + (2 * _GAP if row_names else 0)
    top = (letters + 2 * _GAP) if captions else 0
    columns = max(len(row) for row in cells)
    size = (left + columns * (wide + _GAP), top + len(cells) * (high + _GAP))
    paper = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(paper)
    for r, row in enumerate(cells):
        y = top + r * (high + _GAP)
        if r < len(row_names):
            pen.text((_GAP, y + high / 2), row_names[r], _INK, font=font, anchor="lm")
        for c, cell in enumerate(row):
            paper.paste(Image.fromarray(cell), (left + c * (wide + _GAP), y))
    widest = max((font.getlength(caption) for caption in captions), default=0)
    if widest > wide:
        font = ImageFont.load_default(size=max(8, letters * wide / widest))
    for c, caption in enumerate(captions):
        pen.text((left + c * (wide + _GAP) + wide / 2, top / 2), caption, _INK, font=font, anchor="mm")
    return np.asarray(paper)


def save_png(path: Path, picture: Rgb) -> None:
    """Write a picture as PNG, atomically."""
    write_bytes(path, encode_png(picture))


def stack(sheets: Sequence[Rgb]) -> Rgb:
    """Sheets below each other, narrower ones filled up with paper on the right."""
    wide = max(sheet.shape[1] for sheet in sheets)
    return np.vstack([np.pad(s, ((0, 0), (0, wide - s.shape[1]), (0, 0)), constant_values=_PAPER[0]) for s in sheets])


def evenly(count: int, most: int) -> list[int]:
    """At most ``most`` of ``count`` indices, first and last included; in equal steps where that leaves at least four."""
    if count <= most:
        return list(range(count))
    equal = [k for k in range(4, most + 1) if (count - 1) % (k - 1) == 0]
    shown = equal[-1] if equal else most
    return [round(i * (count - 1) / (shown - 1)) for i in range(shown)]
