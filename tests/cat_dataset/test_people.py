"""The table of expressions and poses is complete, consistent with itself, and what the registry says."""

from __future__ import annotations

import re

import pytest

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.people import (
    ANNY_BONES,
    DIALS,
    EXPRESSIONS,
    METAHUMAN_BODY_CONTROLS,
    PERSON_DIALS,
    POSES,
    PersonDial,
    Target,
)

NAMES = """
    browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft cheekSquintRight
    eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight eyeLookOutLeft eyeLookOutRight
    eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight jawForward jawLeft jawOpen jawRight
    mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight mouthFunnel mouthLeft mouthLowerDownLeft
    mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower
    mouthShrugUpper mouthSmileLeft mouthSmileRight mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight
    noseSneerLeft noseSneerRight tongueOut
"""
ARKIT = set(NAMES.split())
"""ARFaceAnchor.BlendShapeLocation, all 52."""
WANTED = {
    "smile and frown": "expression_smile", "eyes closed and wide": "expression_eyes", "brows up and down": "expression_brows",
    "jaw open": "expression_mouth", "pucker": "expression_pucker", "cheek puff": "expression_cheeks", "sneer": "expression_sneer",
    "gaze left and right": "expression_gaze_yaw", "gaze up and down": "expression_gaze_pitch", "head yaw": "pose_head_yaw",
    "head pitch": "pose_head_pitch", "head roll": "pose_head_roll", "arm raise": "pose_arm_raise", "elbow bend": "pose_elbow_bend",
    "torso lean": "pose_torso_lean", "torso twist": "pose_torso_twist",
}  # fmt: skip
"""What a table of people has to have, and where it is."""


def sides(dial: PersonDial) -> list[Target]:
    return [side for side in (dial.positive, dial.negative) if side is not None]


def test_everything_wanted_is_there_and_in_the_registry_alone_from_here() -> None:
    assert set(WANTED.values()) == set(PERSON_DIALS) == set(EXPRESSIONS + POSES)
    registered = {name for name in ATTRIBUTES if name.startswith(("expression_", "pose_"))}
    assert registered == set(PERSON_DIALS)
    assert len(ARKIT) == 52


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_a_row_is_complete(dial: PersonDial) -> None:
    known = ATTRIBUTES[dial.name]
    assert (known.task, known.mirror, known.templates) == (dial.task, dial.mirror, dial.templates)
    assert known.high == 10.0
    assert known.low == (-10.0 if dial.negative else 0.0)
    assert dial.noun and dial.region and dial.templates
    assert dial.task in (range(32, 48) if dial.name in EXPRESSIONS else range(48, 64))
    for side in sides(dial):
        assert side.means
        if dial.name in EXPRESSIONS:
            assert side.face_units and side.controls and not side.turns
        else:
            assert side.turns and not side.face_units and not side.controls


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_names_and_amounts_can_be(dial: PersonDial) -> None:
    for side in sides(dial):
        assert set(side.face_units) <= ARKIT
        assert all(-1 <= amount <= 1 and amount != 0 for amount in (*side.face_units.values(), *side.controls.values()))
        for control in side.controls:
            assert re.fullmatch(r"CTRL_[LRC]_[a-z]+(_[a-zA-Z]+)?(\.[xy])?", control)
        for turn in side.turns:
            assert turn.joint in ANNY_BONES
            assert turn.joint in METAHUMAN_BODY_CONTROLS
            assert turn.axis in ("x", "y", "z", "front")


def mirrored(name: str) -> str:
    """The name of what lies on the other side of the body."""
    swaps = {"Left": "Right", "Right": "Left", "_L_": "_R_", "_R_": "_L_", "_left": "_right", "_right": "_left"}
    return re.sub("Left|Right|_L_|_R_|_left|_right", lambda found: swaps[found[0]], name)


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_the_mirror_is_what_the_targets_say(dial: PersonDial) -> None:
    """A mirrored target is the target of the mirrored value, computed here from names and axes alone."""
    for side, other in ((dial.positive, dial.negative), (dial.negative, dial.positive)):
        if side is None:
            continue
        expected = side if dial.mirror == 1 else other
        assert expected is not None
        assert {mirrored(name): amount for name, amount in side.face_units.items()} == expected.face_units
        x_controls = {mirrored(name): -amount if name.endswith(".x") else amount for name, amount in side.controls.items()}
        assert x_controls == expected.controls
        turned = {(mirrored(t.joint), t.axis, t.degrees * (1 if t.axis in ("x", "front") else -1)) for t in side.turns}
        assert turned == {(t.joint, t.axis, t.degrees) for t in expected.turns}


def test_values_are_in_proportion() -> None:
    smile, eyes, nod = PERSON_DIALS["expression_smile"], PERSON_DIALS["expression_eyes"], PERSON_DIALS["pose_head_pitch"]
    assert smile.face_units(5.0)["mouthSmileLeft"] == 0.5
    assert smile.face_units(-10.0) == {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0}
    assert set(smile.face_units(0.0).values()) == {0.0}
    assert eyes.controls(-2.5) == {"CTRL_L_eye_blink": 0.25, "CTRL_R_eye_blink": 0.25}
    assert sum(turn.degrees for turn in nod.turns(4.0)) == pytest.approx(10.0)
    with pytest.raises(ValueError, match="no side below 0"):
        PERSON_DIALS["pose_elbow_bend"].turns(-1.0)
