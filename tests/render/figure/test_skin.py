"""Colours of skin against what is measured, and regions of a face."""

from __future__ import annotations

import json
import math
from array import array
from itertools import pairwise

import pytest

from render.blender.figure.person_file import SURFACE, Part
from render.blender.figure.skin_colour import BLOOD, melanosomes, skin_colour
from tests.render.runs import inside_blender

TONES = [step / 10 for step in range(11)]


def _lab(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    """CIELAB (D65) of linear sRGB."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    x, y, z = (math.cbrt(sum(a * b for a, b in zip(row, colour, strict=True)) / sum(row)) for row in rows)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _typology(tone: float) -> float:
    """Individual typology angle, degrees (Chardon et al. 1991)."""
    lightness, _, yellow = _lab(skin_colour(melanosomes(tone)))
    return math.degrees(math.atan2(lightness - 50, yellow))


def test_tones_run_through_all_classes_of_skin_evenly() -> None:
    """Skin is light above 41 degrees, dark below −30; no class between is left out."""
    angles = [_typology(tone) for tone in TONES]
    assert angles[0] > 48
    assert angles[-1] < -30
    assert all(5 < lighter - darker < 16 for lighter, darker in pairwise(angles))


@pytest.mark.parametrize("tone", TONES)
def test_every_tone_is_a_colour_that_skin_has(tone: float) -> None:
    """Neither grey nor orange."""
    _, a, b = _lab(skin_colour(melanosomes(tone)))
    assert 4 < a < 17
    assert 9 < b < 26


def test_blood_reddens_and_melanin_browns() -> None:
    pale, flushed = _lab(skin_colour(melanosomes(0.2), BLOOD / 2)), _lab(skin_colour(melanosomes(0.2), 4 * BLOOD))
    assert flushed[1] > pale[1] + 5
    assert flushed[0] < pale[0]
    assert abs(flushed[2] - pale[2]) < 2
    assert _lab(skin_colour(melanosomes(0.5)))[2] > _lab(skin_colour(melanosomes(0.1)))[2] + 3


REGIONS = """
import json, sys

sys.path.insert(0, ".")
from tests.render.figure.test_skin import face
from render.blender.figure.skin import tissue

part, places = face()
print(json.dumps({name: list(values) for name, values in tissue(part, places).items()}))
"""


def face() -> tuple[Part, dict[str, tuple[float, float, float]]]:
    """Four points, at a cheek, under an eye, on the chest and on a nail, and landmarks."""
    places = {
        "cheek_left": (0.04, -0.1, 1.6), "lid_lower_left": (0.03, -0.1, 1.64), "eye_inner_left": (0.015, -0.1, 1.64),
        "eye_inner_right": (-0.015, -0.1, 1.64), "eye_outer_left": (0.05, -0.1, 1.64),
    }  # fmt: skip
    points = array("f", [*places["cheek_left"], *places["lid_lower_left"], 0.0, -0.1, 1.2, 0.5, 0.0, 1.0])
    fields = {"fingernails": array("f", [0, 0, 0, 1]), "toenails": array("f", [0, 0, 0, 0]), "face": array("f", [1, 1, 0, 0])}
    return Part("skin", SURFACE, points, array("i", [4]), array("i", range(4)), fields=fields), places


def test_regions_lie_where_they_should() -> None:
    found = json.loads(inside_blender(REGIONS).splitlines()[-1])
    cheek, lid, chest, nail = range(4)
    assert found["flush"][cheek] > found["flush"][chest] + 0.2
    assert found["shade"][lid] > found["shade"][cheek] + 0.1
    assert found["nails"] == [0, 0, 0, 1]
    assert found["oil"][nail] == 0
    assert "face" not in found
    assert all(0 <= value <= 1 for values in found.values() for value in values)
