"""Further pictures of a frame: the object's mask, depth and normals, of the object alone and without depth of field."""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from collections.abc import Collection
from pathlib import Path
from typing import Any

from render.blender.picture.alone import DEPTH, NORMALS, coverage, geometry
from render.blender.picture.exr import write_exr
from render.blender.stage.scene import Scene

MASK_SAMPLES = 16
FILTER = 1.5
"""Width in pixels of the filter of the pictures: Cycles' own."""
NOTHING = 1e10
"""Cycles' depth where there is no object."""


def render_passes(scene: Scene, names: Collection[str], folder: Path) -> dict[str, Path]:
    """The pictures called ``names`` (mask, depth, normal) of the scene as it stands, staged in ``folder``.

    The mask is a grey PNG, 255 where the object covers the whole pixel. Depth (channel Z, metres along the view axis from
    the camera) and normals (channels R, G, B: x right, y up, z towards the camera) are float32 EXRs, sampled at the
    pixels' centres; where there is no object they are `NOTHING` and zero.

    Raises:
        RunFailed, OSError, KeyboardInterrupt: as `render.blender.picture.still.render_still`.
    """
    size, scratch = scene.size, folder / "partial-pass.exr"
    made: dict[str, tuple[str, bytes]] = {}
    if "mask" in names:
        covered = coverage(scene, size, MASK_SAMPLES, FILTER, scratch)
        made["mask"] = "png", grey_png(size, _levels(covered))
    if {"depth", "normal"} & set(names):
        channels = geometry(scene, scratch)
        depth, normals = {"Z": channels[DEPTH]}, dict(zip("RGB", (channels[name] for name in NORMALS), strict=True))
        made.update({name: ("exr", write_exr(size, size, one)) for name, one in (("depth", depth), ("normal", normals)) if name in names})
    staged = {}
    for name, (suffix, data) in made.items():
        staged[name] = folder / f"partial-{name}.{suffix}"
        staged[name].write_bytes(data)
    return staged


def describe(names: Collection[str]) -> dict[str, Any]:
    """What a reader of the passes needs to know."""
    said = {
        "mask": {"unit": "share of the pixel covered by the object, 255 is all", "samples": MASK_SAMPLES},
        "depth": {"unit": "m along the view axis, at the pixel's centre", "channel": "Z", "background": NOTHING},
        "normal": {"unit": "camera axes: x right, y up, z towards the camera", "channels": "RGB", "background": 0.0},
    }
    return {"pass_conventions": {name: said[name] for name in names}} if names else {}


def grey_png(size: int, levels: bytes) -> bytes:
    """A PNG of ``size`` × ``size`` grey levels, a byte each, without notes."""
    rows = b"".join(b"\0" + levels[start : start + size] for start in range(0, size * size, size))
    header = struct.pack(">2I5B", size, size, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _levels(shares: bytes) -> bytes:
    """Float32 shares as bytes, rounded."""
    values = array("f", shares)
    if sys.byteorder == "big":
        values.byteswap()
    return bytes([int(min(max(value, 0.0), 1.0) * 255.0 + 0.5) for value in values])
