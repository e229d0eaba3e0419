"""Where the light of a simulated picture comes from: high-dynamic-range environments, and views into them.

An environment is linear sRGB (height, width, 3), equirectangular: longitude 0 in the middle, zenith at the top.
World axes: x right, y up, z forward at longitude 0.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.simulate.displacement import Displacement
from cat_dataset.command import warn
from cat_dataset.errors import InputError
from cat_dataset.files import slug

Floats = NDArray[np.float32]

SIDE_CAP = 16384
"""Longest side of an environment that is read."""
_ROW = 4096
_HEADER_CAP = 1 << 16


@dataclass(frozen=True)
class View:
    """A camera looking into an environment: angles in degrees, ``field_of_view`` across the width."""

    yaw: float
    pitch: float
    field_of_view: float

    def directions(self, width: int, height: int, displaced: Displacement | None = None) -> Floats:
        """Unit vectors (height, width, 3) through the pixel centres of a picture that is ``displaced``."""
        focal = width / 2 / np.tan(np.radians(self.field_of_view / 2))
        x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2, height / 2 - np.arange(height) - 0.5)
        if displaced:
            x, down = displaced.origin(x, -y)
            y = -down
        rays = np.stack([x, y, np.full_like(x, focal)], axis=-1)
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        return np.asarray(rays @ self._rotation().T, np.float32)

    @property
    def axis(self) -> Floats:
        """Unit vector (3,) of the direction the camera looks in."""
        return np.asarray(self._rotation()[:, 2], np.float32)

    def _rotation(self) -> NDArray[np.float64]:
        yaw, pitch = np.radians(self.yaw), np.radians(self.pitch)
        tilt = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        return np.asarray(turn @ tilt)

    def focal_length_mm(self, sensor_width_mm: float = 36.0) -> float:
        """Focal length on a full-frame sensor."""
        return float(sensor_width_mm / 2 / np.tan(np.radians(self.field_of_view / 2)))


def look(environment: Floats, directions: Floats) -> Floats:
    """Radiance (..., 3) that arrives from ``directions`` (..., 3), bilinear between pixels."""
    height, width = environment.shape[:2]
    u = (np.arctan2(directions[..., 0], directions[..., 2]) / (2 * np.pi) + 0.5) * width - 0.5
    v = np.clip((0.5 - np.arcsin(np.clip(directions[..., 1], -1, 1)) / np.pi) * height - 0.5, 0, height - 1)
    count = u.size
    rows = -(-count // _ROW)
    across, down = (np.resize(c.astype(np.float32).ravel(), (rows, _ROW)) for c in (u, v))
    seen = cv2.remap(environment, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(seen, np.float32).reshape(-1, 3)[:count].reshape(directions.shape)


@dataclass(frozen=True)
class Source:
    """An environment that can be loaded: ``path`` of its file, or None for a procedural one drawn from ``seed``."""

    name: str
    path: Path | None = None
    seed: int = 0

    def load(self) -> Floats:
        """The environment.

        Raises:
            InputError: the file is missing, damaged, too large or no HDR picture.
        """
        if self.path is None:
            from capture.simulate.procedural import environment

            return environment(self.seed)
        return read_hdr(self.path)


def find_sources(given: list[Path], seed: int, count: int) -> tuple[list[Source], str]:
    """Environments to use, and a line that says which: ``given``, else those bpy ships, else ``count`` procedural ones.

    Raises:
        InputError: a given file does not exist, or two of them share a name.
    """
    paths, said = given, f"{len(given)} HDRI(s) from --hdri"
    if not paths:
        paths = bundled_hdris()
        said = f"{len(paths)} HDRIs that bpy ships (CC0)"
    if not paths:
        names = [Source(f"procedural_{seed}_{index:03d}", None, seed * 100_003 + index) for index in range(count)]
        return names, "procedural skies (no --hdri given and bpy is not installed)"
    sources: dict[str, Source] = {}
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path} is not a file; --hdri takes EXR or HDR files")
        name = slug(path.stem)
        if name in sources:
            raise InputError(f"{path} and {sources[name].path} share the name {name!r}; rename one, names tell scenes apart")
        sources[name] = Source(name, path)
    return list(sources.values()), said


def bundled_hdris() -> list[Path]:
    """The world HDRIs inside an installed bpy, by name; bpy itself is not imported (that takes seconds)."""
    spec = importlib.util.find_spec("bpy")
    for root in (spec.submodule_search_locations or []) if spec else []:
        found = sorted(Path(root).glob("*/datafiles/studiolights/world/*.exr"))
        if found:
            return found
    return []


def read_hdr(path: Path) -> Floats:
    """An EXR or Radiance HDR file as linear RGB (height, width, 3), finite and not negative.

    Raises:
        InputError: missing, damaged, too large, without R, G and B, or without light.
    """
    try:
        with open(path, "rb") as stream:
            magic = stream.read(4)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path") from None
    if magic == b"\x76\x2f\x31\x01":
        pixels = _read_exr(path)
    elif magic[:2] == b"#?":
        pixels = _read_radiance(path)
    else:
        raise InputError(f"{path} is neither OpenEXR nor Radiance HDR; give an .exr or .hdr environment")
    if not 16 <= min(pixels.shape[:2]) <= max(pixels.shape[:2]) <= SIDE_CAP:
        raise InputError(f"{path} is {pixels.shape[1]}×{pixels.shape[0]}; an environment needs sides of 16 to {SIDE_CAP} pixels")
    if not np.isfinite(pixels).all():
        warn(f"{path} has pixels that are not finite; they are taken as black")
    light = np.ascontiguousarray(np.clip(np.nan_to_num(pixels, nan=0.0, posinf=0.0, neginf=0.0), 0, 65504), np.float32)
    if not light.any():
        raise InputError(f"{path} has no light: every pixel is black, negative or not finite; use another environment")
    return light


def _read_radiance(path: Path) -> NDArray[np.float32]:
    with open(path, "rb") as stream:
        size = re.search(rb"\n\n-Y (\d{1,9}) \+X (\d{1,9})\n", stream.read(_HEADER_CAP))
    if size and max(int(size[1]), int(size[2])) > SIDE_CAP:
        raise _too_large(path)
    loaded = cv2.imread(str(path), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR) if size else None
    if loaded is None:
        raise InputError(f"{path} is damaged, or stored turned (not -Y +X); get it again")
    return np.asarray(loaded, np.float32)[..., ::-1]


def _too_large(path: Path) -> InputError:
    return InputError(f"{path} says it has a side of more than {SIDE_CAP} pixels; scale it down first")


def _read_exr(path: Path) -> NDArray[np.float32]:
    channels = exr_channels(path)
    for name, channel in channels.items():
        if name in ("RGB", "RGBA") or name.endswith(".Combined"):  # the latter in Blender's multi-layer files
            return np.asarray(channel.pixels, np.float32)[..., :3]
    raise InputError(f"{path} has channels {', '.join(map(str, channels))[:80]} and not R, G, B; give a colour environment")


def exr_channels(path: Path) -> Mapping[str, Any]:
    """The channels of all parts of an OpenEXR file by name, with ``pixels``; R, G and B are one channel ``RGB`` or ``RGBA``.

    Raises:
        InputError: damaged, no OpenEXR file, or too large.
    """
    import OpenEXR

    try:
        for part in OpenEXR.File(str(path), header_only=True).parts:
            (left, top), (right, bottom) = part.header["dataWindow"]
            if max(int(right) - int(left), int(bottom) - int(top)) >= SIDE_CAP:
                raise _too_large(path)
        return {name: channel for part in OpenEXR.File(str(path)).parts for name, channel in part.channels.items()}
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{path} cannot be read as OpenEXR ({str(error).splitlines()[0][:120]}); get it again") from None
