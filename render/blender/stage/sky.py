"""The world: an HDRI that lights the object and is its background, brought to one mean brightness."""

from __future__ import annotations

import math
import random
from array import array
from pathlib import Path
from typing import Any

import bpy

from cat_dataset.errors import InputError, UsageError
from cat_dataset.files import sha256_file
from render.blender.sources import BUILTIN, Source, made_in_code

MEAN_LUMINANCE = 0.55
"""Mean luminance over the sphere that every sky is scaled to: HDRIs differ by factors of a hundred."""
FAINTEST = 1e-20
"""Mean luminance below which, and above the inverse of which, a picture is no sky; 40 stops more either way still fit float32."""
MAP_WIDTH = 1024
"""Largest width of the importance map. Blender's automatic choice costs a second per frame for a tenth of a decibel."""
PREFERRED = ("forest", "sunset")
PROCEDURAL, GREY = "procedural", "grey"
REVISION = 1
_LUMINANCE = (0.2126, 0.7152, 0.0722)


def shipped_skies() -> dict[str, Path]:
    """The HDRIs that come with this Blender, by name."""
    roots = [bpy.utils.system_resource("DATAFILES")]
    roots += [str(Path(bpy.utils.resource_path(kind)) / "datafiles") for kind in ("SYSTEM", "LOCAL")]
    for root in roots:
        found = sorted((Path(root) / "studiolights" / "world").glob("*.exr")) if root else []
        if found:
            return {path.stem: path for path in found}
    return {}


def builtin_sky(name: str) -> Source:
    """The sky called ``builtin:name``.

    Raises:
        UsageError: this Blender ships no such sky.
    """
    if name in _IN_CODE:
        return made_in_code(name, REVISION)
    shipped = shipped_skies()
    if name not in shipped:
        raise UsageError(f"there is no {BUILTIN}{name} sky; this Blender has {', '.join(BUILTIN + n for n in [*shipped, *_IN_CODE])}")
    return Source(name, shipped[name], sha256_file(shipped[name]), builtin=True, licence="CC0-1.0")


def default_skies() -> list[str]:
    """Names for ``--hdri`` when none are given: two of the shipped skies, or the procedural one."""
    shipped = shipped_skies()
    chosen = [name for name in PREFERRED if name in shipped] or list(shipped)[:2] or [PROCEDURAL]
    return [BUILTIN + name for name in chosen]


def load_sky(source: Source) -> Any:
    """The sky's image, decoded.

    Raises:
        InputError: Blender cannot decode it (it would render magenta), or it has pixels that are not finite, or is black.
    """
    image = _IN_CODE[source.name]() if source.path is None else bpy.data.images.load(str(source.path), check_existing=False)
    width, height = image.size
    if width == 0 or height == 0:
        raise InputError(f"{source} cannot be decoded by Blender {bpy.app.version_string}: cut off or damaged; download or export it again")
    return image


def all_skies() -> list[str]:
    """Names for ``--hdri`` of all shipped skies, or of the procedural one."""
    return [BUILTIN + name for name in shipped_skies()] or [BUILTIN + PROCEDURAL]


def light_with(source: Source) -> float:
    """Make ``source`` the world of the scene; the strength that brings it to `MEAN_LUMINANCE`."""
    image = load_sky(source)
    strength = _strength(source, image)
    world = bpy.data.worlds.new(source.name)
    if world.node_tree is None:
        world.use_nodes = True
    tree = world.node_tree
    tree.nodes.clear()
    picture, background, output = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("TexEnvironment", "Background", "OutputWorld"))
    picture.image, picture.interpolation = image, "Cubic"
    background.inputs["Strength"].default_value = strength
    tree.links.new(picture.outputs["Color"], background.inputs["Color"])
    tree.links.new(background.outputs["Background"], output.inputs["Surface"])
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", min(MAP_WIDTH, max(image.size[0], 64))
    old = bpy.context.scene.world
    bpy.context.scene.world = world
    if old is not None:
        bpy.data.worlds.remove(old)
    for stale in [i for i in bpy.data.images if i.users == 0]:
        bpy.data.images.remove(stale)
    return strength


