"""Hair in strands: where it grows, that it stays outside of the head, how long it is, and that it goes where the skin goes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from render.blender.figure.person_file import Part
from render.people import hair, hairline, source, strands
from render.people.follow import dense, follow_head, strands_part
from render.people.hair_styles import BALD, STYLES
from render.people.head import Head
from render.people.landmarks import landmarks
from render.people.piece import Body, cut, numbers, sparse
from render.people.recipe import Recipe
from render.people.source import Floats

FEW = 500
"""Strands, and a fifth as many guides: enough to show where they go."""
HAIR: dict[str, Any] = {"style": "short", "longer": 1.0, "colour": [0.05, 0.03, 0.02], "grey": 0.3, "beard": 0.0, "brows": 0.5}


def _lengths(points: Floats) -> Floats:
    return np.asarray(np.linalg.norm(np.diff(points, axis=1), axis=2).sum(axis=1))


def _recipe(**hair: Any) -> Recipe:
    return Recipe("test", 7, 3, {}, {}, {}, [0.1, 0.1, 0.1], {**HAIR, **hair}, {})


@pytest.fixture(scope="module")
def body() -> Part:
    """The base mesh's skin with face units; halfway through a blink the left lids come forward by half a millimetre."""
    skin = cut("skin", Body(source.base().points, source.face_units()), source.base().quads["body"])[0]
    moved = np.frombuffer(skin.shapes["eyeBlinkLeft"][0], dtype=np.int32).astype(np.int64)
    skin.halfway["eyeBlinkLeft"] = sparse(moved, np.tile([0.0, -0.0005, 0.0], (len(moved), 1)))
    return skin


@pytest.fixture
def skin(body: Part) -> Part:
    """One whose fields and look may be written to."""
    return replace(body, fields=dict(body.fields), look=dict(body.look))


@pytest.fixture(scope="module")
def head(body: Part) -> Head:
    return Head(body)


