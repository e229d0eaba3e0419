"""A person made of boxes, with every bone, landmark and face unit that the sweeps use: seconds to render, not minutes."""

from __future__ import annotations

from array import array
from pathlib import Path

from cat_dataset.people import DIALS
from render.blender.figure.person_file import STRANDS, SURFACE, Bone, Part, Person, write_person

Point = tuple[float, float, float]

SPINE = {
    "root": (0.95, 1.0), "spine04": (1.0, 1.1), "spine03": (1.1, 1.2), "spine02": (1.2, 1.3), "spine01": (1.3, 1.42),
    "neck01": (1.42, 1.45), "neck02": (1.45, 1.48), "neck03": (1.48, 1.5), "head": (1.5, 1.75),
}  # fmt: skip
BOXES: dict[str, tuple[Point, Point]] = {
    "root": ((-0.17, -0.1, 0.0), (0.17, 0.1, 1.0)),
    "spine01": ((-0.2, -0.1, 1.0), (0.2, 0.1, 1.47)),
    "neck02": ((-0.05, -0.05, 1.4), (0.05, 0.05, 1.52)),
    "head": ((-0.08, -0.1, 1.52), (0.08, 0.1, 1.76)),
    "upperarm01.L": ((0.2, -0.04, 1.3), (0.45, 0.04, 1.38)),
    "upperarm01.R": ((-0.45, -0.04, 1.3), (-0.2, 0.04, 1.38)),
    "lowerarm01.L": ((0.45, -0.04, 1.3), (0.7, 0.04, 1.38)),
    "lowerarm01.R": ((-0.7, -0.04, 1.3), (-0.45, 0.04, 1.38)),
}
"""Boxes of skin by the bone that they follow."""
MIDDLE: dict[str, tuple[str, Point]] = {
    "lip_upper": ("head", (0, -0.12, 1.59)), "lip_lower": ("head", (0, -0.12, 1.588)), "lip_upper_outer": ("head", (0, -0.12, 1.6)),
    "lip_lower_outer": ("head", (0, -0.12, 1.58)), "chin": ("head", (0, -0.11, 1.53)), "head_top": ("head", (0, 0, 1.76)),
    "chest": ("spine01", (0, -0.1, 1.2)),
}  # fmt: skip
LEFT: dict[str, tuple[str, Point]] = {
    "mouth_corner": ("head", (0.03, -0.12, 1.59)),
    "lid_upper": ("head", (0.035, -0.125, 1.67)), "lid_lower": ("head", (0.035, -0.125, 1.66)),
    "eye_inner": ("head", (0.02, -0.12, 1.665)), "eye_outer": ("head", (0.05, -0.12, 1.665)), "brow_inner": ("head", (0.02, -0.12, 1.69)),
    "brow_middle": ("head", (0.035, -0.12, 1.695)), "brow_outer": ("head", (0.05, -0.12, 1.69)), "cheek": ("head", (0.05, -0.11, 1.62)),
    "nose_wing": ("head", (0.015, -0.12, 1.63)), "ear": ("head", (0.08, 0.0, 1.65)), "shoulder": ("spine01", (0.2, 0.0, 1.34)),
    "elbow": ("upperarm01.L", (0.45, 0.0, 1.34)), "wrist": ("lowerarm01.L", (0.7, 0.0, 1.34)), "hip": ("root", (0.12, 0.0, 0.95)),
}  # fmt: skip
UP, DOWN, OUT, IN = (0.0, 0.0, 0.01), (0.0, 0.0, -0.01), (0.01, 0.0, 0.0), (-0.01, 0.0, 0.0)
UNITS: dict[str, tuple[list[str], Point]] = {
    "mouthSmile": (["mouth_corner"], UP), "mouthFrown": (["mouth_corner"], DOWN), "cheekSquint": (["cheek"], UP),
    "browOuterUp": (["brow_middle", "brow_outer"], UP), "browDown": (["brow_inner", "brow_middle", "brow_outer"], DOWN),
    "eyeWide": (["lid_upper"], (0.0, 0.0, 0.005)), "eyeBlink": (["lid_upper"], DOWN), "mouthPress": (["mouth_corner"], (-0.001, 0.0, 0.0)),
    "mouthStretch": (["mouth_corner"], OUT), "noseSneer": (["nose_wing"], UP), "mouthUpperUp": (["nose_wing"], (0.0, 0.0, 0.002)),
}  # fmt: skip
"""Face units of a left and a right half: what they move, and how far on the left."""
WHOLE_UNITS: dict[str, tuple[list[str], Point]] = {
    "browInnerUp": (["brow_inner_left", "brow_inner_right"], UP), "jawOpen": (["lip_lower", "lip_lower_outer", "chin"], (0.0, 0.0, -0.03)),
    "mouthRollUpper": (["lip_upper_outer"], DOWN), "mouthRollLower": (["lip_lower_outer"], (0.0, 0.0, 0.002)),
    "mouthPucker": (["mouth_corner_left", "mouth_corner_right"], IN), "cheekPuff": (["cheek_left", "cheek_right"], OUT),
}  # fmt: skip
"""Those of the whole face; sideways ones are mirrored on the right."""


