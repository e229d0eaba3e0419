"""Labels against pictures, measured by OpenCV from a chessboard's corners: rotation, translation, focal length, orbit."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cat_dataset.series import Series, find_series, read_series
from tests.render.boards import Array, inner_corners, level_axes, model_corners, poses, projected, turn_between, view_of, write_board
from tests.render.runs import sweep

FLAGS = ["--size", 320, "--samples", 16, "--views", 1, "--hdri", "builtin:procedural", "--threads", 2, "--hold", "orbit_elevation", 60]
PLAIN = ["--no-denoise", "--samples", 8]
"""A board that glows has no noise, and corners are found as well in a picture that was not denoised, which takes half the time."""


def rendered(script: str, folder: Path, *flags: object) -> tuple[Path, Series, dict[str, Any]]:
    """The only series of a sweep of the board."""
    run = sweep(script, *FLAGS, *flags, "--asset", write_board(folder), "--out", folder / "series")
    assert run.returncode == 0, run.stderr
    (found,) = find_series(folder / "series")
    return found, read_series(found), json.loads((found / "series.json").read_text(encoding="utf-8"))["constants"]


def vector(values: Any, prefix: str) -> Array:
    return np.array([values.get(f"{prefix}_{axis}", 0.0) for axis in "xyz"])


@pytest.mark.parametrize("flags", [["--axis", "z", "--range", -80, 80], ["--axis", "x", "y", "z", "--range", -20, 25, "--random", 3]])
def test_the_rotation_seen_is_the_one_asked_for(flags: list[object], tmp_path: Path) -> None:
    folder, series, constants = rendered("rotate", tmp_path, *flags, *PLAIN, "--states", 3, "--size", 640)
    elevation, _ = view_of(constants)
    seen = [poses(folder / frame.file, constants["K"]) for frame in series.frames]
    asked = [vector(frame.values, "rotation") for frame in series.frames]
    for k in range(1, len(seen)):
        expected = composed(asked[k], asked[0])
        found = turn_between(seen[0], seen[k], elevation, expected)
        print(found, expected)
        assert np.linalg.norm(found - expected) < 0.1


def composed(later: Array, earlier: Array) -> Array:
    """Rotation vector of the turn that leads from one rotation vector to another, degrees."""
    import cv2

    turn = cv2.Rodrigues(np.radians(later))[0] @ cv2.Rodrigues(np.radians(earlier))[0].T
    return np.degrees(cv2.Rodrigues(turn)[0][:, 0])


def corner_errors(folder: Path, series: Series, constants: dict[str, Any], moved: Any) -> list[float]:
    """Greatest distance in pixels, per frame, between the corners seen and those of the first frame's board ``moved`` there."""
    errors = []
    for frame in series.frames:
        seen = inner_corners(folder / frame.file)
        intrinsics = frame.state["K"]
        options = []
        for turn, place in poses(folder / series.frames[0].file, series.frames[0].state["K"]):
            points = moved(model_corners() @ turn.T + place, frame)
            options += [np.linalg.norm(projected(points, intrinsics) - corners, axis=1).max() for corners in (seen, seen[::-1])]
        errors.append(float(min(options)))
    return errors


def test_the_object_is_seen_where_its_translation_says(tmp_path: Path) -> None:
    folder, series, constants = rendered("translate", tmp_path, "--vector", 25, -30, 20, "--states", 4)
    elevation, _ = view_of(constants)
    start = vector(series.frames[0].values, "translation")
    errors = corner_errors(
        folder, series, constants,
        lambda points, frame: points + level_axes(elevation) @ (vector(frame.values, "translation") - start) / 100,
    )  # fmt: skip
    print(errors)
    assert max(errors) < 0.5


def test_focal_length_enlarges_as_it_says(tmp_path: Path) -> None:
    folder, series, constants = rendered("camera", tmp_path, "--vary", "focal_length", "--range", 35, 85, "--states", 3, *PLAIN)
    for frame in series.frames:
        focal = frame.values["focal_length"] / constants["sensor_mm"] * constants["size"]
        assert frame.state["K"] == [[pytest.approx(focal, abs=1e-4), 0, 160], [0, pytest.approx(focal, abs=1e-4), 160], [0, 0, 1]]
    assert max(corner_errors(folder, series, constants, lambda points, frame: points)) < 0.5


def test_the_camera_orbits_by_what_it_says(tmp_path: Path) -> None:
    folder, series, constants = rendered("camera", tmp_path, "--vary", "orbit", "--range", -60, 70, "--states", 4, *PLAIN)
    elevation, distance = view_of(constants)
    start = series.frames[0].values["orbit_azimuth"]

    def orbited(points: Array, frame: Any) -> Array:
        """The world turns the other way round in front of the camera."""
        angle = -math.radians(frame.values["orbit_azimuth"] - start)
        about_up = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
        axes = level_axes(elevation)
        pivot = np.array([0, 0, distance])
        return (points - pivot) @ (axes @ about_up @ axes.T).T + pivot

    errors = corner_errors(folder, series, constants, orbited)
    print(errors)
    assert max(errors) < 0.5
