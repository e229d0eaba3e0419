"""Objects and skies as people publish them. ``CAT_REAL_ASSETS=1`` takes all 1937 objects, some minutes; else a few."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cat_dataset.series import find_series, read_series
from render.blender.assets.files import KINDS
from tests.render.real_assets import ALL, skies, wheel
from tests.render.runs import error_lines, inside_blender, rotate

ROBOSUITE, PYBULLET = ("robosuite==1.5.2", "robosuite/models/assets"), ("pybullet==3.2.7", "pybullet_data")
MESHES = "objects/meshes"
CHUNK = 200
LOAD = """
import json
import sys
from pathlib import Path

sys.path.insert(0, ".")
import bpy

from cat_dataset.errors import CatError
from render.blender.assets.files import check_asset
from render.blender.assets.loading import load
from render.blender.assets.policy import AssetPolicy
from render.blender.sources import Source

policy = AssetPolicy(missing_textures=sys.argv[1])
for line in open(sys.argv[2], encoding="utf-8"):
    path = Path(json.loads(line))
    try:
        check_asset(path, policy)
        subject = load(Source(path.stem, path, "0" * 64), policy)
        outcome = {"radius": max(corner.length for corner in subject.outline), "adapted": subject.adapted}
    except CatError as error:
        outcome = {"error": str(error)}
    print("RESULT", json.dumps([str(path), outcome]))
"""
BROKEN = {
    "random_urdfs/168/168.obj": "not finite",
    "kinova3/meshes/end_effector_link.obj": "is not an OBJ file with vertices",
    "kinova3/meshes/end_effector_link.stl": "is not an STL file",
    "tiago/meshes/wheels/suspension_rear_link.stl": "no mesh with a face",
}
"""The four of these objects that are damaged or empty, and what is said of them."""


def objects(package: tuple[str, str]) -> list[Path]:
    folder = wheel(package[0], (package[1] + "/",)) / package[1]
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in KINDS)
    assert len(found) > 700
    return found if ALL else found[:: len(found) // 12]


@pytest.mark.parametrize("package", [ROBOSUITE, PYBULLET], ids=["robosuite", "pybullet"])
def test_every_object_loads_or_says_why_not(package: tuple[str, str], tmp_path: Path) -> None:
    asked = objects(package)
    outcomes = {}
    for start in range(0, len(asked), CHUNK):
        order = tmp_path / "order"
        order.write_text("".join(json.dumps(str(path)) + "\n" for path in asked[start : start + CHUNK]), encoding="utf-8")
        lines = inside_blender(LOAD, "allow", order).splitlines()
        outcomes.update(json.loads(line.removeprefix("RESULT")) for line in lines if line.startswith("RESULT"))
    assert list(outcomes) == [str(path) for path in asked]
    for name, outcome in outcomes.items():
        if "error" in outcome:
            damage = [reason for end, reason in BROKEN.items() if name.endswith(end)]
            assert (damage or ["has no importer for .dae"])[0] in outcome["error"], outcome
            assert damage or name.endswith(".dae"), outcome
        else:
            assert outcome["radius"] == pytest.approx(0.5, abs=1e-5), name
    usable = sum("error" not in outcome for outcome in outcomes.values())
    print(f"{usable} of {len(outcomes)} usable")
    assert usable > 0.6 * len(outcomes)


def test_real_objects_under_a_real_sky_look_like_themselves(tmp_path: Path) -> None:
    sky = skies()["city"]
    can = wheel(ROBOSUITE[0], (ROBOSUITE[1] + "/",)) / ROBOSUITE[1] / MESHES / "can.obj"
    duck = wheel(PYBULLET[0], (PYBULLET[1] + "/",)) / PYBULLET[1] / "duck.obj"
    flags = ["--size", "64", "--samples", "4", "--states", "2", "--views", "1", "--threads", "1", "--range", "-60", "60"]
    run = rotate(*flags, "--asset", can, duck, "--hdri", sky, "--out", tmp_path)
    assert run.returncode == 0, error_lines(run)
    colours = {}
    for folder in find_series(tmp_path):
        series = read_series(folder)
        for frame in series.frames:
            assert 0.05 < frame.measured["free_margin"] < 0.7
            with Image.open(folder / frame.file) as picture:
                pixels = np.asarray(picture.convert("RGB"), dtype=float)
            assert 40 < pixels.mean() < 200
            red, green, blue = pixels.reshape(-1, 3).T
            assert not ((red > 200) & (blue > 200) & (green < 60)).any()  # magenta: a texture that is not there
            colours[series.object] = pixels[24:40, 24:40].reshape(-1, 3).mean(0)
    assert set(colours) == {"can", "duck"}
    assert colours["duck"][0] > 1.5 * colours["duck"][2]
    assert colours["duck"][1] > 1.3 * colours["duck"][2]
    assert colours["can"][0] > 1.2 * colours["can"][1]


def test_every_sky_is_taken_and_lights_evenly(tmp_path: Path) -> None:
    chosen = list(skies().values()) if ALL else list(skies().values())[::9]
    flags = ["--size", "32", "--samples", "4", "--states", "2", "--views", "1", "--threads", "1", "--asset", "builtin:mug"]
    run = rotate(*flags, "--hdri", *chosen, "--out", tmp_path)
    assert run.returncode == 0, error_lines(run)
    folders = list(find_series(tmp_path))
    assert len(folders) == len(chosen)
    for folder in folders:
        with Image.open(folder / "frames" / "0000.png") as picture:
            assert 25 < np.asarray(picture, dtype=float).mean() < 215, folder.name