def small_person(name: str = "small", hue: float = 0.4) -> Person:
    """A person 1.8 m tall who spreads the arms; ``hue`` makes one unlike the other."""
    return Person(
        name, {"seed": 0, "index": 0, "name": name, "hue": hue}, [_skin(hue), _eye("left", 1), _eye("right", -1), _hair()], _bones(),
        {landmark: ("skin", index) for landmark, index in _numbers().items()}, "CC0-1.0 (a test's own)",
    )  # fmt: skip


def write_small_person(path: Path, hue: float = 0.4) -> Path:
    """`small_person` in a file."""
    write_person(path, small_person(path.stem, hue))
    return path


def _bones() -> list[Bone]:
    bones, above = [], ""
    for name, (low, high) in SPINE.items():
        bones.append(Bone(name, above, (0, 0, low), (0, 0, high)))
        above = name
    for letter, sign in (("L", 1), ("R", -1)):
        bones.append(Bone(f"eye.{letter}", "head", (sign * 0.035, -0.105, 1.665), (sign * 0.035, -0.125, 1.665)))
        bones.append(Bone(f"clavicle.{letter}", "spine01", (sign * 0.02, 0, 1.34), (sign * 0.2, 0, 1.34)))
        bones.append(Bone(f"upperarm01.{letter}", f"clavicle.{letter}", (sign * 0.2, 0, 1.34), (sign * 0.45, 0, 1.34)))
        bones.append(Bone(f"lowerarm01.{letter}", f"upperarm01.{letter}", (sign * 0.45, 0, 1.34), (sign * 0.7, 0, 1.34)))
    return bones


def _places() -> dict[str, tuple[str, Point]]:
    """Every landmark: the bone that it follows, and its place."""
    sides = {}
    for name, (bone, (x, y, z)) in LEFT.items():
        sides[f"{name}_left"] = bone, (x, y, z)
        sides[f"{name}_right"] = bone.replace(".L", ".R"), (-x, y, z)
    return {**MIDDLE, **sides}


def _numbers() -> dict[str, int]:
    """The landmarks' points in the skin, behind the corners of the boxes."""
    return {name: 8 * len(BOXES) + index for index, name in enumerate(_places())}


