"""Brightness of every frame against what t·ISO/N² predicts, by blocks, so that no single frame is the measure of the others.

log2 of a block's raw green is the frame's brightness plus the block's. Both are found by medians over what is neither clipped
nor lost in noise (median polish: Tukey, Exploratory Data Analysis, 1977, chapter 11), so frames that share
no usable block are linked by those between them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.proving.tolerances import LEAST_BLOCKS
from capture.reading.shot import Shot

Floats = NDArray[np.float64]

DARKEST = 5e-4
"""Mean of a block, 1 = white, below which an error of the black level shows."""
SIGNAL = 8.0
"""Standard errors that a block's mean must be above black."""
_ROUNDS = 60
MANY = 500
"""Frames beyond which not every pair is looked at."""


@dataclass(frozen=True)
class Brightness:
    """Residual against the prediction in EV of each frame (NaN: not measurable), its standard error, and usable blocks."""

    residual: Floats
    error: Floats
    blocks: NDArray[np.int64]


def claimed_ev(shot: Shot) -> float | None:
    """log2(t · ISO/100 / N²) by the metadata; an unknown ISO or f-number leaves its term out, an unknown shutter gives None."""
    if shot.shutter is None or shot.shutter.value <= 0:
        return None
    ev = math.log2(shot.shutter.value)
    ev += math.log2(shot.iso.value / 100) if shot.iso and shot.iso.value > 0 else 0.0
    return ev - (2 * math.log2(shot.f_number.value) if shot.f_number and shot.f_number.value > 0 else 0.0)


def brightness(reports: Sequence[Mapping[str, Any]], claims: Sequence[float], central: bool = False) -> Brightness:
    """Polish the blocks of all frames. ``central``: only those in the middle of the picture, where lenses shade least."""
    logs = np.stack([_block_logs(report, central) for report in reports])
    logs = logs - np.asarray(claims)[:, None]
    usable = np.isfinite(logs)
    need = max(4, math.ceil(LEAST_BLOCKS * logs.shape[1]))
    alone = usable.sum(axis=0) < 2
    logs[:, alone] = np.nan
    usable = np.isfinite(logs)
    counts = usable.sum(axis=1)
    logs[~(_linked(usable, need) & (counts >= need))] = np.nan
    frame = np.zeros(len(reports))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for _ in range(_ROUNDS):
            block = np.nanmedian(logs - frame[:, None], axis=0)
            step = np.nanmedian(logs - block, axis=1)
            step[~np.isfinite(step)] = 0.0
            if np.abs(step - frame).max() < 1e-5:
                break
            frame = step
        spread = 1.4826 * np.nanmedian(np.abs(logs - block - frame[:, None]), axis=1)
    residual = np.where(np.isfinite(logs).any(axis=1), frame, np.nan)
    known = residual[np.isfinite(residual)]
    centre = float(np.median(known)) if known.size else 0.0
    return Brightness(residual - centre, 1.2533 * spread / np.sqrt(np.maximum(counts, 1)), counts)


def _linked(usable: NDArray[np.bool_], need: int) -> NDArray[np.bool_]:
    """Frames of the largest group in which each shares at least ``need`` blocks with another of the group.; of a long series,
    those that share as many with one of the 500 frames that have the most.
    """
    if len(usable) > MANY:
        typical = usable[np.argsort(-usable.sum(axis=1), kind="stable")[:MANY]]
        return np.asarray((usable.astype(np.int32) @ typical.T.astype(np.int32) >= need).any(axis=1))
    shared = usable.astype(np.int64) @ usable.T.astype(np.int64) >= need
    group = np.arange(len(usable))
    for _ in range(len(usable)):
        least = np.array([group[row].min() if row.any() else own for row, own in zip(shared, group, strict=True)])
        if (least == group).all():
            break
        group = least
    names, sizes = np.unique(group, return_counts=True)
    return np.asarray(group == names[sizes.argmax()])


def _block_logs(report: Mapping[str, Any], central: bool) -> Floats:
    grid = report["grid"]
    green = np.array([math.nan if value is None else value for value in grid["green"]], float)
    noise = report.get("noise")
    error = math.sqrt(max(1e-12, (noise["offset"] if noise else 1e-6)) / max(1, grid["samples"]))
    green[~(green > max(DARKEST, SIGNAL * error))] = math.nan
    if central:
        y, x = np.mgrid[0 : grid["rows"], 0 : grid["columns"]]
        away = np.hypot((y + 0.5) / grid["rows"] - 0.5, (x + 0.5) / grid["columns"] - 0.5)
        green[(away > 0.36).ravel()] = math.nan
    return np.asarray(np.log2(green))
