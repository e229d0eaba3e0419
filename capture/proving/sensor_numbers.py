"""An even sample of a mosaic, and the figures taken from it: shares, means, a grid of blocks, a profile of rows."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CELLS = 80_000
"""Repetitions of the colour pattern that are sampled, about; a mean over a block of the grid then rests on 100 of them."""
COLUMNS, ROWS = 32, 24
LEAST_BLOCK = 8
"""Cells a side of the smallest block: 16 pixels of a Bayer mosaic."""
FULL = 0.985
"""Share of black-to-white from which a pixel is clipped: read noise spreads a full pixel around the white level."""
PILE = 0.002
"""A share of pixels this large within a hundredth of the brightest one, above three quarters of the range, is a clipping
level that the file does not state: some bodies are full below LibRaw's white level."""
PROFILE_ROWS = 128


@dataclass(frozen=True)
class Sampled:
    """``sites`` (rows, columns, sites of the pattern) less black, 1 = white; ``colours`` of the sites; ``full``: clipped from there."""

    sites: Floats
    colours: str
    full: float
    height: int
    width: int

    def of(self, colour: str) -> Floats:
        """All sites of one colour, (rows, columns, n)."""
        return self.sites[..., [index for index, name in enumerate(self.colours) if name == colour]]


def sampled(numbers: NDArray[np.uint16], colours: str, black: tuple[float, ...], white: int) -> Sampled:
    """Every n-th cell of the mosaic in both directions, all its sites."""
    period = isqrt(len(colours))
    down, across = numbers.shape[0] // period, numbers.shape[1] // period
    step = max(1, isqrt(max(1, down * across // CELLS)))
    sites = np.empty((len(range(0, down, step)), len(range(0, across, step)), len(colours)), np.float32)
    whole = numbers[: down * period, : across * period]
    for index, level in enumerate(black):
        y, x = divmod(index, period)
        reach = np.float32(max(1.0, white - level))
        sites[..., index] = (whole[y :: period * step, x :: period * step] - np.float32(level)) / reach
    return Sampled(sites, colours, _full(sites), numbers.shape[0], numbers.shape[1])


def _full(sites: Floats) -> float:
    top = float(sites.max())
    if 0.75 < top < FULL and float((sites >= top - 0.01).mean()) > PILE:
        return top - 0.01
    return FULL


def colour_shares(sample: Sampled) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Clipped share, share at or below black, and mean of each colour."""
    clipped, black, means = {}, {}, {}
    for colour in sorted(set(sample.colours)):
        values = sample.of(colour)
        clipped[colour] = round(float((values >= sample.full).mean()), 6)
        black[colour] = round(float((values <= 0).mean()), 6)
        means[colour] = round(float(values.mean(dtype=np.float64)), 8)
    return clipped, black, means


def block_grid(sample: Sampled) -> dict[str, Any]:
    """Mean green of each block, row by row, None where a sampled green is clipped; ``samples`` per block, ``rows``, ``columns``."""
    green = sample.of("G")
    down, across = green.shape[:2]
    rows, columns = max(1, min(ROWS, down // LEAST_BLOCK)), max(1, min(COLUMNS, across // LEAST_BLOCK))
    at_rows, at_columns = np.arange(rows) * down // rows, np.arange(columns) * across // columns
    counts = np.outer(np.diff(np.append(at_rows, down)), np.diff(np.append(at_columns, across))) * green.shape[2]
    sums = _blocks(green.sum(axis=2, dtype=np.float64), at_rows, at_columns)
    full = _blocks((green >= sample.full).any(axis=2).astype(np.float64), at_rows, at_columns)
    means = sums / counts
    values = [None if clipped else round(float(mean), 8) for mean, clipped in zip(means.ravel(), full.ravel() > 0, strict=True)]
    return {"rows": rows, "columns": columns, "samples": int(counts.min()), "green": values}


def _blocks(values: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1))


def row_profile(sample: Sampled) -> list[float]:
    """Median green of at most 128 bands of rows, clipped ones counted as full: bands of light under a flickering lamp."""
    green = sample.of("G")
    edges = np.linspace(0, len(green), min(PROFILE_ROWS, len(green)) + 1).astype(int)
    return [round(float(np.median(green[top:bottom])), 6) for top, bottom in itertools.pairwise(edges)]
