"""A lamp's lumens and kelvins against the light that reaches a plate, measured from pixels."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cat_dataset.series import Frame, find_series, read_series, verify_frames
from tests.render.plates import ALBEDO, Array, linear, plate_points, rendered, write_plate
from tests.render.runs import ROOT, TINY, error_lines, hashes, inside_blender, sweep

LUMENS_PER_WATT = 683.0
PLATE = ["--size", 96, "--hdri", "builtin:procedural", "--fill", "none", "--hold", "orbit_elevation", 60]
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""Linear sRGB to XYZ as IEC 61966-2-1 prints it."""


def lit(frame: Frame, points: Array, normal: Array) -> Array:
    """Linear pixel values of the plate at ``points`` under a point lamp, by P/(4πd²) and Lambert's law, (n, 3)."""
    lamp = frame.state["lamp"]
    ways = np.array(lamp["position_m"]) - points
    away = np.linalg.norm(ways, axis=-1)
    irradiance = lamp["watts"] / (4 * math.pi * away**2) * (ways @ normal / away)
    return irradiance[:, None] * lamp["rgb"] * ALBEDO / math.pi * 2 ** frame.state["exposure_ev"]


def from_panel(frame: Frame, points: Array, normal: Array, side: float) -> Array:
    """The same under a square panel that faces the rig's origin: the integral over its surface of L·cosθ·cosθ'/r²."""
    lamp, steps = frame.state["lamp"], (np.arange(12) + 0.5) / 12 - 0.5
    middle = np.array(lamp["position_m"])
    facing = -middle / np.linalg.norm(middle)
    right = np.cross(facing, [0, 0, 1]) / np.linalg.norm(np.cross(facing, [0, 0, 1]))
    upwards = np.cross(right, facing)
    total = np.zeros(len(points))
    for i in steps:
        for j in steps:
            ways = middle + side * (i * right + j * upwards) - points
            away = np.linalg.norm(ways, axis=-1)
            total += (ways @ normal / away) * (-ways @ facing / away) / away**2
    radiance = lamp["watts"] / (math.pi * side**2)
    irradiance = radiance * total * side**2 / len(steps) ** 2
    return irradiance[:, None] * lamp["rgb"] * ALBEDO / math.pi * 2 ** frame.state["exposure_ev"]


@pytest.mark.parametrize("shape", ["point", "area"])
def test_irradiance_follows_the_lamp(shape: str, tmp_path: Path) -> None:
    """Over lumens, over distances (the plate rises towards the lamp), over the places of the plate: within 1 %."""
    folder, series, constants = rendered(
        "light", tmp_path, *PLATE, "--asset", write_plate(tmp_path), "--lamp", shape, "--samples", 4 if shape == "point" else 64,
        "--vary", "intensity", "--range", 200, 1600, "--states", 4, "--also", "translation_z", 60, -40,
    )  # fmt: skip
    distances = []
    for frame in series.frames:
        assert frame.state["lamp"]["watts"] == pytest.approx(frame.values["light_intensity"] / LUMENS_PER_WATT, rel=1e-6)
        assert frame.measured["light_intensity"] == pytest.approx(frame.values["light_intensity"], rel=1e-6)
        picture = linear(folder / frame.file)
        points, parts, normal = plate_points(frame)
        distances.append(np.linalg.norm(np.array(frame.state["lamp"]["position_m"]) - points[sum(parts) > 0].mean(axis=0)))
        for part in parts:
            assert part.sum() > 100
            expected = lit(frame, points[part], normal) if shape == "point" else from_panel(frame, points[part], normal, 0.5)
            print(frame.values, picture[part].mean(axis=0) / expected.mean(axis=0))
            assert picture[part].max() < 0.99
            assert picture[part].mean(axis=0) == pytest.approx(expected.mean(axis=0), rel=0.01)
    assert max(distances) / min(distances) > 1.4
    assert constants["luminous_efficacy_lm_per_w"] == LUMENS_PER_WATT
    assert constants["lamp"] == shape
    assert np.linalg.norm(series.frames[0].state["lamp"]["position_m"]) == pytest.approx(constants["lamp_distance_m"], abs=1e-5)


def locus(kelvin: float) -> Array:
    """CIE 1976 u'v' of a black body by Krystek's rational fit (1985), which is good to 9e-5 in uv."""
    t = kelvin
    u = (0.860117757 + 1.54118254e-4 * t + 1.28641212e-7 * t**2) / (1 + 8.42420235e-4 * t + 7.08145163e-7 * t**2)
    v = (0.317398726 + 4.22806245e-5 * t + 4.20481691e-8 * t**2) / (1 - 2.89741816e-5 * t + 1.61456053e-7 * t**2)
    return np.array([u, 1.5 * v])


def test_the_light_on_the_plate_lies_on_the_planckian_locus(tmp_path: Path) -> None:
    """Within 0.001 in u'v', about the smallest difference that can be seen (CIE TN 001:2014: 0.0013)."""
    folder, series, _ = rendered(
        "light", tmp_path, *PLATE, "--asset", write_plate(tmp_path, 0.5), "--samples", 4,
        "--vary", "temperature", "--range", 2000, 15000, "--states", 6,
    )  # fmt: skip
    for frame in series.frames:
        _, parts, _ = plate_points(frame)
        picture = linear(folder / frame.file)[sum(parts) > 0]
        x, y, z = TO_XYZ @ picture.mean(axis=0)
        seen = np.array([4 * x, 9 * y]) / (x + 15 * y + 3 * z)
        off = float(np.linalg.norm(seen - locus(frame.values["light_temperature"])))
        print(frame.values, off)
        assert picture.max() < 0.99
        assert off < 0.001
        assert frame.measured["light_temperature"] == pytest.approx(frame.values["light_temperature"], rel=1e-5)


