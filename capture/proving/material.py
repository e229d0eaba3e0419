"""What a judgement rests on: the frames of a series as their metadata and their pixels describe them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.reading.shot import Shot


@dataclass(frozen=True)
class Material:
    """The arguments of `judge`: label ``values``, ``reports`` of `gather`, ``comparisons`` with frame ``reference`` (None: none made)."""

    attribute: str
    shots: Sequence[Shot]
    values: Sequence[float]
    reports: Sequence[Mapping[str, Any]]
    comparisons: Sequence[Mapping[str, Any] | None]
    reference: int
    size: tuple[int, int]

    @property
    def count(self) -> int:
        return len(self.shots)

    @property
    def raw(self) -> bool:
        """Whether every frame's numbers rise with light: a RAW file's do, even where its filter has no mosaic of ours."""
        return all(shot.raw for shot in self.shots)

    @property
    def mosaics(self) -> bool:
        """Whether every frame's mosaic was seen."""
        return all(report["raw"] for report in self.reports)

    @cached_property
    def flashed(self) -> int:
        """How many frames say that the flash fired."""
        return sum(bool(shot.flash) for shot in self.shots)

    @cached_property
    def tilts(self) -> NDArray[np.float64]:
        """Mireds and log2 of red over blue gain (n, 2) of the frames of a white-balance series that have gains."""
        pairs = zip(self.values, self.shots, strict=True)
        found = [(1e6 / value, math.log2(shot.gains[0] / shot.gains[2])) for value, shot in pairs if shot.gains]
        return np.array(found, np.float64).reshape(-1, 2)

    def name(self, index: int) -> str:
        """The frame as a sentence names it."""
        return self.shots[index].path.name

    def compared(self, index: int) -> Mapping[str, Any] | None:
        """The comparison of a frame other than the reference, if one was made."""
        return None if index == self.reference else self.comparisons[index]
