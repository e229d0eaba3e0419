"""The object by itself, as the series' camera sees it: without floor, lamp, sky and depth of field.

A scene of its own shares the object with the main one, whose persistent data stays untouched. While it renders, the rig is
moved so that the camera stands at the world's origin: normals then come out in camera axes. Always on the CPU, so that the
bytes do not depend on the device.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from cat_dataset.errors import RunFailed
from render.blender.exr import read_exr
from render.blender.normalise import Subject
from render.blender.still import render_to

ALPHA, DEPTH, NORMALS = "Combined.A", "Depth.Z", ("Normal.X", "Normal.Y", "Normal.Z")
CENTRE_ONLY = 0.01
"""Width in pixels of the filter that samples a pixel at its centre; Cycles takes no narrower one."""
FILTER = 1.5
"""Width in pixels of the filter of the pictures: Cycles' own."""


class Alone:
    """The scene that holds ``subject`` alone, seen by ``camera``; both hang under ``rig``."""

    def __init__(self, subject: Subject, camera: Any, rig: Any) -> None:
        self._camera, self._rig = camera, rig
        self._eye = bpy.data.objects.new("eye", camera.data.copy())
        self._eye.data.dof.use_dof = False
        self._scene = bpy.data.scenes.new("alone")
        for thing in (rig, subject.pivot, *subject.parts, self._eye):
            self._scene.collection.objects.link(thing)
        self._scene.camera = self._eye
        _set_up(self._scene)

    def coverage(self, size: int, samples: int, width: float, scratch: Path) -> bytes:
        """How much of each pixel the object covers, 0 to 1: ``size`` × ``size`` float32, top row first.

        ``width`` is that of the filter in pixels; ``scratch`` a file to use on the way.
        """
        self._scene.cycles.pixel_filter_type = "BLACKMAN_HARRIS"
        self._scene.cycles.filter_width = width
        return self._render(size, samples, (ALPHA,), scratch)[ALPHA]

    def geometry(self, size: int, scratch: Path) -> dict[str, bytes]:
        """Depth and normals at the pixels' centres: the channels `DEPTH` (m along the view axis) and `NORMALS`."""
        self._scene.cycles.pixel_filter_type = "BOX"
        self._scene.cycles.filter_width = CENTRE_ONLY
        return self._render(size, 1, (DEPTH, *NORMALS), scratch)

    def release(self) -> None:
        """Give back the memory that the next rendering would have saved time with."""
        self._scene.render.use_persistent_data = False

    def _render(self, size: int, samples: int, channels: Collection[str], scratch: Path) -> dict[str, bytes]:
        render, layer, main = self._scene.render, self._scene.view_layers[0], bpy.context.scene.render
        render.use_persistent_data = True
        render.threads_mode, render.threads = main.threads_mode, main.threads
        render.resolution_x = render.resolution_y = size
        self._scene.cycles.samples = samples
        layer.use_pass_z = layer.use_pass_normal = DEPTH in channels
        with self._from_the_origin():
            render_to(scratch, self._scene)
        try:
            width, height, found = read_exr(scratch.read_bytes(), channels)
        except (OSError, ValueError) as error:
            raise RunFailed(f"{scratch}: Blender wrote no such picture as was asked for ({error}); check the disk") from None
        finally:
            scratch.unlink(missing_ok=True)
        if (width, height) != (size, size):
            raise RunFailed(f"{scratch}: Blender wrote {width}×{height} pixels, not {size}×{size}; please report this")
        return found

    @contextmanager
    def _from_the_origin(self) -> Iterator[None]:
        """Stand the rig so that the camera is where `_eye` always is: at the origin, looking along -z."""
        rig, lens = self._rig, self._camera.data
        kept = rig.location.copy(), rig.rotation_euler.copy(), rig.scale.copy()
        self._eye.data.lens, self._eye.data.sensor_width = lens.lens, lens.sensor_width
        rig.matrix_basis = self._camera.matrix_basis.inverted()
        try:
            yield
        finally:
            rig.location, rig.rotation_euler, rig.scale = kept


def _set_up(scene: Any) -> None:
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    cycles.device, cycles.seed = "CPU", 0
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    cycles.max_bounces = cycles.diffuse_bounces = cycles.glossy_bounces = cycles.transmission_bounces = cycles.volume_bounces = 0
    cycles.transparent_max_bounces = 16
    render.film_transparent = True
    render.resolution_percentage = 100
    render.use_compositing = render.use_sequencer = render.use_file_extension = False
    settings = render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR_MULTILAYER", "32", "NONE"
    if hasattr(settings, "use_exr_interleave"):
        settings.use_exr_interleave = True  # one part, as in every version before
