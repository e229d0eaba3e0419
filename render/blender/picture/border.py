"""Pictures of which only the object's box is traced anew: the same bytes in less time, where nothing else changes.

Without denoiser, floor and depth of field a pixel that the object does not cover shows the sky alone, and its samples do not
depend on the object. So the sky is rendered once for a series, and each picture is it with the object's box laid over.
"""

from __future__ import annotations

import math
from array import array
from pathlib import Path
from typing import Any

import bpy

from cat_dataset.errors import RunFailed
from render.blender.picture.still import drop_notes, render_still, render_to
from render.blender.stage.framing import SENSOR_MM
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene
from render.blender.sweeping.plan import Job

SPARE = 2
"""Pixels around the object's outline that its edges may reach into: the filter is 1.5 wide."""
LARGEST_SHARE = 0.85
"""Of the picture that the box may cover; beyond it the whole picture is no slower."""
LARGEST = 2048
"""Pixels across; Cycles renders larger pictures in tiles."""
_KINDS = {"rotation", "translation", "material", "deform"}
"""What may change or be held: all that leaves camera, light and sky alone."""


def boxed(job: Job) -> bool:
    """Whether the pictures of ``job`` differ inside the object's box alone, as has been shown for CPUs."""
    look = job.look
    steady = set(job.sweep.kinds) <= _KINDS and job.furniture["floor"] == "none"
    steady = steady and "shot" not in job.furniture  # of people it has not been shown
    return steady and not look["denoise"] and look["device"] == "cpu" and look["size"] <= LARGEST


class BoxedStill:
    """Renders the stills of one series; ``folder`` is where it may put files on the way."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self._scene, self._scratch = scene, folder / "partial-box.png"
        self._sky: array[float] | None = None

    def render(self, path: Path, pose: Pose) -> None:
        """Render the scene, which stands as ``pose`` says, to ``path``.

        Raises:
            RunFailed, OSError, KeyboardInterrupt: as `render.blender.picture.still.render_still`.
        """
        size = self._scene.size
        left, bottom, right, top = box = object_box(pose, self._scene.distance, size)
        if (right - left) * (top - bottom) > LARGEST_SHARE * size * size:
            render_still(path)
            return
        canvas = array("f", self._sky or self._render_sky())
        inside = self._render_box(box)
        row = 4 * (right - left)
        for line in range(top - bottom):
            start = 4 * ((bottom + line) * size + left)
            canvas[start : start + row] = inside[line * row : (line + 1) * row]
        _save(path, size, canvas)

    def _render_sky(self) -> array[float]:
        parts = self._scene.subject.parts
        shown = [part.visible_camera for part in parts]
        try:
            for part in parts:
                part.visible_camera = False
            self._sky = self._rendered((0, 0, self._scene.size, self._scene.size))
        finally:
            for part, was in zip(parts, shown, strict=True):
                part.visible_camera = was
        return self._sky

    def _render_box(self, box: tuple[int, int, int, int]) -> array[float]:
        render, size = bpy.context.scene.render, self._scene.size
        render.use_border = render.use_crop_to_border = True
        # a quarter of a pixel more, since versions differ in whether they round or cut
        render.border_min_x, render.border_min_y, render.border_max_x, render.border_max_y = ((edge + 0.25) / size for edge in box)
        try:
            return self._rendered(box)
        finally:
            render.use_border = render.use_crop_to_border = False

    def _rendered(self, box: tuple[int, int, int, int]) -> array[float]:
        """Pixels of the picture that ``box`` gives, RGBA, bottom row first."""
        left, bottom, right, top = box
        render_to(self._scratch)
        image = bpy.data.images.load(str(self._scratch.resolve()), check_existing=False)
        try:
            if tuple(image.size) != (right - left, top - bottom):
                raise RunFailed(f"{self._scratch}: Blender wrote {tuple(image.size)} pixels of the box {box}; check the disk")
            pixels = array("f", bytes(16 * image.size[0] * image.size[1]))
            image.pixels.foreach_get(pixels)
            return pixels
        finally:
            bpy.data.images.remove(image)
            self._scratch.unlink(missing_ok=True)


def object_box(pose: Pose, distance: float, size: int) -> tuple[int, int, int, int]:
    """Left, bottom, right, top of the pixels that the object may touch, from the picture's lower left corner."""
    motion = pose.view.camera_axes().transposed().to_4x4() @ pose.pivot
    focal = pose.lens_mm / SENSOR_MM * size
    across, up = [], []
    for corner in pose.outline:
        x, y, z = motion @ corner
        across.append(size / 2 + focal * x / (distance - z))
        up.append(size / 2 + focal * y / (distance - z))
    low = [max(0, math.floor(min(places)) - SPARE) for places in (across, up)]
    high = [min(size, math.ceil(max(places)) + SPARE) for places in (across, up)]
    return low[0], low[1], high[0], high[1]


def _save(path: Path, size: int, pixels: array[float]) -> None:
    """Write ``pixels`` as Blender writes a rendered picture of this scene."""
    image: Any = bpy.data.images.new("canvas", size, size)
    try:
        image.pixels.foreach_set(pixels)
        image.save_render(str(path.resolve()), scene=bpy.context.scene)
    except RuntimeError as error:
        raise RunFailed(f"{path}: Blender could not write it: {' '.join(str(error).split())}") from None
    finally:
        bpy.data.images.remove(image)
    drop_notes(path)
