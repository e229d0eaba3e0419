"""A person of a few points, in a character file's terms. Standard library only: also read inside Blender."""

from __future__ import annotations

from array import array

from render.blender.figure.person_file import STRANDS, SURFACE, Bone, Part, Person

LIMB = (0.4, -0.05, -0.3)
"""The way a forearm hangs at rest, in the person's frame; that of the right one is mirrored."""


def doll() -> Person:
    """A spine, a neck, a head with two eyes, and arms with forearms; the skin is a strip of quads from the soles to the top."""
    bones = [
        _bone("root", "", (0, 0, 0.9), (0, 0, 0.95)),
        _bone("spine04", "root", (0, 0, 1.0), (0, 0.01, 1.1)),
        _bone("spine03", "spine04", (0, 0.01, 1.1), (0, 0.02, 1.2)),
        _bone("spine02", "spine03", (0, 0.02, 1.2), (0, 0.02, 1.3)),
        _bone("spine01", "spine02", (0, 0.02, 1.3), (0, 0.02, 1.4)),
        _bone("neck01", "spine01", (0, 0.02, 1.4), (0, 0.01, 1.44)),
        _bone("neck02", "neck01", (0, 0.01, 1.44), (0, 0.0, 1.48)),
        _bone("neck03", "neck02", (0, 0, 1.48), (0, -0.01, 1.52)),
        _bone("head", "neck03", (0, -0.01, 1.52), (0.0, -0.01, 1.75)),
    ]
    for side, sign in (("L", 1), ("R", -1)):
        wrist = tuple(a + b for a, b in zip((sign * 0.4, 0.0, 1.3), (sign * LIMB[0], LIMB[1], LIMB[2]), strict=True))
        bones += [
            _bone(f"eye.{side}", "head", (sign * 0.03, -0.06, 1.6), (sign * 0.03, -0.09, 1.6)),
            _bone(f"clavicle.{side}", "spine01", (0, 0.02, 1.4), (sign * 0.15, 0.02, 1.42)),
            _bone(f"upperarm01.{side}", f"clavicle.{side}", (sign * 0.15, 0.02, 1.42), (sign * 0.4, 0, 1.3)),
            _bone(f"lowerarm01.{side}", f"upperarm01.{side}", (sign * 0.4, 0, 1.3), wrist),
        ]
    return Person("doll", {"seed": 1}, [_skin(), _eye("left", 1), _eye("right", -1), _brows()], bones, _landmarks(), "CC0-1.0")


def _bone(name: str, parent: str, head: tuple[float, ...], tail: tuple[float, ...]) -> Bone:
    return Bone(name, parent, (head[0], head[1], head[2]), (tail[0], tail[1], tail[2]))


def _skin() -> Part:
    """Quads between x = ±0.1 at the heights of hips, chest, neck, chin and nose, and one quad at each wrist."""
    heights, bones = (0.9, 1.35, 1.5, 1.55, 1.6), ("root", "spine01", "neck03", "head", "head")
    points = [value for z in heights for x in (-0.1, 0.1) for value in (x, -0.1, z)]
    weights: dict[str, list[int]] = {}
    for row, bone in enumerate(bones):
        weights.setdefault(bone, []).extend((2 * row, 2 * row + 1))
    corners = [index for row in range(4) for index in (2 * row, 2 * row + 1, 2 * row + 3, 2 * row + 2)]
    for side, sign in (("L", 1), ("R", -1)):
        first = len(points) // 3
        x, y, z = sign * (0.4 + LIMB[0]), LIMB[1], 1.3 + LIMB[2]
        points += [x, y, z, x + 0.02, y, z, x + 0.02, y, z + 0.02, x, y, z + 0.02]
        weights[f"lowerarm01.{side}"] = list(range(first, first + 4))
        corners += range(first, first + 4)
    count = len(points) // 3
    return Part(
        "skin", SURFACE, array("f", points), array("i", [4] * 6), array("i", corners),
        weights={bone: (array("i", indices), array("f", [1.0] * len(indices))) for bone, indices in weights.items()},
        shapes={
            "jawOpen": (array("i", [6, 7]), array("f", [0, 0, -0.04, 0, 0, -0.04])),
            "eyeBlinkLeft": (array("i", [9]), array("f", [0, 0, -0.01])),
            "eyeLookUpLeft": (array("i", [9]), array("f", [0, 0, 0.004])),
        },
        halfway={"eyeBlinkLeft": (array("i", [9]), array("f", [0, -0.003, 0]))},
        fields={"lips": array("f", [0.5] * count)},
        look={"melanin": 0.3},
    )  # fmt: skip


def _eye(side: str, sign: int) -> Part:
    x, letter = sign * 0.03, side[0].upper()
    points = array("f", [x, -0.09, 1.6, x + 0.01, -0.09, 1.6, x + 0.01, -0.09, 1.61, x, -0.09, 1.61])
    out = f"eyeLookOut{side.capitalize()}"
    turns = {
        f"eyeLookUp{side.capitalize()}": ["x", -25.0], f"eyeLookDown{side.capitalize()}": ["x", 30.0],
        out: ["z", sign * 35.0], out.replace("Out", "In"): ["z", sign * -30.0],
    }  # fmt: skip
    every = (array("i", range(4)), array("f", [1.0] * 4))
    fields = {"iris": array("f", [1.0, 0, 0, 0]), "pupil": array("f", [0.4, 0, 0, 0])}
    return Part(
        f"eye_{side}", SURFACE, points, array("i", [4]), array("i", range(4)), weights={f"eye.{letter}": every}, fields=fields,
        look={"colour": [0.2, 0.1, 0.04], "centre": [x, -0.06, 1.6], "radius": 0.03, "iris": 0.36, "turns": turns},
    )  # fmt: skip


def _brows() -> Part:
    points = array("f", [0.03, -0.1, 1.65, 0.034, -0.101, 1.655, 0.04, -0.1, 1.65, 0.044, -0.101, 1.655])
    every = (array("i", range(4)), array("f", [1.0] * 4))
    look = {"colour": [0.05, 0.03, 0.02], "radius": 0.0001, "tip": 0.3, "roughness": 0.4}
    fields = {name: array("f", [0.5] * 4) for name in ("shade", "grey")}
    return Part("brows", STRANDS, points, array("i", [2, 2]), weights={"head": every}, fields=fields, look=look)


def _landmarks() -> dict[str, tuple[str, int]]:
    return {
        "nose_tip": ("skin", 8), "chin": ("skin", 6), "chest": ("skin", 2), "lid_upper_left": ("skin", 9),
        "wrist_left": ("skin", 10), "wrist_right": ("skin", 14), "iris_left": ("eye_left", 0),
    }  # fmt: skip
