"""One press of the shutter: what the camera really did, what the file will claim, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from capture.simulate.displacement import STEADY, Displacement
from capture.simulate.hdr_scene import Floats, Source
from capture.simulate.sweep import Settings

BODY = 1
"""Number of the camera's body: its fixed pattern."""


@dataclass(frozen=True)
class Shoot:
    """One scene to photograph: ``name`` is unique among the crops of ``source``."""

    name: str
    source: Source
    crop: int
    seed: int


@dataclass(frozen=True)
class Banding:
    """Mains light that pulses ``hertz`` times a second with modulation ``depth``, seen by a shutter that rolls over the rows.

    ``phase`` in radians is that of the pulse when the first row opens; rows open one after the other within ``readout`` s.
    """

    depth: float
    hertz: float
    phase: float
    readout: float = 1 / 50

    def rows(self, shutter: float, height: int) -> Floats:
        """Factor on the light of each row (height,): the pulse 1 + depth·sin averaged over the time the row is open."""
        opened = np.arange(height) / height * self.readout + shutter / 2
        ripple = self.depth * float(np.sinc(self.hertz * shutter))
        return np.asarray(1 + ripple * np.sin(2 * np.pi * self.hertz * opened + self.phase), np.float32)


@dataclass(frozen=True)
class Mover:
    """A chequered disc at (``x``, ``y``), shares of the picture's width and height, ``radius`` in shares of the width."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Press:
    """Frame ``index`` of a folder, taken ``second`` seconds after the first one could be.

    ``done`` is what the camera did and ``claimed`` what EXIF says; they differ only in a spoilt frame. ``light`` multiplies
    the light of the whole scene; ``flash`` is the light added at the solids, in EV; ``fog`` the share of the light replaced
    by its mean. ``tags`` overrides fields of `DngTags`. ``clock`` is how far the camera's clock is off in seconds. ``cut`` is the
    share of the file's bytes that is kept; 0 cuts at the start of the mosaic's strip. ``repeats`` is the index of the frame
    whose mosaic is written again. ``strip`` is ``black`` for numbers that are all 0 and ``dead`` for a strip overwritten by zeros.
    """

    index: int
    shoot: Shoot
    vary: str
    done: Settings
    claimed: Settings
    second: float
    displaced: Displacement = STEADY
    light: float = 1.0
    banding: Banding | None = None
    flash: float = 0.0
    fog: float = 0.0
    mover: Mover | None = None
    body: int = BODY
    clock: float = 0.0
    whole_seconds: bool = False
    tags: Mapping[str, Any] = field(default_factory=dict)
    dark: bool = False
    strip: str = ""
    cut: float | None = None
    repeats: int | None = None
    spoilt: tuple[Mapping[str, Any], ...] = ()

    @property
    def file(self) -> str:
        return f"cat_{self.index + 1:04d}.dng"
