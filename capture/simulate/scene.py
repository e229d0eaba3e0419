"""The light that reaches the camera from a scene: environment, solids, and what the traps put between them and the lens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np

from capture.simulate.displacement import STEADY, Displacement
from capture.simulate.foreground import Solid, Surface, flattened, floor_distance, place_solids, seen_surfaces
from capture.simulate.hdr_scene import Floats, View, look
from capture.simulate.optics import Layer, Lens, defocused
from capture.simulate.press import Mover, Shoot
from capture.simulate.trap_tables import number

LENS_BLUR = 0.6
"""Standard deviation in pixels of lens and anti-alias filter together."""
METERED = 70
"""Percentile of the brightest channel, white-balanced, that the exposure is set by."""
FAR = 1000.0
"""Metres to the environment."""


@dataclass(frozen=True)
class Look:
    """How a scene is seen in one frame; see `capture.simulate.press.Press`. Without a ``lens`` everything is sharp."""

    displaced: Displacement = STEADY
    flash: float = 0.0
    fog: float = 0.0
    mover: Mover | None = None
    lens: Lens | None = None


class Scene(Protocol):
    """What can be photographed."""

    @property
    def focal_length_mm(self) -> float: ...

    @property
    def middle(self) -> float:
        """Metres along the axis to what a photographer would focus on."""
        ...

    def seen(self, how: Look) -> Floats:
        """Radiance (height, width, 3) in linear sRGB."""
        ...


class Room:
    """A few solids in front of an environment. ``scale`` multiplies every distance (a table-top has about 0.25)."""

    def __init__(self, shoot: Shoot, environment: Floats, size: tuple[int, int], scale: float = 1.0, chart: bool = False) -> None:
        rng = np.random.Generator(np.random.Philox(key=[shoot.seed, number(shoot.source.name) + shoot.crop]))
        turn = 360 * ((shoot.crop * 0.6180339887 + rng.uniform(0, 0.25)) % 1)
        self.view = View(turn, rng.uniform(-14, 4), rng.uniform(62, 88))
        self.solids: list[Solid] = place_solids(rng, self.view, int(rng.integers(2, 5)))
        self.environment, self.size, self.scale, self.chart = environment, size, scale, chart
        self._last: tuple[Displacement, Floats, list[Surface], Floats] | None = None

    @property
    def focal_length_mm(self) -> float:
        return self.view.focal_length_mm()

    @property
    def middle(self) -> float:
        """Metres along the axis to the middle of the solids: what a photographer focuses on."""
        depths = [float(solid.centre @ self.view.axis) for solid in self.solids]
        return self.scale * 0.5 * (min(depths) + max(depths))

    def seen(self, how: Look) -> Floats:
        """Radiance (height, width, 3) in linear sRGB."""
        ground, surfaces, along = self._things(how.displaced)
        if how.flash or how.lens:
            depths = [np.where(surface.mask, surface.distance, 0) * along for surface in surfaces]
            ground_depth = floor_distance(self._directions(how.displaced), FAR / self.scale) * along
            if how.flash:
                ground = lit(ground, ground_depth, self.middle, how.flash)
                surfaces = [
                    replace(one, radiance=lit(one.radiance, depth, self.middle, how.flash))
                    for one, depth in zip(surfaces, depths, strict=True)
                ]
        if how.lens:
            layers = [Layer(ground, np.ones(ground.shape[:2], np.float32), ground_depth)]
            layers += [Layer(one.radiance, one.mask.astype(np.float32), depth) for one, depth in zip(surfaces, depths, strict=True)]
            picture = defocused(layers, how.lens)
        else:
            picture = flattened(ground, surfaces)
        return finished(picture, how, self.chart)

    def _directions(self, displaced: Displacement) -> Floats:
        return self.view.directions(*self.size, displaced if displaced != STEADY else None)

    def _things(self, displaced: Displacement) -> tuple[Floats, list[Surface], Floats]:
        """Ground, surfaces, and metres along the camera's axis per metre along each ray. Shared: do not write to them."""
        if self._last is None or self._last[0] != displaced:
            directions = self._directions(displaced)
            ground, surfaces = seen_surfaces(look(self.environment, directions), directions, self.environment, self.solids)
            self._last = (displaced, ground, surfaces, np.asarray(directions @ self.view.axis * np.float32(self.scale), np.float32))
        return self._last[1:]


def lit(radiance: Floats, depth: Floats, middle: float, ev: float) -> Floats:
    """With a flash on the camera that adds ``ev`` at ``middle`` metres, falling with the square of the distance."""
    share = np.square(middle / np.maximum(depth, 1e-3))
    return np.asarray(radiance * (1 + (2**ev - 1) * share)[..., None], np.float32)


def finished(picture: Floats, how: Look, chart: bool) -> Floats:
    """``picture`` with what stands in front of everything, through lens and anti-alias filter."""
    level = float(np.percentile(picture[..., 1], METERED))
    if how.mover:
        add_disc(picture, how.mover, level)
    if how.fog:
        picture = np.asarray((1 - how.fog) * picture + how.fog * np.minimum(picture, 20 * level).mean(axis=(0, 1)), np.float32)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), LENS_BLUR), np.float32)
    if chart:
        add_wedge(picture)
    return picture


def add_disc(picture: Floats, mover: Mover, level: float) -> None:
    """The chequered disc of a trap, in place: squares of a quarter of ``level`` and of 1.5 times it."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width] + 0.5
    across, down = x - mover.x * width, y - mover.y * height
    radius = mover.radius * width
    inside = np.hypot(across, down) < radius
    squares = (np.floor(across / (radius / 2)) + np.floor(down / (radius / 2))) % 2 > 0
    picture[inside] = np.where(squares[inside], 1.5 * level, 0.25 * level)[:, None]


def add_wedge(picture: Floats) -> None:
    """Twenty neutral patches, half a stop apart, across the middle of ``picture``, in place."""
    height, width = picture.shape[:2]
    level = float(np.percentile(picture[..., 1], METERED)) * 2.5
    edges = np.linspace(width * 0.04, width * 0.96, 21).astype(int)
    for step in range(20):
        picture[int(height * 0.45) : int(height * 0.55), edges[step] : edges[step + 1]] = level * 2.0 ** (-step / 2)
