"""Traps of motion, measured in the files."""

import cv2
import numpy as np
import pytest

from tests.capture.simulate.looking import correlation, displacement, files, green

SIZE = (240, 160)


@pytest.fixture
def still(shoot):
    """A series in which nothing but the white balance changes, so that any two frames see the same."""

    def take(*traps, frames=3, vary="white_balance", **more):
        folder = shoot(vary, frames, size=SIZE, traps=traps, name=f"{vary}_{len(shoot.truth)}", **more)
        return files(folder), [told["traps"] for told in shoot.truth[folder]]

    return take


def test_shake_shifts_and_turns_one_frame_by_what_is_told(still):
    paths, told = still("shake:2=5/2")
    assert told[0] == told[2] == []
    (truth,) = told[1]
    assert np.hypot(truth["right_px"], truth["down_px"]) == pytest.approx(5)
    assert abs(truth["turn_deg"]) == 2
    found = displacement(paths[1], paths[0])
    assert np.degrees(np.arctan2(found[1, 0], found[0, 0])) == pytest.approx(truth["turn_deg"], abs=0.1)
    assert found[:, 2] == pytest.approx([truth["right_px"], truth["down_px"]], abs=0.25)


def test_a_hand_held_series_moves_in_every_frame(still):
    paths, told = still("hand_held=3/0", frames=4)
    places = np.array([[one["right_px"], one["down_px"]] for (one,) in told])
    assert len(np.unique(places, axis=0)) == 4
    for path, place in zip(paths[1:], places[1:], strict=True):
        assert displacement(path, paths[0])[:, 2] == pytest.approx(place - places[0], abs=0.3)


def test_a_creeping_camera_sinks_evenly(still):
    paths, _ = still("creep=8")
    down = [displacement(path, paths[0])[:, 2] for path in paths[1:]]
    assert down[0] == pytest.approx([0, 4], abs=0.25)
    assert down[1] == pytest.approx([0, 8], abs=0.25)


@pytest.mark.parametrize("vary", ["white_balance", "focus_distance"])
def test_breathing_changes_the_scale_over_the_series(still, vary):
    paths, told = still("breathing=6", vary=vary)
    assert [one["scale"] for (one,) in told] == pytest.approx([0.97, 1.0, 1.03] if vary == "white_balance" else [1.03, 1.0, 0.97])
    found = displacement(paths[2], paths[0], cv2.MOTION_AFFINE)
    expected = told[2][0]["scale"] / told[0][0]["scale"]
    assert np.sqrt(np.linalg.det(found[:, :2])) == pytest.approx(expected, abs=0.004)


def test_a_disc_crosses_the_picture(still):
    plain, _ = still()
    paths, told = still("moving=0.2")
    middles = []
    for path, before, (truth,) in zip(paths, plain, told, strict=True):
        changed = cv2.medianBlur((np.abs(green(path) / np.maximum(green(before), 0.01) - 1) > 0.3).astype(np.uint8), 5) > 0
        rows, columns = np.nonzero(changed)
        centre = [(columns.min() + columns.max() + 1) / 2 / changed.shape[1], (rows.min() + rows.max() + 1) / 2 / changed.shape[0]]
        assert centre == pytest.approx([truth["x"], truth["y"]], abs=0.04)
        middles.append(centre[0])
    assert middles == sorted(middles)
    assert middles[2] - middles[0] > 0.6


def test_a_stray_frame_shows_something_else(still):
    paths, told = still("stray:3")
    assert told[2][0]["trap"] == "stray"
    one, two, three = (np.log2(np.maximum(green(path), 1e-3)) for path in paths)
    assert correlation(one, two) > 0.98
    assert correlation(one, three) < 0.7


def test_a_longer_focal_length_magnifies_the_same_view(shoot):
    folder = shoot("focal_length", 3, size=SIZE, limits=(24, 32))
    paths = files(folder)
    found = displacement(paths[2], paths[0], cv2.MOTION_AFFINE)
    assert found[:, :2] == pytest.approx(np.eye(2) * 32 / 24, abs=0.01)
    assert found[:, 2] == pytest.approx([0, 0], abs=0.4)
