"""Expressions and poses of people: what every dial means, for all who make people move.

One table for the free people of `render.blender.people`, for Unreal's MetaHumans and for any head with ARKit's face units:
at 0 a dial is neutral, at +10 and −10 it has reached its positive and its negative target; between them everything is in
proportion. `cat_dataset.attributes` makes its expression_* and pose_* members from these rows.

Left and right of a name (``mouthSmileLeft``, ``CTRL_L_...``) are the person's own; a value's sign is the viewer's: to the
right is the viewer's right, which is the left hand of a person who faces the camera. Rotations are right-handed about the
axes of a person who faces the camera: x to the viewer's right, y away from the camera, z up.

Face units are those of Apple's ARFaceAnchor.BlendShapeLocation, 0 to 1. Three of them run below 0, where ARKit names no
unit for the opposite muscle: cheeks sucked in, nostrils drawn down. Controls are those of the MetaHuman face board, whose
live limits `render.unreal` reads before it keys any. Standard library only: also used inside Blender and Unreal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

POINTS = 10.0
"""Points of a dial that are its full target."""


@dataclass(frozen=True)
class Turn:
    """A joint turned, at the full target, by ``degrees`` about ``axis``.

    ``axis`` is x, y or z of the person's frame, or ``front``: the axis about which the limb beyond the joint swings towards
    where the person looks.
    """

    joint: str
    axis: str
    degrees: float


@dataclass(frozen=True)
class Target:
    """One end of a dial: ``means`` in words, and how each source of people gets there."""

    means: str
    face_units: Mapping[str, float] = field(default_factory=dict)
    controls: Mapping[str, float] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class PersonDial:
    """One expression_* or pose_* attribute. ``mirror`` and ``templates`` are as in `cat_dataset.attributes.Attribute`.

    ``region`` is the part of the body that changes and nothing else does. ``negative`` is None where a body has no such side.
    """

    name: str
    task: int
    noun: str
    region: str
    templates: tuple[str, ...]
    positive: Target
    negative: Target | None
    mirror: int = 1

    def target(self, value: float) -> tuple[Target, float]:
        """The target on the side of ``value`` and the share of it that ``value`` points are.

        Raises:
            ValueError: the dial has no such side.
        """
        if value < 0 and self.negative is None:
            raise ValueError(f"{self.name} has no side below 0")
        side = self.negative if value < 0 and self.negative is not None else self.positive
        return side, abs(value) / POINTS

    def face_units(self, value: float) -> dict[str, float]:
        """The ARKit face units at ``value`` points."""
        side, share = self.target(value)
        return {unit: full * share for unit, full in side.face_units.items()}

    def controls(self, value: float) -> dict[str, float]:
        """The MetaHuman face controls at ``value`` points; ``NAME.x`` and ``NAME.y`` are the two axes of one control."""
        side, share = self.target(value)
        return {control: full * share for control, full in side.controls.items()}

    def turns(self, value: float) -> tuple[Turn, ...]:
        """The joints' turns at ``value`` points."""
        side, share = self.target(value)
        return tuple(Turn(turn.joint, turn.axis, turn.degrees * share) for turn in side.turns)


def _units(*names: str, **amounts: float) -> dict[str, float]:
    """Face units: a plain name stands for its left and its right one, at 1 unless an amount is given by keyword."""
    chosen = {**dict.fromkeys(names, 1.0), **amounts}
    return {f"{name}{side}": amount for name, amount in chosen.items() for side in ("Left", "Right")}


def _controls(*names: str, **amounts: float) -> dict[str, float]:
    """Controls of the face board that come as a left and a right one; ``x__y`` stands for the axis y of x."""
    chosen = {**dict.fromkeys(names, 1.0), **amounts}
    return {f"CTRL_{side}_{name.replace('__', '.')}": amount for name, amount in chosen.items() for side in "LR"}


def _both(joint: str, axis: str, degrees: float) -> tuple[Turn, ...]:
    """The same turn of the left and the right joint, mirrored."""
    sign = 1.0 if axis in ("x", "front") else -1.0
    return Turn(f"{joint}_left", axis, degrees), Turn(f"{joint}_right", axis, sign * degrees)


def _more_or_less(noun: str) -> str:
    return f"[Increase|Decrease] the {noun} of the {{object}} by {{amount}} points"


