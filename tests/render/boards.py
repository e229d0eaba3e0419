"""A glowing chessboard, and its pose from pixels alone: OpenCV finds the corners and solves for the pose.

Nothing here uses the code that renders: only K, and the model of the board.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

COLUMNS, ROWS = 9, 6
"""Squares; an even and an odd number, so that half a turn does not give the same board."""
SQUARE_M = 2 * 0.5 / math.hypot(COLUMNS, ROWS)
"""Side of a square after normalisation: the board's corners lie 0.5 m from its centre."""


def write_board(folder: Path) -> Path:
    """A flat board, lying, white squares glowing; its rim is white."""
    lines, faces = ["mtllib board.mtl", "o board"], []
    for row in range(ROWS):
        for column in range(COLUMNS):
            x, y = column - COLUMNS / 2, row - ROWS / 2
            lines += [f"v {x + i} 0 {-(y + j)}" for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
            first = 4 * (row * COLUMNS + column) + 1
            faces += [f"usemtl {'white' if (row + column) % 2 else 'black'}", f"f {first} {first + 1} {first + 2} {first + 3}"]
    (folder / "board.obj").write_text("\n".join(lines + faces) + "\n", encoding="utf-8")
    (folder / "board.mtl").write_text("newmtl white\nKd 0 0 0\nKe 0.8 0.8 0.8\nnewmtl black\nKd 0 0 0\n", encoding="utf-8")
    return folder / "board.obj"


def inner_corners(picture: Path) -> Array:
    """Pixels of the inner corners, (n, 2), origin at the outer corner of the first pixel."""
    grey = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    found, corners = cv2.findChessboardCornersSB(grey, (COLUMNS - 1, ROWS - 1), flags=cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_ACCURACY)
    assert found, picture
    return corners[:, 0].astype(float) + 0.5


def model_corners() -> Array:
    """The inner corners in the board's own plane, metres, (n, 3)."""
    x, y = np.meshgrid(np.arange(1, COLUMNS) - COLUMNS / 2, np.arange(1, ROWS) - ROWS / 2)
    return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1) * SQUARE_M


def poses(picture: Path, intrinsics: Any) -> list[tuple[Array, Array]]:
    """Rotation and place of the board in OpenCV's camera axes (x right, y down, z forward): one for either way to number it."""
    corners, camera = inner_corners(picture), np.array(intrinsics)
    result = []
    for numbered in (corners, corners[::-1]):
        solved, turn, place = cv2.solvePnP(model_corners(), numbered, camera, None, flags=cv2.SOLVEPNP_ITERATIVE)
        assert solved
        result.append((cv2.Rodrigues(turn)[0], place[:, 0]))
    return result


def level_axes(elevation: float) -> Array:
    """Columns: the level view frame (x right, y away, z up) in OpenCV's camera axes, of a level camera ``elevation`` degrees up."""
    up = math.radians(elevation)
    return np.array([[1, 0, 0], [0, -math.sin(up), -math.cos(up)], [0, math.cos(up), -math.sin(up)]])


def turn_between(first: list[tuple[Array, Array]], second: list[tuple[Array, Array]], elevation: float, near: Array) -> Array:
    """Rotation vector in degrees, level view frame, from one picture of the board to another; the numbering nearest to ``near``."""
    axes = level_axes(elevation)
    turns = [axes.T @ np.degrees(cv2.Rodrigues(two @ one.T)[0][:, 0]) for one, _ in first for two, _ in second]
    return min(turns, key=lambda turn: float(np.linalg.norm(turn - near)))


def projected(points: Array, intrinsics: Any) -> Array:
    """Pixels of points in OpenCV's camera axes."""
    seen = points @ np.array(intrinsics).T
    return seen[:, :2] / seen[:, 2:]


def view_of(constants: Mapping[str, Any]) -> tuple[float, float]:
    """Elevation in degrees and distance in metres."""
    return float(constants["held"].get("orbit_elevation", constants["elevation_degrees"])), float(constants["distance_m"])
