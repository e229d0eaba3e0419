"""Blur against the thin lens, measured from the second moments of a glowing dot."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from cat_dataset.series import find_series, read_series
from tests.render.runs import sweep

SIZE, FOCUS_M, LENS_M, SENSOR_M = 320, 0.6, 0.050, 0.036


def write_dot(folder: Path) -> Path:
    """A glowing cube in the middle, and two tiny black ones that make the object's size."""
    vertices, faces = [], []
    for centre, half, paint in (((0, 0, 0), 0.02, "glow"), ((1, 0, 0), 0.001, "black"), ((-1, 0, 0), 0.001, "black")):
        first = len(vertices) + 1
        vertices += ["v " + " ".join(str(c + s * half) for c, s in zip(centre, signs, strict=True)) for signs in CORNERS]
        faces.append(f"usemtl {paint}")
        faces += ["f " + " ".join(str(first + k) for k in face) for face in SIDES]
    (folder / "dot.obj").write_text("\n".join(["mtllib dot.mtl", "o dot", *vertices, *faces]) + "\n", encoding="utf-8")
    (folder / "dot.mtl").write_text("newmtl glow\nKd 0 0 0\nKe 0.4 0.4 0.4\nnewmtl black\nKd 0 0 0\n", encoding="utf-8")
    return folder / "dot.obj"


CORNERS = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]


def spread(picture: Path) -> float:
    """Mean of the variances along x and y of the light in a picture, in pixels²."""
    coded = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE) / 255
    light = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    light[light < 0.002] = 0
    assert 0.05 < light.max() < 0.999, "the dot must be seen, and not burnt out"
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]]
    total = light.sum()
    return float(sum((light * (axis - (light * axis).sum() / total) ** 2).sum() / total for axis in (rows, columns)) / 2)


def circle_of_confusion(f_number: float, distance: float) -> float:
    """Diameter in pixels of a thin lens's blur disc.

    In the plane of focus it is A·|d − s| / d, A = f / N; the picture shows that plane at f / s, since the lens does not breathe
    (one that did would show it at f / (s − f)).
    """
    return LENS_M / f_number * abs(distance - FOCUS_M) / distance * LENS_M / FOCUS_M / SENSOR_M * SIZE


def test_blur_follows_the_thin_lens(tmp_path: Path) -> None:
    flags = [
        "--vary", "f_stop", "--range", 1.4, 5.6, "--states", 3, "--hold", "focus_distance", FOCUS_M, "--hold", "environment_strength", -20,
        "--size", SIZE, "--samples", 24, "--views", 1, "--threads", 1, "--no-denoise", "--hdri", "builtin:procedural", "--fixed-shutter",
    ]  # fmt: skip
    run = sweep("camera", *flags, "--asset", write_dot(tmp_path), "--out", tmp_path / "series")
    assert run.returncode == 0, run.stderr
    (folder,) = find_series(tmp_path / "series")
    distance = json.loads((folder / "series.json").read_text(encoding="utf-8"))["constants"]["distance_m"]
    frames = read_series(folder).frames
    blur = [circle_of_confusion(frame.values["aperture"], distance) for frame in frames]
    seen = [spread(folder / frame.file) for frame in frames]
    assert blur[0] > 15
    for k in range(2):  # a disc of diameter c has variance c²/16; what the dot itself has falls out of the difference
        measured = math.sqrt(16 * (seen[k] - seen[2]))
        predicted = math.sqrt(blur[k] ** 2 - blur[2] ** 2)
        print(blur[k], measured / predicted)
        assert measured == pytest.approx(predicted, rel=0.03)
