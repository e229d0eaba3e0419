"""Half-size developments of Bayer mosaics: one pixel from each 2×2 cell of the colour filter, without interpolation.

The numbers are LibRaw's; what its half-size development would do with them is done here in floating point, so that noise below
black is not cut, and in a third of its time. Numbers are cut at white before they are averaged, so that burnt-out edges stay neutral.

Red and blue are sampled off the middle of their cell, to opposite sides, and edges would get coloured rims. They are laid onto the
middle by linear interpolation, which neither overshoots nor cuts, unlike sharper kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.srgb import Linear

BAYER = ("RGGB", "BGGR", "GRBG", "GBRG")
Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Cells:
    """The sensor's ``numbers`` (height, width; even sides) under a filter of BAYER, with the ``black`` level of each of its sites.

    ``reach`` is how far above black a number is full.
    """

    numbers: NDArray[np.uint16]
    colours: str
    black: tuple[float, ...]
    reach: float

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the half-size picture."""
        return self.numbers.shape[1] // 2, self.numbers.shape[0] // 2

    def light(self, gains: Sequence[float], size: tuple[int, int]) -> Linear:
        """Camera RGB (height, width, 3), 1 = full, times ``gains``, cut at 1, scaled down by area to the (width, height) ``size``."""
        planes = []
        taken = np.empty(self.size[::-1], np.uint16)  # each shared by all planes, as new memory costs time
        one, two = np.empty(taken.shape, np.float32), np.empty(taken.shape, np.float32)
        for name, gain in zip("RGB", gains, strict=True):
            sites = [site for site in range(4) if self.colours[site] == name]
            self._cut(sites[0], gain, taken, one)
            if len(sites) == 2:
                self._cut(sites[1], gain, taken, two)
                plane = np.asarray(cv2.add(one, two, one), np.float32)
            else:
                plane = shifted(one, sites[0] % 2 / 2 - 0.25, sites[0] // 2 / 2 - 0.25, two)
            small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA) if size != self.size else plane.copy()
            black = sum(self.black[site] for site in sites)
            small -= np.float32(black)
            small *= np.float32(gain / self.reach / len(sites))
            planes.append(small)
        return np.asarray(cv2.merge(planes), np.float32)

    def clips(self, gains: Sequence[float]) -> bool:
        """Whether any number is past white with ``gains``."""
        full = {name: self.reach / gain for name, gain in zip("RGB", gains, strict=True)}
        return any(self._peaks[site] - self.black[site] > full[self.colours[site]] for site in range(4))

    def _cut(self, site: int, gain: float, taken: NDArray[np.uint16], made: Plane) -> None:
        """The numbers of one site, cut at white, into ``made`` by way of ``taken``."""
        rows = self.numbers[site // 2 :: 2]
        cv2.extractChannel(rows.reshape(len(rows), -1, 2), site % 2, taken)
        np.copyto(made, taken)
        cv2.threshold(made, self.black[site] + self.reach / gain, 0, cv2.THRESH_TRUNC, made)

    @cached_property
    def _peaks(self) -> tuple[int, ...]:
        """The largest number of each site."""
        return tuple(int(self.numbers[row::2].max(axis=0)[column::2].max()) for row in (0, 1) for column in (0, 1))


def shifted(plane: Plane, x: float, y: float, made: Plane | None = None) -> Plane:
    """``plane`` (height, width) moved right by ``x`` and down by ``y``, each by less than a pixel; into ``made`` if given."""
    (across, right), (down, lower) = _taps(x), _taps(y)
    return np.asarray(cv2.sepFilter2D(plane, -1, across, down, made, (right, lower), 0, cv2.BORDER_REPLICATE), np.float32)


def _taps(by: float) -> tuple[NDArray[np.float64], int]:
    """Weights of a pixel and the neighbour that moves into it, and which of the two is the pixel itself."""
    share = abs(float(by))
    return (np.array([share, 1 - share]), 1) if by > 0 else (np.array([1 - share, share]), 0)