DIALS = (
    PersonDial(
        "expression_smile", 32, "smile", "mouth and cheeks", (_more_or_less("smile"),),
        Target("smile: the corners of the mouth drawn up and out", _units("mouthSmile", cheekSquint=0.4),
               _controls("mouth_cornerPull", eye_cheekRaise=0.4)),
        Target("frown: the corners of the mouth drawn down", _units("mouthFrown"), _controls("mouth_cornerDepress")),
    ),
    PersonDial(
        "expression_brows", 33, "raising of the brows", "brows and forehead",
        (_more_or_less("raising of the brows"), "[Raise|Lower] the brows of the {object} by {amount} points"),
        Target("brows raised", {"browInnerUp": 1.0, **_units("browOuterUp")}, _controls("brow_raiseIn", "brow_raiseOut")),
        Target("brows lowered", _units("browDown"), _controls("brow_down")),
    ),
    PersonDial(
        "expression_eyes", 34, "opening of the eyes", "eyelids",
        (_more_or_less("opening of the eyes"), "[Open|Close] the eyes of the {object} by {amount} points"),
        Target("eyes wide open", _units("eyeWide"), _controls(eye_blink=-1.0)),
        Target("eyes closed", _units("eyeBlink"), _controls("eye_blink")),
    ),
    PersonDial(
        "expression_mouth", 35, "opening of the mouth", "jaw and mouth",
        (_more_or_less("opening of the mouth"), "[Open|Close] the mouth of the {object} by {amount} points"),
        Target("jaw dropped", {"jawOpen": 1.0}, {"CTRL_C_jaw.y": 1.0}),
        Target("lips pressed together", {**_units("mouthPress"), "mouthRollUpper": 0.5, "mouthRollLower": 0.5},
               _controls("mouth_pressU", "mouth_pressD")),
    ),
    PersonDial(
        "expression_pucker", 36, "puckering of the lips", "mouth", (_more_or_less("puckering of the lips"),),
        Target("lips puckered", {"mouthPucker": 1.0}, _controls("mouth_purseU", "mouth_purseD")),
        Target("lips stretched wide", _units("mouthStretch"), _controls("mouth_stretch")),
    ),
    PersonDial(
        "expression_cheeks", 37, "puffing of the cheeks", "cheeks", (_more_or_less("puffing of the cheeks"),),
        Target("cheeks puffed", {"cheekPuff": 1.0}, _controls("mouth_suckBlow")),
        Target("cheeks sucked in", {"cheekPuff": -0.6}, _controls(mouth_suckBlow=-1.0)),
    ),
    PersonDial(
        "expression_sneer", 38, "sneer", "nose, upper lip and inner brows", (_more_or_less("sneer"),),
        Target("nose wrinkled, upper lip raised", _units("noseSneer", mouthUpperUp=0.5),
               _controls("nose__y", mouth_upperLipRaise=0.5)),
        Target("nostrils drawn down", _units(noseSneer=-0.6), _controls(nose__y=-1.0)),
    ),
    PersonDial(
        "expression_gaze_yaw", 39, "sideways gaze", "eyes",
        ("Turn the gaze of the {object} by {amount} points [to the right|to the left]",),
        Target("eyes turned to the viewer's right", {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}, {"CTRL_C_eye.x": 1.0}),
        Target("eyes turned to the viewer's left", {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0}, {"CTRL_C_eye.x": -1.0}),
        mirror=-1,
    ),
    PersonDial(
        "expression_gaze_pitch", 40, "height of the gaze", "eyes and eyelids",
        ("[Raise|Lower] the gaze of the {object} by {amount} points",),
        Target("eyes turned up", _units("eyeLookUp"), {"CTRL_C_eye.y": 1.0}),
        Target("eyes turned down", _units("eyeLookDown"), {"CTRL_C_eye.y": -1.0}),
    ),
    PersonDial(
        "pose_head_yaw", 48, "head turn", "head and neck",
        ("Turn the head of the {object} by {amount} points [to the right|to the left]",),
        Target("face turned to the viewer's right", turns=(Turn("neck", "z", 16.0), Turn("head", "z", 24.0))),
        Target("face turned to the viewer's left", turns=(Turn("neck", "z", -16.0), Turn("head", "z", -24.0))),
        mirror=-1,
    ),
    PersonDial(
        "pose_head_pitch", 49, "head nod", "head and neck",
        ("Nod the head of the {object} by {amount} points [downwards|upwards]",),
        Target("face turned down", turns=(Turn("neck", "x", 10.0), Turn("head", "x", 15.0))),
        Target("face turned up", turns=(Turn("neck", "x", -10.0), Turn("head", "x", -15.0))),
    ),
    PersonDial(
        "pose_head_roll", 50, "head tilt", "head and neck",
        ("Tilt the head of the {object} by {amount} points [to the right|to the left]",),
        Target("head tilted to the viewer's right", turns=(Turn("neck", "y", 10.0), Turn("head", "y", 15.0))),
        Target("head tilted to the viewer's left", turns=(Turn("neck", "y", -10.0), Turn("head", "y", -15.0))),
        mirror=-1,
    ),
    PersonDial(
        "pose_torso_lean", 51, "lean of the torso", "all above the hips",
        ("Lean the torso of the {object} by {amount} points [forwards|backwards]",),
        Target("bowed forwards", turns=(Turn("spine", "x", 30.0),)),
        Target("leaning back", turns=(Turn("spine", "x", -15.0),)),
    ),
    PersonDial(
        "pose_torso_twist", 52, "twist of the torso", "all above the hips",
        ("Twist the torso of the {object} by {amount} points [to the right|to the left]",),
        Target("chest turned to the viewer's right", turns=(Turn("spine", "z", 35.0),)),
        Target("chest turned to the viewer's left", turns=(Turn("spine", "z", -35.0),)),
        mirror=-1,
    ),
    PersonDial(
        "pose_arm_raise", 53, "raising of the arms", "arms and shoulders",
        ("[Raise|Lower] the arms of the {object} by {amount} points",),
        Target("both arms raised sideways above the shoulders", turns=(*_both("shoulder", "y", -12.0), *_both("upper_arm", "y", -55.0))),
        Target("both arms close to the body", turns=_both("upper_arm", "y", 30.0)),
    ),
    PersonDial(
        "pose_elbow_bend", 54, "bend of the elbows", "forearms and hands",
        ("[Bend|Straighten] the elbows of the {object} by {amount} points",),
        Target("both forearms swung up to the front", turns=_both("forearm", "front", 70.0)),
        None,
    ),
)  # fmt: skip
"""Every dial, by task id; ids 32 to 47 are kept for expressions, 48 to 63 for poses."""