def brighten(strength: float, ev: float) -> None:
    """Set the sky's strength: ``strength``, as `light_with` gave it, brightened by ``ev`` stops."""
    wanted = array("f", [strength * 2.0**ev])[0]  # as Blender keeps it
    if present_strength() != wanted:  # setting it builds the importance map anew
        _strength_socket().default_value = wanted


def present_strength() -> float:
    """The sky's strength, read back from the scene."""
    return float(_strength_socket().default_value)


def random_turn(seed: int, asset: str, sky: str, view: int) -> float:
    """Degrees about z that a series' sky is turned by: uniform, a function of what the series is."""
    return round(random.Random(f"sky {seed} {asset} {sky} {view}").uniform(0.0, 360.0), 6)


def _strength_socket() -> Any:
    tree = bpy.context.scene.world.node_tree
    return next(node for node in tree.nodes if node.type == "BACKGROUND").inputs["Strength"]


def _strength(source: Source, image: Any) -> float:
    """`MEAN_LUMINANCE` over the image's own mean over the sphere, to four digits."""
    width, height = image.size
    channels = image.channels
    pixels = array("f", bytes(4 * width * height * channels))
    image.pixels.foreach_get(pixels)
    total = weights = 0.0
    for row in range(height):
        weight = math.cos((row + 0.5 - height / 2) / height * math.pi)
        line = pixels[row * width * channels : (row + 1) * width * channels]
        total += weight * sum(share * math.fsum(line[c::channels]) for c, share in zip(range(min(channels, 3)), _LUMINANCE, strict=False))
        weights += weight * width
    mean = total / weights
    if not math.isfinite(mean) or mean <= 0:
        fault = "is black" if mean == 0 else "is negative on average" if mean < 0 else "has pixels that are not finite numbers"
        raise InputError(f"{source} {fault}; repair it or use another sky")
    if not FAINTEST < mean < 1 / FAINTEST:
        raise InputError(f"{source} has a mean luminance of {mean:.1g}, which no sky has; repair it or use another")
    return float(f"{MEAN_LUMINANCE / mean:.4g}")


def _procedural(width: int = 512, height: int = 256) -> Any:
    """A sky for Blenders that ship none: blue above, warm ground, a soft sun."""
    sun = (math.cos(0.7) * math.cos(0.9), math.cos(0.7) * math.sin(0.9), math.sin(0.7))
    pixels = array("f")
    for row in range(height):
        up = ((row + 0.5) / height - 0.5) * math.pi
        haze = math.exp(-6 * max(0.0, math.sin(up)))
        blend = 1 / (1 + math.exp(-40 * math.sin(up)))
        sky = [0.18 + 0.5 * haze, 0.34 + 0.42 * haze, 0.75 + 0.1 * haze]
        base = [ground + (above - ground) * blend for ground, above in zip((0.2, 0.17, 0.13), sky, strict=True)]
        for column in range(width):
            around = (0.5 - (column + 0.5) / width) * 2 * math.pi
            facing = sun[0] * math.cos(up) * math.cos(around) + sun[1] * math.cos(up) * math.sin(around) + sun[2] * math.sin(up)
            glow = 60.0 * math.exp(-250 * (1 - facing)) + 0.6 * math.exp(-6 * (1 - facing))
            pixels.extend((base[0] + glow, base[1] + 0.93 * glow, base[2] + 0.8 * glow, 1.0))
    image = bpy.data.images.new(PROCEDURAL, width, height, float_buffer=True)
    image.pixels.foreach_set(pixels)
    image.update()
    return image


def _grey(width: int = 64, height: int = 32) -> Any:
    """The same grey from everywhere: no highlight, no shadow side, nothing behind."""
    image = bpy.data.images.new(GREY, width, height, float_buffer=True)
    image.pixels.foreach_set(array("f", (0.5, 0.5, 0.5, 1.0)) * (width * height))
    image.update()
    return image


_IN_CODE = {PROCEDURAL: _procedural, GREY: _grey}
