"""The judgement on series of the simulated camera: honest ones, and every trap with known truth."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from capture.developing.recipe import UNMOVED
from capture.proving.proof import Verdict
from capture.reading.formats import Kind
from capture.reading.shot import Reading
from tests.capture.proving.judged import Judged

PROVED, UNKNOWN, REFUSED = "proved", "could not verify", "refused"


def relabelled(one: Judged, index: int, **settings: float) -> dict:
    """Arguments of `Judged.again` in which the metadata of one frame say something else."""
    shots, values = list(one.shots), list(one.values)
    shots[index] = replace(shots[index], **{name: Reading(value, "exif") for name, value in settings.items()})
    if one.attribute in settings:
        values[index] = settings[one.attribute]
    return {"shots": shots, "values": values}


def check(one, name: str):
    return next(check for check in one.checks if check.name == name)


@pytest.mark.parametrize(
    ("vary", "how"),
    [("exposure", {}), ("iso", {}), ("iso", {"compensate": True}), ("aperture", {}), ("white_balance", {}), ("focal_length", {})],
)
def test_honest_series_are_proved_without_a_flag(series, vary: str, how: dict) -> None:
    one = series(vary, **how)
    assert one.verdicts == [PROVED] * 5
    assert not any(set(frame.flags) - {"overexposed", "underexposed"} for frame in one.proof.frames)
    assert one.proof.another_reference is None
    assert not one.proof.align
    assert one.proof.crop == (0, 0, *one.size)
    json.dumps(one.proof.as_json(), allow_nan=False)


def test_what_a_lens_does_not_show_is_not_claimed(series) -> None:
    """With everything in focus an aperture series of held brightness and a focus series prove nothing, and refuse nothing."""
    for vary, how in (("aperture", {"compensate": True}), ("focus_distance", {})):
        assert series(vary, sharp=True, **how).verdicts == [UNKNOWN] * 5


@pytest.mark.parametrize("index", [0, 2, 4])
@pytest.mark.parametrize("factor", [2.0, 0.5, 1.4])
def test_a_wrong_shutter_is_refused_alone_even_in_the_reference(series, index: int, factor: float) -> None:
    one = series("exposure")
    shots = list(one.shots)
    shots[index] = replace(shots[index], shutter=Reading(shots[index].shutter.value * factor, "exif"))
    values = [value + (i == index) * math.log2(factor) for i, value in enumerate(one.values)]
    proof = one.again(shots=shots, values=values)
    assert [str(frame.verdict) for frame in proof.frames] == [REFUSED if i == index else PROVED for i in range(5)]
    found = check(proof.frames[index], "brightness")
    assert found.residual == pytest.approx(-math.log2(factor), abs=0.02)
    assert one.shots[index].path.name in found.sentence
    assert "ExposureTime" in found.sentence
    assert proof.another_reference == (None if index != one.reference else proof.another_reference)
    assert (proof.another_reference is not None) == (index == one.reference)


def test_rounded_names_of_shutter_times_are_no_flicker(series) -> None:
    one = series("exposure", limits=(-2.0, 2.0))
    rounded = [60 / 64 * share for share in (0.96, 1.0, 1.05, 0.97, 1.04)]  # of times on the third-stop scale
    shots = [replace(shot, shutter=Reading(shot.shutter.value * share, "exif")) for shot, share in zip(one.shots, rounded, strict=True)]
    values = [value + math.log2(share) for value, share in zip(one.values, rounded, strict=True)]
    proof = one.again(shots=shots, values=values)
    assert all(frame.verdict is Verdict.PROVED for frame in proof.frames)
    assert not any("flicker" in frame.flags for frame in proof.frames)


@pytest.mark.parametrize("index", [1, 3])
@pytest.mark.parametrize("factor", [4.0, 0.25])
def test_iso_and_shutter_that_lie_together_are_found_by_the_noise_alone(series, index: int, factor: float) -> None:
    one = series("iso", compensate=True)
    said = {"iso": one.values[index] * factor, "shutter": one.shots[index].shutter.value / factor}
    proof = one.again(**relabelled(one, index, **said))
    assert [str(frame.verdict) for frame in proof.frames] == [REFUSED if i == index else PROVED for i in range(5)]
    assert check(proof.frames[index], "brightness").verdict is Verdict.PROVED
    assert "noise is that of ISO" in proof.frames[index].reason


def test_a_wrong_f_number_is_refused(series) -> None:
    one = series("aperture")
    proof = one.again(**relabelled(one, 1, f_number=one.values[1] * 1.42) | {"values": one.values})
    assert [str(frame.verdict) for frame in proof.frames] == [PROVED, REFUSED, PROVED, PROVED, PROVED]


def test_reversed_f_numbers_of_held_brightness_are_not_proved(series) -> None:
    one = series("aperture", compensate=True)
    backwards = list(reversed(one.values))
    shots = [replace(shot, f_number=Reading(value, "exif")) for shot, value in zip(one.shots, backwards, strict=True)]
    shots = [replace(shot, shutter=other.shutter) for shot, other in zip(shots, reversed(one.shots), strict=True)]
    proof = one.again(shots=shots, values=backwards)
    assert not any(frame.verdict is Verdict.PROVED for frame in proof.frames)


def test_a_reference_on_which_nothing_lies_proves_nothing_and_is_replaced(series) -> None:
    one = series("exposure")
    nowhere = [compared and {**compared, "found": False} for compared in one.comparisons]
    proof = one.again(comparisons=nowhere)
    assert not any(frame.verdict is Verdict.PROVED for frame in proof.frames)
    assert "may be damaged" in proof.frames[one.reference].reason
    assert proof.another_reference not in (None, one.reference)


def test_a_wrong_focal_length_is_refused(series) -> None:
    one = series("focal_length")
    proof = one.again(**relabelled(one, 1, focal_length=one.values[1] * 1.08))
    assert [str(frame.verdict) for frame in proof.frames] == [PROVED, REFUSED, PROVED, PROVED, PROVED]
    assert check(proof.frames[1], "magnification").measured == pytest.approx(one.values[1] / one.values[one.reference], rel=0.01)


def test_multipliers_that_do_not_follow_the_kelvins_are_refused(series) -> None:
    one = series("white_balance")
    values = list(one.values)
    values[0], values[4] = values[4], values[0]
    proof = one.again(values=values)
    assert {proof.frames[0].verdict, proof.frames[4].verdict} == {Verdict.REFUSED}


def test_a_white_balance_series_under_another_light_is_refused(series) -> None:
    one = series("white_balance")
    reports = [dict(report) for report in one.reports]
    reports[1] = {**reports[1], "mosaic_sha256": "other", "means": {**reports[1]["means"], "R": reports[1]["means"]["R"] * 1.1}}
    proof = one.again(reports=reports)
    assert [str(frame.verdict) for frame in proof.frames] == [PROVED, REFUSED, PROVED, PROVED, PROVED]
    assert "the light changed" in proof.frames[1].reason


def test_finished_pictures_prove_nothing_but_are_refused_when_they_say_the_opposite(series) -> None:
    one = series("exposure")
    shots = [replace(shot, kind=Kind.JPEG) for shot in one.shots]
    reports = [{**report, "raw": False, "noise": None, "noise_profile": None} for report in one.reports]
    proof = one.again(shots=shots, reports=reports)
    assert [str(frame.verdict) for frame in proof.frames] == [UNKNOWN] * 5
    values = [*one.values[:3], one.values[3] - 4, one.values[4]]
    proof = one.again(shots=shots, reports=reports, values=values)
    assert [str(frame.verdict) for frame in proof.frames] == [UNKNOWN, UNKNOWN, UNKNOWN, REFUSED, UNKNOWN]


@pytest.mark.parametrize(
    ("trap", "vary", "flag", "verdict"),
    [
        ("stray:2", "iso", "stray", REFUSED), ("lens_cap:2", "exposure", "black", REFUSED),
        ("duplicate:5", "exposure", "duplicate", REFUSED),
        ("overexposed:4=3", "focus_distance", "overexposed", None), ("flash:4=1.5", "white_balance", "flash", None),
    ],
)  # fmt: skip
def test_a_spoilt_frame_is_named_and_the_others_stay(series, trap: str, vary: str, flag: str, verdict: str | None) -> None:
    one = series(vary, trap)
    number = int(trap.split(":")[1].split("=", maxsplit=1)[0])
    assert flag in one.frame(number).flags
    assert verdict is None or str(one.frame(number).verdict) == verdict
    others = [frame for frame, told in zip(one.proof.frames, one.truth, strict=True) if not told["traps"]]
    assert not any(frame.verdict is Verdict.REFUSED for frame in others)


def test_of_two_frames_that_disagree_the_reference_stays(series) -> None:
    one = series("white_balance", "wrong_shutter:2=1", frames=2)
    assert sorted(one.verdicts) == [PROVED, REFUSED]
    assert one.verdicts[one.reference] == PROVED
    refused = one.proof.frames[1 - one.reference]
    assert "ExposureTime" in refused.reason
    assert "+1" in refused.reason or "-1" in refused.reason


def test_an_equal_copy_is_set_aside(series) -> None:
    one = series("exposure")
    twice = {name: [*getattr(one, name), getattr(one, name)[-1]] for name in ("shots", "values", "reports", "comparisons")}
    proof = one.again(**twice)
    assert [str(frame.verdict) for frame in proof.frames] == [PROVED] * 5 + [REFUSED]
    assert "is set aside" in proof.frames[5].reason


def test_a_stray_reference_is_replaced(series) -> None:
    one = series("iso", "stray:3")
    assert one.reference != 2
    assert [frame.verdict is Verdict.REFUSED for frame in one.proof.frames] == [False, False, True, False, False]


def test_flicker_bands_and_moving_things_are_flagged(series) -> None:
    flickering = series("exposure", "flicker:2=0.5", "flicker:4=0.5")
    light = {told["file"]: told["traps"][0]["light_ev"] for told in flickering.truth if told["traps"]}
    for number in (2, 4):
        beyond = abs(light[f"cat_{number:04d}.dng"]) > 0.06
        assert ("flicker" in flickering.frame(number).flags) == beyond
    assert max(abs(ev) for ev in light.values()) > 0.1
    bands = series("iso", "banding:2=0.6/100")
    assert ["banding" in frame.flags for frame in bands.proof.frames] == [False, True, False, False, False]
    moving = series("iso", "moving=0.15")
    assert ["moving" in frame.flags for frame in moving.proof.frames] == [True, True, False, True, True]


def test_drifting_light_is_noted(series) -> None:
    one = series("iso", "drift=-0.4")
    assert any("light changed steadily by -0.4" in note for note in one.proof.notes)


def test_moved_frames_get_a_transform_and_a_shared_crop(series) -> None:
    one = series("iso", "shake:2=6/0.3", compensate=True)
    moved, told = one.frame(2), one.truth[1]["traps"][0]
    assert "camera moved" in moved.flags
    assert moved.verdict is Verdict.PROVED
    a, b, x, c, d, y = moved.transform
    centre = ((one.size[0] - 1) / 2, (one.size[1] - 1) / 2)
    at = (a * centre[0] + b * centre[1] + x - centre[0], c * centre[0] + d * centre[1] + y - centre[1])
    assert at == pytest.approx((told["right_px"], told["down_px"]), abs=0.3)
    assert one.proof.align
    left, top, width, height = one.proof.crop
    assert left >= 0 and top >= 0 and left + width <= one.size[0] and top + height <= one.size[1]
    assert one.size[0] - 9 <= width <= one.size[0] - 4
    assert [frame.transform == UNMOVED for frame in one.proof.frames] == [True, False, True, True, True]


def test_a_camera_that_fell_over_is_refused(series) -> None:
    one = series("iso", "shake:2=40/0", compensate=True)
    assert "camera moved by" in one.frame(2).reason or one.frame(2).verdict is not Verdict.PROVED
    assert one.proof.crop[2] > one.size[0] * 0.8
