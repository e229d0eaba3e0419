"""The sky's turn and strength against its picture behind the object."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.render.plates import Array, linear, rendered

WIDTH, HEIGHT, MARKED = 256, 128, 7
FLAGS = ["--size", 128, "--samples", 4, "--azimuths", 0, 0, "--hold", "orbit_elevation", 0]


def write_sky(folder: Path) -> Path:
    """A grey sky that varies gently all round, with one red column."""
    around = (np.arange(WIDTH) + 0.5) / WIDTH * 2 * math.pi
    grey = np.broadcast_to(0.5 + 0.4 * np.sin(around), (HEIGHT, WIDTH))
    sky = np.stack([grey, grey, grey], axis=-1).astype(np.float32)  # OpenCV's order: blue, green, red
    sky[:, MARKED] = (0.0, 0.0, 2.0)
    assert cv2.imwrite(str(folder / "sky.hdr"), sky)
    return folder / "sky.hdr"


def write_strip(folder: Path) -> Path:
    """A low wall that faces the camera and leaves the sky free above and below."""
    (folder / "strip.obj").write_text("o strip\nv 0 -0.1 -1\nv 0 -0.1 1\nv 0 0.1 1\nv 0 0.1 -1\nf 1 2 3 4\n", encoding="utf-8")
    return folder / "strip.obj"


def marked_azimuth() -> float:
    """Degrees about z, from +x, of the marked column: a sky's picture has +x in its middle and turns clockwise to the right."""
    return (0.5 - (MARKED + 0.5) / WIDTH) * 360


def column_of(azimuth: float, camera: Array, intrinsics: Array) -> float:
    """Pixel column of a horizontal direction."""
    x, y, z = camera[:3, :3].T @ [math.cos(math.radians(azimuth)), math.sin(math.radians(azimuth)), 0.0]
    return float((intrinsics @ [x / -z, -y / -z, 1])[0])


def test_the_background_moves_by_the_asked_angle(tmp_path: Path) -> None:
    folder, series, constants = rendered(
        "environment", tmp_path, *FLAGS, "--hdri", write_sky(tmp_path), "--asset", write_strip(tmp_path),
        "--vary", "rotation", "--range", -5, 22, "--states", 4,
    )  # fmt: skip
    for frame in series.frames:
        turn = frame.values["environment_rotation"]
        assert frame.measured["environment_rotation"] == pytest.approx(turn, abs=1e-3)
        assert frame.state["rig_turn_degrees"] == pytest.approx(-turn)
        picture = linear(folder / frame.file)[:40]  # above the strip
        redness = np.clip(picture[..., 0] - picture[..., 1], 0, None).sum(axis=0)
        seen = (redness * (np.arange(frame.width) + 0.5)).sum() / redness.sum()
        expected = column_of(marked_azimuth() + turn, np.array(frame.state["camera_to_rig"]), np.array(frame.state["K"]))
        print(turn, seen, expected)
        assert 0 < expected < frame.width
        assert seen == pytest.approx(expected, abs=0.5)
    assert "sky_turn_degrees" not in constants


def test_the_background_gets_brighter_by_the_asked_stops(tmp_path: Path) -> None:
    folder, series, constants = rendered(
        "environment", tmp_path, *FLAGS, "--hdri", write_sky(tmp_path), "--asset", write_strip(tmp_path),
        "--hold", "environment_rotation", 270, "--vary", "strength", "--range", -2, 2, "--states", 5,
    )  # fmt: skip
    pictures = [linear(folder / frame.file)[:40, :, 1] for frame in series.frames]
    for frame, darker, brighter in zip(series.frames[1:], pictures, pictures[1:], strict=False):
        usable = (brighter < 0.95) & (darker > 0.02)
        assert usable.sum() > 500
        print(frame.values, brighter[usable].sum() / darker[usable].sum())
        assert brighter[usable].sum() / darker[usable].sum() == pytest.approx(2, rel=0.01)
    for frame in series.frames:
        asked = frame.values["environment_strength"]
        assert frame.measured["environment_strength"] == pytest.approx(asked, abs=1e-4)
        assert frame.state["sky_strength"] == pytest.approx(constants["sky_strength"] * 2**asked, rel=1e-5)
    assert constants["sky_turn_degrees"] == 270