@pytest.fixture(scope="module")
def grown(head: Head) -> dict[str, Floats]:
    """A few strands of every style."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hair, "GUIDES", FEW // 5)
        return {
            name: hair.scalp_hair(head, partial(hairline.scalp, head), replace(style, strands=FEW), 1.0, np.random.default_rng(5))[0]
            for name, style in STYLES.items()
        }


@pytest.mark.parametrize("name", STYLES)
def test_hair_grows_from_the_scalp_and_nowhere_else(grown: dict[str, Floats], head: Head, name: str) -> None:
    roots = grown[name][: int(0.9 * FEW), 0]  # a pony tail's strands come behind
    height, _ = head.above(roots)
    assert height.min() > -0.0045 and height.max() < 0.001
    front, up = head.front_up(roots).T
    assert not ((front > 0.6) & (up < 0.55)).any(), "on the face"
    assert up.min() > -0.45, "down the neck"
    assert (up > 0.9).any() and (front < -0.6).any() and (front > 0.6).any()
    sides = np.sign(roots[:, 0])
    assert abs(sides.mean()) < 0.2


@pytest.mark.parametrize("name", STYLES)
def test_no_strand_passes_through_the_head_or_before_the_eyes(grown: dict[str, Floats], head: Head, name: str) -> None:
    points = grown[name][:, 1:].reshape(-1, 3)
    height, _ = head.above(points)
    assert (height < -0.0005).mean() < 0.002
    eye = head.points[landmarks()["eye_outer_left"]]
    low, high = (head.points[landmarks()[name]][2] for name in ("nose_tip", "lid_upper_left"))
    before = (np.abs(points[:, 0]) < eye[0]) & (points[:, 1] < eye[1]) & (points[:, 2] > low) & (points[:, 2] < high)
    assert before.mean() < 0.001


def test_styles_are_as_long_as_they_say(grown: dict[str, Floats], head: Head) -> None:
    length = {name: float(np.median(_lengths(points))) for name, points in grown.items()}
    order = ["shaved", "buzz", "short", "swept", "medium", "long"]
    assert sorted(order, key=lambda name: length[name]) == order
    assert length["buzz"] < 0.015 and 0.25 < length["long"] < 0.42
    lowest = {name: head.front_up(points.reshape(-1, 3))[:, 1].min() for name, points in grown.items()}
    assert lowest["short"] > -0.6 and -1.4 < lowest["medium"] < -0.4 and lowest["long"] < -1.2


def test_same_recipe_same_hair_and_a_beard_leaves_the_rest_alone(skin: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hair, "GUIDES", FEW // 5)
    monkeypatch.setattr(strands, "STYLES", {"short": replace(STYLES["short"], strands=FEW)})
    once, again, bearded = (strands.hair_parts(skin, _recipe(beard=beard)) for beard in (0.0, 0.0, 0.5))
    assert once == again
    assert [part.name for part in bearded] == ["hair", "brows", "lashes", "beard"] and bearded[:3] == once
    other = strands.hair_parts(skin, replace(_recipe(), index=4))
    assert other[0].points != once[0].points


def test_bald_people_have_brows_and_lashes(skin: Part) -> None:
    assert [part.name for part in strands.hair_parts(skin, _recipe(style=BALD))] == ["brows", "lashes"]
    assert max(skin.fields["scalp"]) == 0 and max(skin.fields["beard"]) == 0


def test_lashes_go_and_turn_with_the_lids(skin: Part) -> None:
    lashes = strands.hair_parts(skin, _recipe(style=BALD))[1]
    each = lashes.sizes[0]
    rest = np.array(lashes.points).reshape(-1, each, 3)
    full = dense(lashes.shapes["eyeBlinkLeft"], lashes.count, 3).reshape(rest.shape)
    half = dense(lashes.halfway["eyeBlinkLeft"], lashes.count, 3).reshape(rest.shape)
    left = rest[:, 0, 0] > 0
    assert np.abs(full[~left]).max() == 0 and np.abs(half[~left]).max() == 0
    upper = left & (full[:, 0, 2] < -0.003)
    assert upper.sum() > 40
    for moved in (rest + full, rest + 0.5 * full + half):
        assert _lengths(moved)[left] == pytest.approx(_lengths(rest)[left], rel=0.02)
    # A lid that closes takes the tips down further than the roots.
    assert (full[upper, -1, 2] < full[upper, 0, 2] - 0.0005).mean() > 0.95
    head = Head(skin)
    nearest = np.linalg.norm(head.points[None] - rest[upper, 0][:, None], axis=2).argmin(axis=1)
    lids = dense(skin.shapes["eyeBlinkLeft"], skin.count, 3)[nearest]
    assert np.abs(full[upper, 0] - lids).max() < 0.002


def test_brows_go_with_the_forehead_and_keep_their_shape(skin: Part) -> None:
    brows = strands.hair_parts(skin, _recipe(style=BALD))[0]
    each = brows.sizes[0]
    moved = dense(brows.shapes["browDownLeft"], brows.count, 3).reshape(-1, each, 3)
    left = np.array(brows.points).reshape(-1, each, 3)[:, 0, 0] > 0
    assert np.ptp(moved, axis=1).max() == 0
    assert moved[left, 0, 2].max() < -0.002 and np.abs(moved[~left]).max() < 0.001
    assert np.array(brows.weights["head"][1]).min() > 0.9


def test_long_hair_follows_the_head_above_and_the_chest_below(grown: dict[str, Floats], head: Head) -> None:
    points = grown["long"]
    part = strands_part("hair", points, {}, np.zeros(len(points)), np.zeros(len(points)))
    follow_head(part, head, points)
    with_head, with_chest = (dense(part.weights[bone], part.count, 1)[:, 0] for bone in ("head", "spine01"))
    assert with_head + with_chest == pytest.approx(1.0, abs=1e-6)
    assert with_head.reshape(points.shape[:2])[:, 0].min() == 1.0 and with_chest.max() == 1.0


def test_a_beard_leaves_lips_and_mouth_free(skin: Part) -> None:
    around = np.zeros(skin.count)
    corner = landmarks()["lip_lower"]
    place = np.array(skin.points).reshape(-1, 3)
    around[np.linalg.norm(place - place[corner], axis=1) < 0.02] = 1.0
    skin.fields["lips"] = numbers(around)
    beard = strands.hair_parts(skin, _recipe(style=BALD, beard=0.3))[2]
    roots = np.array(beard.points).reshape(-1, beard.sizes[0], 3)[:, 0]
    assert len(roots) > 1000 and np.linalg.norm(roots - place[corner], axis=1).min() > 0.014
    assert np.array(skin.fields["beard"])[np.linalg.norm(place - place[corner], axis=1) < 0.015].max() == 0
    assert (np.linalg.norm(roots - place[landmarks()["chin"]], axis=1) < 0.02).any()