def _skin(hue: float) -> Part:
    points: list[Point] = []
    faces: list[tuple[int, ...]] = []
    followers: dict[str, list[int]] = {}
    for bone, (low, high) in BOXES.items():
        followers.setdefault(bone, []).extend(range(len(points), len(points) + 8))
        faces += [tuple(len(points) + corner for corner in face) for face in _BOX]
        points += [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    for index, (bone, place) in enumerate(_places().values(), start=len(points)):
        followers.setdefault(bone, []).append(index)
        points.append(place)
    numbers = _numbers()
    faces.append(tuple(numbers[name] for name in ("mouth_corner_left", "lip_upper_outer", "mouth_corner_right", "lip_lower_outer")))
    corners = array("i", (corner for face in faces for corner in face))
    return Part(
        "skin", SURFACE, array("f", (value for point in points for value in point)), array("i", [4] * len(faces)), corners,
        weights={bone: (array("i", one), array("f", [1.0] * len(one))) for bone, one in followers.items()},
        shapes={unit: _moved(moves) for unit, moves in _moves().items()},
        fields={"lips": array("f", [0.0] * len(points))},
        look={"melanin": hue, "redness": 0.4, "freckles": 0.0, "age": 0.3},
    )  # fmt: skip


def _moves() -> dict[str, dict[str, Point]]:
    """By face unit, the landmarks that it moves and how far."""
    found: dict[str, dict[str, Point]] = {}
    for unit, (names, (x, y, z)) in UNITS.items():
        found[f"{unit}Left"] = {f"{name}_left": (x, y, z) for name in names}
        found[f"{unit}Right"] = {f"{name}_right": (-x, y, z) for name in names}
    for unit, (names, (x, y, z)) in WHOLE_UNITS.items():
        found[unit] = {name: (-x if name.endswith("right") else x, y, z) for name in names}
    return found


def _moved(moves: dict[str, Point]) -> tuple[array[int], array[float]]:
    numbers = _numbers()
    return array("i", (numbers[name] for name in moves)), array("f", (value for offset in moves.values() for value in offset))


def _eye(side: str, sign: int) -> Part:
    x, y, z = sign * 0.035, -0.105, 1.665
    points = [(x, y - 0.015, z), (x, y + 0.015, z), (x - 0.015, y, z), (x + 0.015, y, z), (x, y, z - 0.015), (x, y, z + 0.015)]
    faces = [(a, b, c) for a in (0, 1) for b in (2, 3) for c in (4, 5)]
    end = side.capitalize()
    turns = {
        f"eyeLookUp{end}": ["x", -25.0], f"eyeLookDown{end}": ["x", 30.0],
        f"eyeLookOut{end}": ["z", sign * 35.0], f"eyeLookIn{end}": ["z", sign * -30.0],
    }  # fmt: skip
    return Part(
        f"eye_{side}", SURFACE, array("f", (value for point in points for value in point)), array("i", [3] * 8),
        array("i", (corner for face in faces for corner in face)),
        weights={f"eye.{side[0].upper()}": (array("i", range(6)), array("f", [1.0] * 6))},
        fields={"iris": array("f", [0.0, 1, 1, 1, 1, 1]), "pupil": array("f", [1.0, 0, 0, 0, 0, 0])},
        look={"turns": turns, "centre": [x, y, z], "radius": 0.015, "iris": 0.36, "axis": [0.0, -1.0, 0.0], "colour": [0.15, 0.08, 0.04]},
    )  # fmt: skip


def _hair() -> Part:
    """Two strands on the crown, and one that hangs down to the hips, which a portrait need not show."""
    strands = [[(x, 0.0, 1.76), (x, 0.0, 1.78)] for x in (-0.02, 0.02)] + [[(0.0, 0.11, 1.7), (0.0, 0.13, 1.3), (0.0, 0.13, 1.0)]]
    points = [value for strand in strands for point in strand for value in point]
    count = len(points) // 3
    return Part(
        "hair", STRANDS, array("f", points), array("i", [len(strand) for strand in strands]),
        weights={"head": (array("i", range(count)), array("f", [1.0] * count))},
        fields={"shade": array("f", [0.5] * count), "grey": array("f", [0.0] * count)},
        look={"radius": 0.002, "tip": 0.5, "roughness": 0.3, "colour": [0.05, 0.03, 0.02]},
    )  # fmt: skip


_BOX = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def missing_units() -> set[str]:
    """Face units of the table that this person lacks: a test sees that there are none."""
    wanted = {unit for dial in DIALS for side in (dial.positive, dial.negative) if side for unit in side.face_units}
    person = small_person()
    turned = {unit for part in person.parts for unit in part.look.get("turns", ())}
    return wanted - turned - {unit for part in person.parts for unit in part.shapes}
