"""A flat matt plate, and what its pixels mean: linear light, and the points of the plate that they show.

Nothing here uses the code that renders: only a series' recorded camera, matrices and exposure.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cat_dataset.series import Frame, Series, find_series, read_series
from tests.render.runs import sweep

Array = NDArray[np.float64]

ALBEDO = 0.8
INSIDE_M = 0.25
"""Half the side of the square that is looked at; the plate's own is 0.354 m after normalisation, its corners at 0.5 m."""


def write_plate(folder: Path, albedo: float = ALBEDO) -> Path:
    """A square plate, lying, without gloss."""
    (folder / "plate.obj").write_text(
        "mtllib plate.mtl\no plate\nv -1 0 -1\nv -1 0 1\nv 1 0 1\nv 1 0 -1\nusemtl matt\nf 1 2 3 4\n", encoding="utf-8"
    )
    (folder / "plate.mtl").write_text(f"newmtl matt\nKd {albedo} {albedo} {albedo}\nKs 0 0 0\nNs 0\nillum 1\n", encoding="utf-8")
    return folder / "plate.obj"


def rendered(script: str, folder: Path, *flags: object) -> tuple[Path, Series, dict[str, Any]]:
    """The only series of a sweep, its folder and its constants."""
    run = sweep(script, "--views", 1, "--threads", 2, *flags, "--out", folder / "series")
    assert run.returncode == 0, run.stderr
    (found,) = find_series(folder / "series")
    return found, read_series(found), json.loads((found / "series.json").read_text(encoding="utf-8"))["constants"]


def linear(picture: Path) -> Array:
    """Linear Rec.709 of an 8-bit sRGB picture (IEC 61966-2-1), (height, width, 3), 1 is full."""
    coded = cv2.imread(str(picture))[..., ::-1] / 255.0
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def plate_points(frame: Frame) -> tuple[Array, list[Array], Array]:
    """Where the pixels' centres see the plate: points (h, w, 3) in the rig's frame, masks of its four quarters, and its normal.

    8-bit pixels mean something to a per cent only as means over many levels: hence quarters.
    """
    columns, rows = np.meshgrid(np.arange(frame.width) + 0.5, np.arange(frame.height) + 0.5)
    seen = np.stack([columns, rows, np.ones_like(columns)], axis=-1) @ np.linalg.inv(np.array(frame.state["K"])).T
    camera, plate = np.array(frame.state["camera_to_rig"]), np.array(frame.state["object_to_rig"])
    rays = (seen * [1, -1, -1]) @ camera[:3, :3].T  # pixels have y down and z forward, Blender's camera y up and z backward
    normal, middle = plate[:3, 2], plate[:3, 3]
    points = camera[:3, 3] + rays * (((middle - camera[:3, 3]) @ normal) / (rays @ normal))[..., None]
    local = ((points - middle) @ plate[:3, :3])[..., :2]
    inside = np.abs(local).max(axis=-1) < INSIDE_M
    return points, [inside & ((local > 0) == quarter).all(axis=-1) for quarter in ((0, 0), (0, 1), (1, 0), (1, 1))], normal
