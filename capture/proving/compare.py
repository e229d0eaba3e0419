"""One frame against the reference frame of its series: where it lies on it, what is finer, what moved, whether it is the same scene."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.developing.recipe import UNMOVED
from capture.proving.alignment import FLOOR, Alignment, Features, align, as_transform, drift, features, turn_and_scale
from capture.proving.coarse import warped
from capture.proving.detail import detail_grid
from capture.proving.moving import moving_content
from capture.srgb import Linear

Floats = NDArray[np.float32]

BRIGHTEST, DARKEST = 0.85, 0.004
LEAST_SHARE = 0.01
"""Share of the pixels on which a brightness must rest."""
PROFILE = 96
"""Rows or columns of a profile of brightness."""
SAMPLED = 192
"""Pixels along a row that a median of brightness looks at, about."""
SHARP = (0.75, 1.3)
"""Slope of the finest detail between which two pictures are as sharp as each other."""
MATCH_SIDE, BROAD = 96, 4.0
"""Pixels at which scenes are matched, and the width in them of the broad shape that is left out."""


def compare(reference: Features, picture: Linear, *, ev: float | None, scale: float = 1.0) -> dict[str, Any]:
    """The facts of a pair of frames, JSON-able.

    ``ev`` is how much brighter the metadata say ``picture`` is (None: not known), ``scale`` how much larger it shows things.
    ``transform`` takes positions of the reference working picture to positions in this one; ``found`` says whether it is to be
    believed. ``drift`` is the largest displacement over the frame in pixels, beyond the claimed ``scale``. ``ev`` is the measured
    brightness, ``match`` the correlation of the two scenes' detail, ``moving`` what moved, ``detail`` the sharpness of blocks,
    ``row_profile`` and ``column_profile`` the brightness ratio in EV along each direction.
    """
    if picture.shape[1::-1] != reference.size:
        return {
            "found": False,
            "method": "none",
            "reason": f"{picture.shape[1]}×{picture.shape[0]}, not {reference.size[0]}×{reference.size[1]}",
        }
    own = features(picture)
    found = align(reference, own, scale=scale)
    transform = as_transform(found.matrix, reference.light.shape, reference.size) if found.found else UNMOVED
    turn, zoom = turn_and_scale(transform)
    facts: dict[str, Any] = {
        "found": found.found, "method": found.method, "response": round(found.response, 4), "correlation": round(found.correlation, 4),
        "error": round(found.error, 4) if np.isfinite(found.error) else None, "transform": list(transform),
        "drift": round(drift(transform, reference.size), 4), "rotation": round(turn, 5), "scale": round(zoom, 6),
    }  # fmt: skip
    return facts | _seen(reference, own, found, ev)


def _seen(reference: Features, own: Features, found: Alignment, claimed: float | None) -> dict[str, Any]:
    one, two = reference.green(), own.green()
    inside = own.usable.astype(np.float32)
    if not np.allclose(found.matrix, np.eye(2, 3), atol=1e-3):
        two, inside = warped(two, found.matrix), warped(inside, found.matrix)
    both = (reference.usable > 0) & (inside > 0.999)
    rough = _median_ev(one, two, both & (np.minimum(one, two) > DARKEST) & (np.maximum(one, two) < BRIGHTEST))
    gain = 2.0 ** (rough if rough is not None else claimed or 0.0)
    # chosen by the reference alone: a choice by the darker picture would keep the pixels that noise made brighter
    lit = both & (one > DARKEST * max(2.0, 2 / gain)) & (one < BRIGHTEST) & (one * gain < BRIGHTEST)
    measured = _median_ev(one, two, lit)
    believed = measured if measured is not None else claimed if claimed is not None else 0.0
    gain = float(2.0**believed)
    small = reference.colour.astype(np.float32)
    colours, seen = _small_pair(own, found, small.shape, both)
    detail = detail_grid(one, two / gain, both)
    slopes = [v for v in (detail["slope"][0] if detail["slope"] else []) if v is not None]
    as_sharp = found.found and bool(slopes) and SHARP[0] < float(np.median(slopes)) < SHARP[1]
    return {
        "ev": None if measured is None else round(measured, 5), "overlap": round(float(both.mean()), 4),
        "match": _match(one, two / gain, both), "moving": moving_content(small, colours, seen, gain, as_sharp),
        "detail": detail, "row_profile": _profile(one, two, lit, believed),
        "column_profile": _profile(one.T, two.T, lit.T, believed),
    }  # fmt: skip


def _median_ev(one: Floats, two: Floats, chosen: NDArray[np.bool_]) -> float | None:
    if chosen.mean() < LEAST_SHARE:
        return None
    step = max(1, one.shape[1] // SAMPLED)
    a, b, use = one[::step, ::step], two[::step, ::step], chosen[::step, ::step]
    return float(np.log2(max(1e-6, float(np.median(b[use] / a[use]))))) if use.any() else None


def _small_pair(own: Features, found: Alignment, shape: tuple[int, ...], both: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    colours = own.colour.astype(np.float32)
    grow = np.diag([shape[1] / both.shape[1], shape[0] / both.shape[0], 1.0])
    matrix = (grow @ np.vstack([found.matrix, [0, 0, 1]]) @ np.linalg.inv(grow))[:2]
    size = shape[1], shape[0]
    moved = cv2.warpAffine(colours, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.resize(both.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999
    return np.asarray(moved, np.float32), seen


def _match(one: Floats, two: Floats, both: NDArray[np.bool_]) -> float | None:
    """Correlation of log light less its broad shape, over what both see; None where they share too little."""
    weight = both.astype(np.float32)
    if weight.mean() < 0.05:
        return None
    shrink = min(1.0, MATCH_SIDE / max(one.shape))
    size = max(8, round(one.shape[1] * shrink)), max(8, round(one.shape[0] * shrink))
    logs = [np.log2(np.maximum(p, 0) + np.float32(FLOOR * 2)) * weight for p in (one, two)]
    w = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    flat = []
    for log in logs:
        small = cv2.resize(log, size, interpolation=cv2.INTER_AREA)
        broad = cv2.GaussianBlur(small, (0, 0), BROAD) / np.maximum(cv2.GaussianBlur(w, (0, 0), BROAD), 1e-3)
        flat.append((small / np.maximum(w, 1e-3) - broad) * (w > 0.5))
    energy = float((flat[0] ** 2).sum() * (flat[1] ** 2).sum())
    return round(float((flat[0] * flat[1]).sum()) / energy**0.5, 4) if energy > 1e-8 else None


def _profile(one: Floats, two: Floats, lit: NDArray[np.bool_], ev: float) -> list[float | None]:
    """Median in bands of rows of how much brighter than ``ev`` ``two`` is; None where a band has under 5 % of its pixels ``lit``."""
    step = max(1, one.shape[1] // SAMPLED)
    edges = np.linspace(0, len(one), min(PROFILE, len(one)) + 1).astype(int)
    rows = edges[:-1, None] + np.arange(np.diff(edges).min())
    base, other, use = (values[:, ::step][rows].reshape(len(rows), -1) for values in (one, two, lit))
    ratio = np.log2(np.maximum(other, DARKEST) / np.maximum(base, DARKEST)) - np.float32(ev)
    ratio = np.sort(np.where(use, ratio, np.float32(np.inf)), axis=1)
    count = use.sum(axis=1)
    found: list[float | None] = []
    for values, n in zip(ratio, count, strict=True):
        enough = n > 0.05 * len(values) and n >= 8
        found.append(round((float(values[(n - 1) // 2]) + float(values[n // 2])) / 2, 5) if enough else None)
    return found