BLENDERS_OWN = """
import sys
sys.path.insert(0, ".")
import bpy
from cat_dataset.blackbody import blackbody_rgb

light = bpy.data.lights.new("lamp", "POINT")
for kelvin in (2500, 4000, 6500, 10000) if hasattr(light, "temperature") else ():
    light.use_temperature, light.temperature = True, kelvin
    print("kelvin", *(own - ours for own, ours in zip(light.temperature_color, blackbody_rgb(kelvin))))
"""


def test_colours_agree_with_blenders_own_black_body() -> None:
    differences = [line.split()[1:] for line in inside_blender(BLENDERS_OWN).splitlines() if line.startswith("kelvin")]
    print(differences)
    assert len(differences) in (0, 4)  # Blender before 4.5 has no such lamps
    assert all(abs(float(number)) < 0.02 for row in differences for number in row)


def test_the_lamp_is_never_seen(tmp_path: Path) -> None:
    """The camera looks up, past the plate, at where the lamp hangs: without a sky all is black."""
    folder, series, _ = rendered(
        "light", tmp_path, "--size", 96, "--samples", 4, "--hdri", "builtin:procedural", "--fill", "none", "--asset", write_plate(tmp_path),
        "--hold", "orbit_azimuth", -130, "--hold", "orbit_elevation", -35, "--states", 2,
    )  # fmt: skip
    for frame in series.frames:
        camera = np.linalg.inv(np.array(frame.state["camera_to_rig"]))
        x, y, z = (camera @ [*frame.state["lamp"]["position_m"], 1])[:3]
        column, row = (np.array(frame.state["K"]) @ [x / -z, -y / -z, 1])[:2]
        assert 0 < column < frame.width
        assert 0 < row < frame.height
        assert z < 0
        assert linear(folder / frame.file).max() < 0.001  # a level; the plate is seen from below, where no light is


def test_one_session_leaves_nothing_behind(tmp_path: Path) -> None:
    """Sweeps of light, sky, rotation and camera have the same bytes in one order and in the other; the car has lights of its own.

    The first of either order has a fresh process, and no sweep has the same ones before it in both.
    """
    plans = {
        "light": [*TINY, "--vary", "intensity", "temperature", "--range", 100, 400, "--range", 2500, 9000],
        "environment": [*TINY, "--vary", "strength", "rotation"],
        "rotate": [*TINY, "--also", "light_temperature", 2500, 8000, "--lamp", "area"],
        "camera": [*TINY],
    }
    inside_blender(SESSION, tmp_path / "forward", json.dumps(plans))
    inside_blender(SESSION, tmp_path / "backward", json.dumps(dict(reversed(plans.items()))))
    forward = hashes(tmp_path / "forward")
    assert len(forward) == 4 * 4
    assert forward == hashes(tmp_path / "backward")
    for folder in find_series(tmp_path / "forward"):
        series = read_series(folder)
        verify_frames(folder, series)
        assert len({frame.sha256 for frame in series.frames}) == 3
        for frame in series.frames:
            for name, value in frame.values.items():
                assert frame.measured[name] == pytest.approx(value, rel=1e-5, abs=1e-3)


SESSION = """
import json, sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, ".")
import bpy
from cat_dataset.interrupt import GentleInterrupt
from render.blender.sweeping.session import Session

session = Session(GentleInterrupt())
for script, flags in json.loads(sys.argv[2]).items():
    module = import_module(f"render.blender.{script}")
    parsed = module.parser().parse_args([*map(str, flags), "--out", sys.argv[1]])
    assert session.render(module.sweep_of(parsed), parsed).finished == 1
"""


def test_colours_that_cannot_be_had_are_named(tmp_path: Path) -> None:
    run = sweep("light", *TINY, "--vary", "temperature", "--range", 1200, 20000, "--out", tmp_path)
    assert run.returncode == 0
    warnings = [line for line in run.stderr.splitlines() if line.startswith("warning: light_temperature")]
    assert len(warnings) == 2
    assert "1200 K: redder than Rec.709" in warnings[0]
    assert "20000 K: Blender's own black body stands still above 12000 K" in warnings[1]
    (folder,) = find_series(tmp_path)
    first, last = read_series(folder).frames[0], read_series(folder).frames[-1]
    assert 1201 < first.measured["light_temperature"] < 1250
    assert first.state["lamp"]["rgb"][2] == 0
    assert last.measured["light_temperature"] == pytest.approx(20000, rel=1e-5)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--fill", "bright"], "neither a number of stops from -20 to 20 nor none"),
        (["--fill", "none", "--also", "environment_strength", -1, 1], "environment_strength cannot show under --fill none"),
        (["--range", 0, 100], "must have two ends inside"),
    ],
)
def test_bad_flags_are_one_line(flags: list[object], said: str, tmp_path: Path) -> None:
    run = sweep("light", *flags, "--out", tmp_path / "series")
    assert run.returncode == 2
    (line,) = error_lines(run)
    assert said in line
    assert not (tmp_path / "series").exists()


@pytest.mark.skipif(shutil.which("blender") is None, reason="no blender program on this machine")
@pytest.mark.parametrize("script", ["light", "environment"])
def test_runs_in_the_blender_program(script: str, tmp_path: Path) -> None:
    words = ["blender", "-b", "-P", f"render/blender/{script}.py", "--", *TINY, "--states", "2", "--out", str(tmp_path)]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    (folder,) = find_series(tmp_path)
    verify_frames(folder, read_series(folder))