PERSON_DIALS: Mapping[str, PersonDial] = {dial.name: dial for dial in DIALS}
"""Every dial by the name of its attribute."""

EXPRESSIONS = tuple(dial.name for dial in DIALS if dial.name.startswith("expression_"))
POSES = tuple(dial.name for dial in DIALS if dial.name.startswith("pose_"))

ANNY_BONES: Mapping[str, tuple[str, ...]] = {
    "neck": ("neck01", "neck02", "neck03"),
    "head": ("head",),
    "spine": ("spine04", "spine03", "spine02", "spine01"),
    "shoulder_left": ("clavicle.L",),
    "shoulder_right": ("clavicle.R",),
    "upper_arm_left": ("upperarm01.L",),
    "upper_arm_right": ("upperarm01.R",),
    "forearm_left": ("lowerarm01.L",),
    "forearm_right": ("lowerarm01.R",),
}
"""The bones of MakeHuman's default rig that make a joint; a turn is shared out evenly among them."""

METAHUMAN_BODY_CONTROLS: Mapping[str, tuple[str, ...]] = {
    "neck": ("neck_01_ctrl", "neck_02_ctrl"),
    "head": ("head_ctrl",),
    "spine": ("spine_01_ctrl", "spine_02_ctrl", "spine_03_ctrl", "spine_04_ctrl", "spine_05_ctrl"),
    "shoulder_left": ("clavicle_l_ctrl",),
    "shoulder_right": ("clavicle_r_ctrl",),
    "upper_arm_left": ("upperarm_l_fk_ctrl",),
    "upper_arm_right": ("upperarm_r_fk_ctrl",),
    "forearm_left": ("lowerarm_l_fk_ctrl",),
    "forearm_right": ("lowerarm_r_fk_ctrl",),
}
"""The controls of MetaHuman_ControlRig that make a joint; those that a live rig lacks are refused unless others of the joint are there."""
