"""Folders from the simulated camera, of which it is known what they hold: DNGs read and looked at as the tool does."""

import pytest

from capture.reading.complete import complete
from capture.reading.preview import preview
from capture.reading.read import read_shot
from capture.simulate.camera import photograph_takes
from capture.simulate.exposing import Rig, Take
from capture.simulate.hdr_scene import Source
from capture.simulate.mix import parse_mix
from capture.simulate.orders import parse_order
from capture.simulate.press import Shoot
from capture.simulate.sweep import sweep
from capture.sorting.listing import list_files
from capture.sorting.plan import plan_folder

SIZE = (192, 128)


@pytest.fixture
def card(tmp_path, environment):
    """``card(mix, *traps)``: the plan of a folder of several series, and the truth by file name."""

    def take(mix, *traps):
        start, takes = 0.0, []
        for part in parse_mix(mix, 4):
            chosen = sweep(part.vary, part.frames, None, False)
            scene = Shoot(f"procedural_{part.scene:02d}", Source("procedural", None, 3), part.scene, 0)
            takes.append(Take(scene, lambda source: environment, part.vary, chosen, start))
            start += len(chosen) + 60
        folder = tmp_path / "card"
        told = photograph_takes(takes, folder, Rig(SIZE, helper=False), [parse_order(trap) for trap in traps])
        shots = complete([read_shot(path) for path in list_files(folder).files])
        return plan_folder(shots, folder=folder, preview=preview), {one["file"]: one for one in told}

    return take


def numbers(found):
    return [(plan.attribute, sorted(int(shot.path.stem[-4:]) for shot in plan.shots)) for plan in found.plans]


def test_a_card_that_was_not_emptied(card):
    found, _ = card("iso,exposure@0,iso,white_balance@1,aperture:3@2")
    assert numbers(found) == [
        ("iso", [1, 2, 3, 4]), ("exposure", [5, 6, 7, 8]), ("iso", [9, 10, 11, 12]), ("white_balance", [13, 14, 15, 16]),
        ("aperture", [17, 18, 19]),
    ]  # fmt: skip
    assert (found.refused, found.strays) == ((), ())
    places = [plan.scene for plan in found.plans]
    assert places[0] == places[1]


def test_the_labels_are_those_that_were_set(card):
    found, truth = card("focal_length,focus_distance@0,iso@0")
    assert [plan.attribute for plan in found.plans] == ["focal_length", "focus_distance", "iso"]
    keys = {"focal_length": "focal_length_mm", "focus_distance": "focus_distance_m", "iso": "iso"}
    for plan in found.plans:
        for shot, value in zip(plan.shots, plan.values, strict=True):
            assert value == pytest.approx(truth[shot.path.name]["done"][keys[plan.attribute]], rel=1e-3)


@pytest.mark.parametrize("trap", ["other_camera:3", "other_lens:3", "wrong_iso:3"])
def test_a_frame_that_does_not_belong_is_named(card, trap):
    found, _ = card("exposure:9", trap)
    assert numbers(found) == [("exposure", [1, 2, 4, 5, 6, 7, 8, 9])]
    left = [name for plan in found.plans for name, _ in plan.set_aside] + [stray.shot.path.name for stray in found.strays]
    assert left == ["cat_0003.dng"]


@pytest.mark.parametrize("trap", ["clock", "same_second", "rotated:2", "auto_wb"])
def test_a_wrong_clock_or_mark_does_not_tear_a_series(card, trap):
    found, _ = card("iso,iso@1", trap)
    assert numbers(found) == [("iso", [1, 2, 3, 4]), ("iso", [5, 6, 7, 8])]


def test_a_stray_frame_of_another_scene_is_seen_where_pictures_are_compared(card):
    found, _ = card("iso:4,iso:4@0", "same_second", "stray:3")
    assert numbers(found) == [("iso", [1, 2, 4, 7])]
    assert [(left.shot.path.name, left.reason.split(",")[0]) for left in found.strays] == [
        ("cat_0003.dng", "shows another view than cat_0002.dng")
    ]
    assert [name for name, _ in found.plans[0].set_aside] == ["cat_0005.dng", "cat_0006.dng", "cat_0008.dng"]
