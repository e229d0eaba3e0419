"""A finished picture with its depth, such as Blender Cycles', as the scene in front of the camera.

What lies hidden behind near things is unknown in one picture: it is filled in from the surroundings at the same depth, which only
shows where a blurred edge of a near thing lets it through.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from capture.simulate.displacement import STEADY, Displacement
from capture.simulate.hdr_scene import SIDE_CAP, Floats, exr_channels, read_hdr
from capture.simulate.optics import Layer, carried, defocused
from capture.simulate.scene import FAR, Look, finished, lit
from cat_dataset.errors import InputError

SLICES = 12
"""Most layers that a picture is cut into, in even steps of 1/distance."""


class PictureScene:
    """``radiance`` (height, width, 3; even sides) in linear sRGB and ``depth`` (height, width) in metres along the axis."""

    def __init__(self, radiance: Floats, depth: Floats, focal_length_mm: float, chart: bool = False) -> None:
        self.radiance, self.chart, self._focal = radiance, chart, focal_length_mm
        self.depth = np.clip(np.nan_to_num(depth, nan=FAR, posinf=FAR, neginf=FAR), 1e-3, FAR).astype(np.float32)

    @property
    def size(self) -> tuple[int, int]:
        return self.depth.shape[1], self.depth.shape[0]

    @property
    def focal_length_mm(self) -> float:
        return self._focal

    @property
    def middle(self) -> float:
        """Metres to the middle, in 1/distance, of what is nearer than `FAR`; half of that if nothing is."""
        near = self.depth[self.depth < FAR]
        return float(1 / np.median(1 / near)) if near.size else FAR / 2

    def seen(self, how: Look) -> Floats:
        """Radiance (height, width, 3) in linear sRGB."""
        radiance, depth = self.radiance, self.depth
        if how.displaced != STEADY:
            radiance = _displaced(radiance, how.displaced, cv2.INTER_CUBIC)
            depth = _displaced(depth, how.displaced, cv2.INTER_NEAREST)
        if how.flash:
            radiance = lit(radiance, depth, self.middle, how.flash)
        picture = defocused(sliced(radiance, depth), how.lens) if how.lens else radiance.copy()
        return finished(np.maximum(picture, 0), how, self.chart)


def sliced(radiance: Floats, depth: Floats, count: int = SLICES) -> list[Layer]:
    """Layers, farthest first: each covers all that is as near as its far edge or nearer, so that a surface cut by an edge has no seam."""
    nearness = 1 / depth
    edges = np.linspace(float(nearness.min()), float(nearness.max()), count + 1)[:-1]
    bins = np.clip(np.searchsorted(edges, nearness, side="right") - 1, 0, count - 1)
    layers = []
    for index in range(count):
        own = bins == index
        if not own.any():
            continue
        here = carried(np.dstack([radiance, nearness]), own)
        reach = (bins >= index).astype(np.float32)
        layers.append(Layer(here[..., :3], reach, np.asarray(1 / np.maximum(here[..., 3], 1 / FAR), np.float32)))
    return layers


def _displaced(values: Floats, displaced: Displacement, how: int) -> Floats:
    height, width = values.shape[:2]
    x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    across, down = displaced.origin(x, y)
    columns, rows = (across + (width - 1) / 2).astype(np.float32), (down + (height - 1) / 2).astype(np.float32)
    return np.asarray(cv2.remap(values, columns, rows, how, borderMode=cv2.BORDER_REFLECT), np.float32)


def read_picture(picture: Path, depth: Path | None, focal_length_mm: float, chart: bool = False) -> PictureScene:
    """The scene of an EXR (or HDR) picture and an EXR with its depth; without one everything is far.

    Raises:
        InputError: unreadable files, sizes that differ, or no depth channel.
    """
    radiance = read_hdr(picture)
    height, width = radiance.shape[0] // 2 * 2, radiance.shape[1] // 2 * 2
    far = np.full(radiance.shape[:2], FAR, np.float32) if depth is None else _read_depth(depth)
    if far.shape != radiance.shape[:2]:
        raise InputError(
            f"{depth} is {far.shape[1]}×{far.shape[0]} and {picture} {radiance.shape[1]}×{radiance.shape[0]}; give the depth of the picture"
        )
    return PictureScene(radiance[:height, :width], far[:height, :width], focal_length_mm, chart)


def _read_depth(path: Path) -> Floats:
    channels = exr_channels(path)
    name = next((name for name in channels if name == "Z" or name.endswith("Depth.Z")), None)
    if name is None:
        raise InputError(f"{path} has channels {', '.join(map(str, channels))[:80]} and no depth (Z); give the depth pass of the picture")
    depth = np.asarray(channels[name].pixels, np.float32)
    if max(depth.shape) > SIDE_CAP or not (np.isfinite(depth) & (depth > 0)).any():
        raise InputError(f"{path} holds no depth: no pixel is finite and positive; give the depth pass of the picture")
    return np.where(depth > 0, depth, np.float32(FAR))
