"""The object by itself, as the series' camera sees it: without floor, lamp, sky and depth of field.

It is rendered in the scene that the pictures come from, with a few settings changed meanwhile: a scene of its own would
hold all geometry twice, and Cycles would drop what it keeps between frames each time it goes from one scene to the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from cat_dataset.errors import RunFailed
from render.blender.picture.exr import read_exr
from render.blender.picture.still import raise_if_full, render_to
from render.blender.stage.scene import Scene

ALPHA, DEPTH, NORMALS = "Combined.A", "Depth.Z", ("Normal.X", "Normal.Y", "Normal.Z")
CENTRE_ONLY = 0.01
"""Width in pixels of the filter that samples a pixel at its centre; Cycles takes no narrower one, and has boxes of one pixel alone."""
Setting = tuple[Any, str, Any]


def coverage(scene: Scene, size: int, samples: int, width: float, scratch: Path) -> bytes:
    """How much of each pixel the object covers, 0 to 1: ``size`` × ``size`` float32, top row first.

    ``width`` is that of the filter in pixels; ``scratch`` a file to use on the way.
    """
    with _set_to(_alone(scene, size, samples, width)):
        return _rendered(scratch, size, (ALPHA,))[ALPHA]


def geometry(scene: Scene, scratch: Path) -> dict[str, bytes]:
    """Depth and normals at the pixels' centres: the channels `DEPTH` (m along the view axis) and `NORMALS` (camera axes)."""
    layer = bpy.context.view_layer
    settings = [*_alone(scene, scene.size, 1, CENTRE_ONLY), (layer, "use_pass_z", True), (layer, "use_pass_normal", True)]
    with _set_to(settings), _from_the_origin(scene):
        return _rendered(scratch, scene.size, (DEPTH, *NORMALS))


def _alone(scene: Scene, size: int, samples: int, width: float) -> list[Setting]:
    render, cycles = bpy.context.scene.render, bpy.context.scene.cycles
    settings: list[Setting] = [
        (render, "resolution_x", size), (render, "resolution_y", size), (render, "film_transparent", True),
        (cycles, "samples", samples), (cycles, "filter_width", width), (cycles, "use_denoising", False),
        (scene.camera.data.dof, "use_dof", False),
    ]  # fmt: skip
    settings += [(cycles, f"{kind}_bounces", 0) for kind in ("max", "diffuse", "glossy", "transmission")]
    others = (thing for thing in bpy.context.scene.objects if thing.type in ("MESH", "LIGHT") and thing not in scene.subject.parts)
    settings += [(thing, "visible_camera", False) for thing in others]
    picture = render.image_settings
    if hasattr(picture, "media_type"):
        settings.append((picture, "media_type", "MULTI_LAYER_IMAGE"))
    settings += [(picture, "file_format", "OPEN_EXR_MULTILAYER"), (picture, "color_mode", "RGBA"), (picture, "color_depth", "32")]
    settings.append((picture, "exr_codec", "NONE"))
    if hasattr(picture, "use_exr_interleave"):
        settings.append((picture, "use_exr_interleave", True))  # one part, as in every version before
    return settings


@contextmanager
def _set_to(settings: Collection[Setting]) -> Iterator[None]:
    """Set attributes, and set them back in the same order: some only take what an earlier one allows."""
    kept = [(thing, name, getattr(thing, name)) for thing, name, _ in settings]
    try:
        for thing, name, value in settings:
            setattr(thing, name, value)
        yield
    finally:
        for thing, name, value in kept:
            setattr(thing, name, value)


@contextmanager
def _from_the_origin(scene: Scene) -> Iterator[None]:
    """Move the rig so that the camera stands at the world's origin and looks along -z: world axes are then the camera's."""
    rig = scene.rig
    kept = rig.location.copy(), rig.rotation_euler.copy(), rig.scale.copy()
    rig.matrix_basis = scene.camera.matrix_basis.inverted()
    try:
        yield
    finally:
        rig.location, rig.rotation_euler, rig.scale = kept


def _rendered(scratch: Path, size: int, channels: Collection[str]) -> dict[str, bytes]:
    render_to(scratch)
    try:
        width, height, found = read_exr(scratch.read_bytes(), channels)
    except (OSError, ValueError) as error:
        raise_if_full(scratch)
        raise RunFailed(f"{scratch}: Blender wrote no such picture as was asked for ({error}); check the disk") from None
    finally:
        scratch.unlink(missing_ok=True)
    if (width, height) != (size, size):
        raise RunFailed(f"{scratch}: Blender wrote {width}×{height} pixels, not {size}×{size}; please report this")
    return found
