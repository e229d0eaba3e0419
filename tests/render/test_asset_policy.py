"""What is done to assets only where it is needed changes settings only there; assets that crash Blender are survived."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from cat_dataset.errors import SeriesConflict
from cat_dataset.series_writer import SeriesWriter
from render.blender.assets.policy import AssetPolicy, add_asset_flags
from tests.render.runs import ROOT, inside_blender

SETTINGS = {"size": 64, "asset": "a"}
DECIMATE = AssetPolicy(too_many="decimate", max_polygons=5000)
ALLOW = AssetPolicy(missing_textures="allow")


def test_flags_and_policies_are_the_same_thing() -> None:
    parser = argparse.ArgumentParser()
    add_asset_flags(parser)
    assert AssetPolicy.of(parser.parse_args([])) == AssetPolicy()
    policy = AssetPolicy("z", "allow", 300, "decimate")
    assert AssetPolicy.of(parser.parse_args(policy.as_flags())) == policy
    assert len(policy.possible(".fbx")) == 4
    assert all(adapted["up"] == "z" for adapted in policy.possible(".obj"))
    assert AssetPolicy().possible(".obj") == AssetPolicy(up="y").possible(".obj") == [{}]


def begun(folder: Path, adapted: dict[str, object]) -> Path:
    """A series folder begun with `SETTINGS` and what was done to its asset."""
    with SeriesWriter(folder, {**SETTINGS, **adapted}, {"blender": "5.0.1"}):
        pass
    return folder


def test_a_series_of_an_asset_that_needed_nothing_fits_every_policy(tmp_path: Path) -> None:
    folder = begun(tmp_path / "plain", {})
    for policy in (AssetPolicy(), DECIMATE, ALLOW):
        assert policy.is_complete(folder, SETTINGS, Path("a.obj")) is False  # no conflict: it may go on


def test_a_series_of_a_changed_asset_fits_the_policy_that_changes_it_so(tmp_path: Path) -> None:
    folder = begun(tmp_path / "thin", {"max_polygons": 5000})
    assert DECIMATE.is_complete(folder, SETTINGS, Path("a.obj")) is False
    assert AssetPolicy("auto", "allow", 5000, "decimate").is_complete(folder, SETTINGS, Path("a.obj")) is False
    for other in (
        AssetPolicy(),
        ALLOW,
        AssetPolicy("z", max_polygons=5000, too_many="decimate"),
        AssetPolicy(too_many="decimate", max_polygons=6000),
    ):
        with pytest.raises(SeriesConflict):
            other.is_complete(folder, SETTINGS, Path("a.obj"))


PROBE = """
import json
import sys
from pathlib import Path

sys.path.insert(0, ".")
import bpy

from render.blender.assets.probe import probe

path = Path(sys.argv[1])
if len(sys.argv) == 2:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=False)
    print("REASON", json.dumps([probe(path), probe(path, seconds=0.05), probe(path.with_name("absent.obj"))]))
else:
    print("REASON", json.dumps([probe(path, seconds=60)]))
"""


def reasons(*arguments: object) -> list[str | None]:
    (line,) = [line for line in inside_blender(PROBE, *arguments).splitlines() if line.startswith("REASON")]
    return list(json.loads(line.removeprefix("REASON")))


def scribbled(data: bytes, seed: int) -> bytes:
    """A .blend with 30 wrong bytes in its first mesh."""
    draw, result = random.Random(seed), bytearray(data)
    start = data.find(b"ME\0\0")
    for _ in range(30):
        result[start + 40 + draw.randrange(1500)] = draw.randrange(256)
    return bytes(result)


def test_a_probe_survives_what_kills_blender(tmp_path: Path) -> None:
    path = tmp_path / "cube.blend"
    good, slow, absent = reasons(path)
    assert good is None
    assert slow is not None
    assert f"{path} was not loaded within 0.05 s" in slow
    assert absent is not None
    assert "is not a supported asset" in absent
    whole = path.read_bytes()
    found = []
    for seed in range(3, 15):  # which of them crash Blender differs from build to build
        path.write_bytes(scribbled(whole, seed))
        found += reasons(path, "again")
        if found[-1] and "makes Blender crash" in found[-1]:
            return
    pytest.skip(f"this Blender survived every damage: {found}")


def test_the_probe_is_a_program_too(tmp_path: Path) -> None:
    (tmp_path / "good.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", encoding="utf-8")
    (tmp_path / "bad.stl").write_text("hello", encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "render.blender.assets.probe", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert run.returncode == 2
    assert f"usable: {tmp_path / 'good.obj'}" in run.stdout
    assert f"unusable: {tmp_path / 'bad.stl'} is not an STL file" in run.stdout
    assert "1 of 2 assets cannot be used" in run.stderr
