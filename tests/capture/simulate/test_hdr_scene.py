import subprocess
import sys

import cv2
import numpy as np
import OpenEXR
import pytest

from capture.simulate.foreground import add_solids, irradiance, irradiance_harmonics, place_solids
from capture.simulate.hdr_scene import Source, View, find_sources, look, read_hdr
from cat_dataset.errors import InputError


def test_a_view_sees_what_lies_in_its_direction():
    environment = np.zeros((90, 180, 3), np.float32)
    environment[30:32, 112:114] = 9  # 45° to the right, 28° up
    view = View(yaw=45, pitch=28, field_of_view=40)
    picture = look(environment, view.directions(80, 60))
    y, x = np.unravel_index(picture[..., 0].argmax(), picture.shape[:2])
    assert abs(x - 39.5) < 3
    assert abs(y - 29.5) < 3
    assert view.focal_length_mm() == pytest.approx(18 / np.tan(np.radians(20)))


def test_even_light_gives_even_irradiance():
    harmonics = irradiance_harmonics(np.full((64, 128, 3), 2.0, np.float32))
    normals = np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1]], np.float32)
    assert irradiance(harmonics, normals) == pytest.approx(np.full((3, 3), 2 * np.pi), rel=0.01)


def test_solids_hide_each_other_by_depth(environment):
    view = View(0, -5, 70)
    directions = view.directions(90, 60)
    solids = place_solids(np.random.default_rng(4), view, 4)
    background = look(environment, directions)
    forward, backward = (add_solids(background, directions, environment, order) for order in (solids, solids[::-1]))
    assert (forward != background).any(axis=-1).mean() > 0.05
    assert forward == pytest.approx(backward, rel=1e-5)


def test_radiance_and_openexr_files_are_read_alike(tmp_path):
    picture = np.random.default_rng(0).uniform(0, 50, (32, 64, 3)).astype(np.float32)
    cv2.imwrite(str(tmp_path / "a.hdr"), picture[..., ::-1])
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": picture}).write(str(tmp_path / "a.exr"))
    assert read_hdr(tmp_path / "a.exr") == pytest.approx(picture, rel=1e-3)
    assert np.abs(read_hdr(tmp_path / "a.hdr") - picture).max() < 50 / 128


def test_bad_environments_are_refused(tmp_path):
    good = tmp_path / "good.exr"
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": np.ones((32, 64, 3), np.float32)}).write(str(good))
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"Z": np.ones((32, 64), np.float32)}).write(str(tmp_path / "depth.exr"))
    (tmp_path / "cut.exr").write_bytes(good.read_bytes()[:200])
    (tmp_path / "text.exr").write_text("hello", encoding="utf-8")
    (tmp_path / "cut.hdr").write_bytes(b"#?RADIANCE\n")
    (tmp_path / "huge.hdr").write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 400000 +X 800000\n" + bytes(64))
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": -np.ones((32, 64, 3), np.float32)}).write(str(tmp_path / "minus.exr"))
    for name, says in [
        ("depth.exr", "R, G, B"),
        ("cut.exr", "OpenEXR"),
        ("text.exr", "neither"),
        ("cut.hdr", "damaged"),
        ("huge.hdr", "more than 16384 pixels"),
        ("minus.exr", "negative"),
        ("no.exr", "does not exist"),
    ]:
        with pytest.raises(InputError, match=says):
            read_hdr(tmp_path / name)


def test_sources_in_order(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="not a file"):
        find_sources([tmp_path / "no.exr"], 0, 1)
    monkeypatch.setattr("capture.simulate.hdr_scene.bundled_hdris", list)
    sources, said = find_sources([], 7, 2)
    assert "procedural" in said
    assert [source.name for source in sources] == ["procedural_7_000", "procedural_7_001"]
    one, two = (source.load() for source in sources)
    assert one.max() > 100 * np.median(one)
    assert not np.array_equal(one, two)
    assert np.array_equal(one, Source(*(sources[0].name, None, sources[0].seed)).load())


def test_looking_for_bundled_hdris_does_not_import_bpy():
    code = "import sys; from capture.simulate.hdr_scene import bundled_hdris; bundled_hdris(); sys.exit('bpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
