"""Bodies whose pictures are known without a renderer: rays through the pixels' centres, traced by formula."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
HALF = np.array([1.0, 0.6, 0.35])
RADIUS = 0.5


def write_block(folder: Path) -> Path:
    """A block with half edges `HALF`, as OBJ, where y is up."""
    corners = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    lines = [f"v {x * HALF[0]} {z * HALF[2]} {-y * HALF[1]}" for x, y, z in corners]
    lines += ["f 1 2 4 3", "f 5 7 8 6", "f 1 5 6 2", "f 3 4 8 7", "f 1 3 7 5", "f 2 6 8 4"]
    path = folder / "block.obj"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_ball(folder: Path, rings: int = 96) -> Path:
    """A ball with the normals of a sphere, as OBJ."""
    lines, around = [], 2 * rings
    for ring in range(rings + 1):
        for step in range(around):
            up, turn = math.pi * ring / rings, 2 * math.pi * step / around
            point = f"{math.sin(up) * math.cos(turn):.8f} {math.sin(up) * math.sin(turn):.8f} {math.cos(up):.8f}"
            lines += [f"v {point}", f"vn {point}"]
    for ring in range(rings):
        for step in range(around):
            here, there = ring * around + step + 1, ring * around + (step + 1) % around + 1
            face = (here, here + around, there + around, there)
            corners = face[:3] if ring == 0 else (face[0], face[1], face[3]) if ring == rings - 1 else face
            lines.append("f " + " ".join(f"{corner}//{corner}" for corner in corners))
    path = folder / "ball.obj"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def seen(body: str, state: Mapping[str, Any], size: int, per_pixel: int = 1) -> tuple[Array, Array, Array]:
    """``body`` as the ``state`` of a frame says: depth along the view axis, normals in camera axes, cosine between normal and sight.

    ``size`` × ``size`` samples, times ``per_pixel`` each way; depth is infinite where the body is missed.
    """
    place = np.linalg.inv(np.array(state["camera_to_rig"])) @ np.array(state["object_to_rig"])
    turn, shift = place[:3, :3], place[:3, 3]
    focal, middle = np.array(state["K"])[0, [0, 2]]
    steps = (np.arange(size * per_pixel) + 0.5) / per_pixel
    x, y = np.meshgrid((steps - middle) / focal, -(steps - middle) / focal)
    rays = np.stack([x, y, -np.ones_like(x)], axis=-1)
    origin, direction = -turn.T @ shift, rays @ turn  # in the body's frame
    depth, normals = (_block if body == "block" else _ball)(origin, direction)
    normals = normals @ turn.T
    return depth, normals, -(normals * rays).sum(-1) / np.linalg.norm(rays, axis=-1)


def _block(origin: Array, direction: Array) -> tuple[Array, Array]:
    half = HALF * RADIUS / np.linalg.norm(HALF)
    with np.errstate(divide="ignore"):
        ends = np.sort(np.stack([(-half - origin) / direction, (half - origin) / direction]), axis=0)
    enter, leave = ends[0].max(axis=-1), ends[1].min(axis=-1)
    face = np.eye(3)[ends[0].argmax(axis=-1)]
    return np.where(enter < leave, enter, np.inf), -face * np.sign(direction)


def _ball(origin: Array, direction: Array) -> tuple[Array, Array]:
    a, b, c = (direction**2).sum(-1), direction @ origin, origin @ origin - RADIUS**2
    inside = b**2 - a * c
    depth = np.where(inside > 0, (-b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)
    return depth, (origin + np.where(np.isfinite(depth), depth, 0)[..., None] * direction) / RADIUS
