"""Whether two small grey pictures show the same view, whatever their brightness.

Histogram equalisation takes away any rising tone curve (exposure, ISO, camera curves); what is compared is where edges lie
and how they run: normalised cross-correlation of compressed gradients, the best over small shifts (template matching).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.reading.shot import Shot
from capture.sorting.settings import FOCAL

Grey = NDArray[np.uint8]
Preview = Callable[[Shot], Grey | None]
"""A small grey picture of a shot, longest side 160, or None where there is none. Whether turned upright does not matter."""

SAME_VIEW = 0.7
"""Correlation from which two pictures show one view.

Real brackets over 2 to 6 EV, hand-held too, gave 0.94 to 1, other views of one street at most 0.52.
"""
SHIFT = 0.1
"""Largest shift between two pictures that is looked for, as a share of their sides (hand-held)."""
_WIDTH = 64
_LEAST_SIDE = 24
_FLAT = 1.5
"""Grey levels (standard deviation) below which a picture shows nothing that could be compared."""


class Views:
    """Compares shots by their previews; each preview is asked for once, and only when it is needed."""

    def __init__(self, preview: Preview, foresee: Callable[[Sequence[Shot]], object] | None = None) -> None:
        self._preview = preview
        self._foresee = foresee
        self._greys: dict[Path, Grey | None] = {}
        self._edges: dict[tuple[Path, float, int], NDArray[np.float32] | None] = {}

    @property
    def asked(self) -> int:
        """How many previews were asked for."""
        return len(self._greys)

    def foresee(self, shots: Sequence[Shot]) -> None:
        """Say which previews will be asked for, so that they can be made together."""
        waiting = [shot for shot in shots if shot.path not in self._greys]
        if self._foresee is not None and waiting:
            self._foresee(waiting)

    def match(self, one: Shot, other: Shot) -> float | None:
        """Correlation in [-1, 1] of the common view; None when it cannot be told (no preview, nothing in it, zoom too far)."""
        ratio = _zoom(one, other)
        first, second = self._grey(one), self._grey(other)
        if first is None or second is None:
            return None
        a = self._edge(one, 1.0 if ratio >= 1 else ratio, 0)
        scores = [
            score
            for turn in _turns(one, other, first, second)
            if (score := _correlation(a, self._edge(other, 1.0 if ratio <= 1 else 1 / ratio, turn))) is not None
        ]
        return max(scores, default=None)

    def same(self, one: Shot, others: Sequence[Shot]) -> bool | None:
        """Whether ``one`` shows the view of any of ``others``; None when none of the comparisons tells."""
        told = False
        for other in others:
            score = self.match(one, other)
            if score is not None and score >= SAME_VIEW:
                return True
            told = told or score is not None
        return False if told else None

    def _grey(self, shot: Shot) -> Grey | None:
        if shot.path not in self._greys:
            grey = self._preview(shot)
            usable = grey is not None and grey.ndim == 2 and min(grey.shape) >= _LEAST_SIDE and float(grey.std()) >= _FLAT
            self._greys[shot.path] = grey if usable else None
        return self._greys[shot.path]

    def _edge(self, shot: Shot, part: float, turn: int) -> NDArray[np.float32] | None:
        key = (shot.path, round(part, 3), turn)
        if key not in self._edges:
            grey = self._grey(shot)
            self._edges[key] = None if grey is None else _edges(np.rot90(grey[:, ::-1] if turn > 3 else grey, turn), part)
        return self._edges[key]


def _turns(one: Shot, other: Shot, first: Grey, second: Grey) -> range:
    """Quarter turns of ``other`` to try (from 4 on mirrored): all where the two are marked as turned differently."""
    across = (first.shape[0] > first.shape[1]) == (second.shape[0] > second.shape[1])
    if one.orientation == other.orientation and across:
        return range(1)
    return range(8 if {one.orientation, other.orientation} & {2, 4, 5, 7} else 4)


def _zoom(one: Shot, other: Shot) -> float:
    """Focal length of ``one`` over that of ``other``; 1 where unknown."""
    first, second = FOCAL.read(one), FOCAL.read(other)
    return 1.0 if first is None or second is None else first / second


def _edges(grey: NDArray[Any], part: float) -> NDArray[np.float32] | None:
    """Compressed gradients, (height, width, 2), of the middle ``part`` of a picture scaled to _WIDTH; None when too little is left."""
    height, width = (round(side * part) for side in grey.shape)
    if min(height, width) < _LEAST_SIDE:
        return None
    top, left = (grey.shape[0] - height) // 2, (grey.shape[1] - width) // 2
    cut = np.ascontiguousarray(grey[top : top + height, left : left + width])
    level = cv2.GaussianBlur(cv2.equalizeHist(cut).astype(np.float32), (0, 0), 1.5 * part)
    scale = _WIDTH / max(grey.shape)
    size = (max(_LEAST_SIDE, round(grey.shape[1] * scale)), max(_LEAST_SIDE, round(grey.shape[0] * scale)))
    level = cv2.resize(level, size, interpolation=cv2.INTER_AREA if part * scale < 1 else cv2.INTER_LINEAR)
    across, down = cv2.Sobel(level, cv2.CV_32F, 1, 0), cv2.Sobel(level, cv2.CV_32F, 0, 1)
    weight = 1 / np.sqrt(np.hypot(across, down) + 1)
    return np.ascontiguousarray(np.dstack([across * weight, down * weight]), np.float32)


def _correlation(a: NDArray[np.float32] | None, b: NDArray[np.float32] | None) -> float | None:
    """The best normalised cross-correlation over shifts of up to SHIFT; None where one is missing or the shapes differ."""
    if a is None or b is None or a.shape != b.shape:
        return None
    down, across = math.ceil(a.shape[0] * SHIFT), math.ceil(a.shape[1] * SHIFT)
    inner = np.ascontiguousarray(a[down : a.shape[0] - down, across : a.shape[1] - across])
    found = cv2.matchTemplate(b, inner, cv2.TM_CCORR_NORMED)
    return float(found.max()) if np.isfinite(found).all() else None
