"""Traps of light, measured in the files."""

import numpy as np
import pytest

from capture.simulate.camera import photograph_takes
from capture.simulate.exposing import Rig, Take
from capture.simulate.hdr_scene import Source
from capture.simulate.orders import parse_order
from capture.simulate.picture_scene import PictureScene
from capture.simulate.press import Shoot
from capture.simulate.sweep import sweep
from cat_dataset.errors import UsageError
from tests.capture.simulate.looking import brightness, files, green, number, raw, tags

SIZE = (192, 128)


@pytest.fixture
def trapped(shoot):
    """``trapped("iso", "flicker")`` gives the files of a series and the truth about the trap in each."""

    def take(vary, *traps, frames=3, **more):
        folder = shoot(vary, frames, size=SIZE, traps=traps, name=f"{vary}_{len(shoot.truth)}", **more)
        return files(folder), [told["traps"][0] if told["traps"] else {} for told in shoot.truth[folder]]

    return take


def two_depths(tmp_path, *traps):
    """Three exposures of grey boards: the left half 1 m away, the right one 20 m."""
    texture = np.random.default_rng(0).uniform(0.4, 1, (64, 96, 1)).astype(np.float32).repeat(3, axis=2)
    depth = np.where(np.arange(96) < 48, 1.0, 20.0)[None].repeat(64, axis=0).astype(np.float32)
    scene, shoot = PictureScene(texture, depth, 50.0), Shoot("boards_00", Source("boards"), 0, 0)
    take = Take(shoot, Source.load, "white_balance", sweep("white_balance", 3), picture=scene)
    photograph_takes([take], tmp_path, Rig((96, 64)), [parse_order(trap) for trap in traps])
    return files(tmp_path)


def test_flicker_changes_the_light_of_each_frame(trapped):
    paths, told = trapped("white_balance", "flicker=0.5", frames=4)
    asked = [truth["light_ev"] for truth in told]
    assert len({round(ev, 6) for ev in asked}) == 4
    assert all(abs(ev) <= 0.5 for ev in asked)
    assert [brightness(path, paths[0]) for path in paths] == pytest.approx(np.array(asked) - asked[0], abs=0.01)


def test_banding_is_the_pulse_summed_over_the_time_each_row_is_open(trapped):
    """At 1/60 s and 100 pulses a second; the expected rows by summing the pulse at 2000 moments."""
    (plain, *_), _ = trapped("white_balance")
    (path, *_), told = trapped("white_balance", "banding=0.9/100")
    truth = told[0]
    opened = np.arange(0, SIZE[1], 2)[:, None] / SIZE[1] * truth["readout_s"]
    moments = opened + (np.arange(2000) + 0.5) / 2000 / 60
    expected = (1 + truth["depth"] * np.sin(2 * np.pi * truth["hertz"] * moments + truth["phase"])).mean(axis=1)
    assert np.ptp(expected) > 0.25
    one, two = green(path), green(plain)
    usable = (two > 0.03) & (two < 0.7)
    rows = np.array([np.median(a[u] / b[u]) if u.sum() > 10 else np.nan for a, b, u in zip(one, two, usable, strict=True)])
    assert np.isfinite(rows).mean() > 0.5
    assert rows[np.isfinite(rows)] == pytest.approx(expected[np.isfinite(rows)], abs=0.03)


def test_a_whole_number_of_pulses_leaves_no_bands(trapped):
    (plain, *_), _ = trapped("white_balance")
    (path, *_), _ = trapped("white_balance", "banding=0.9/120")
    assert brightness(path, plain) == pytest.approx(0, abs=0.01)


def test_the_light_drifts_evenly(trapped):
    paths, _ = trapped("white_balance", "drift=-0.8")
    assert [brightness(path, paths[0]) for path in paths] == pytest.approx([0, -0.4, -0.8], abs=0.015)


def test_fog_takes_contrast_and_not_light(tmp_path):
    paths = two_depths(tmp_path, "fog=0.6")
    pictures = [green(path) for path in paths]
    contrast = [float(one.std() / one.mean()) for one in pictures]
    assert contrast[1] / contrast[0] == pytest.approx(0.7, abs=0.03)
    assert contrast[2] / contrast[0] == pytest.approx(0.4, abs=0.03)
    assert pictures[2].mean() == pytest.approx(pictures[0].mean(), rel=0.01)


@pytest.mark.parametrize(("trap", "fired"), [("flash", True), ("lamp", False)])
def test_a_flash_lights_what_is_near(tmp_path, trap, fired):
    """The boards at 1 m and 20 m have their middle, in 1/distance, at 1.905 m; light falls with the square of the distance."""
    paths = two_depths(tmp_path, f"{trap}:2=0.3")
    ratio = green(paths[1]) / green(paths[0])
    near, far = float(np.median(ratio[:, :22])), float(np.median(ratio[:, 26:]))
    assert near == pytest.approx(1 + (2**0.3 - 1) * 1.905**2, rel=0.02)
    assert far == pytest.approx(1.002, abs=0.01)
    assert [str(tags(path)["EXIF Flash"]).startswith("Flash fired") for path in paths] == [False, fired, False]


def test_an_overexposed_frame_is_clipped_and_says_its_shutter(trapped):
    paths, told = trapped("iso", "overexposed:2=6", limits=(100, 400))
    assert told[1]["ev"] == 6
    clipped = [(raw(path) > 14900).mean() for path in paths]
    assert clipped[1] > 0.8
    assert max(clipped[0], clipped[2]) < 0.3
    assert number(paths[1], "EXIF ExposureTime") == pytest.approx(64 / 60, rel=0.01)


def test_automatic_iso_takes_back_what_the_shutter_does(trapped):
    paths, _ = trapped("exposure", "iso_drift", frames=5, limits=(-2, 2))
    isos = [number(path, "EXIF ISOSpeedRatings") for path in paths]
    assert isos == pytest.approx([800, 400, 200, 100, 50], rel=0.02)
    assert [brightness(path, paths[2]) for path in paths] == pytest.approx([0] * 5, abs=0.03)
    with pytest.raises(UsageError, match="another --vary"):
        trapped("iso", "iso_drift")


def test_an_iso_beyond_its_tag_holds_the_brightness_and_brings_noise(trapped):
    paths, _ = trapped("white_balance", "iso_overflow:3=102400")
    assert [number(path, "EXIF ISOSpeedRatings") for path in paths] == [200, 200, 65535]
    assert number(paths[2], "EXIF RecommendedExposureIndex") == 102400
    assert brightness(paths[2], paths[0]) == pytest.approx(0, abs=0.1)
    rough = [float(np.diff(green(path), axis=1).std()) for path in paths]
    assert rough[2] > 2 * rough[0]
