"""Lids: they close all along, never cut through the eyeball, and leave it free when the eyes are open."""

from __future__ import annotations

import numpy as np
import pytest

from render.people import lids
from render.people.eyes import eye, eyes
from render.people.piece import Body
from render.people.source import BODY, Floats
from tests.render.people.people import CORNERS, raw_body

SIDES = (("L", "Left"), ("R", "Right"))
DEEPEST = 3e-4
"""Metres that a visible point of a lid may lie inside the eyeball."""


@pytest.fixture(scope="module", params=list(CORNERS))
def body(request: pytest.FixtureRequest) -> Body:
    return lids.fitted(raw_body(request.param))


def _points(body: Body, unit: str, value: float) -> Floats:
    points = body.points.copy()
    one = body.units[unit]
    points[one.points] += value * one.offsets
    if unit in body.halfway:
        points[body.halfway[unit].points] += 4 * value * (1 - value) * body.halfway[unit].offsets
    return points


def _deepest(body: Body, side: str, unit: str, steps: int = 11) -> float:
    ball = eye(body, side)
    way = body.points[:BODY] - ball.centre
    near = np.flatnonzero((np.linalg.norm(way, axis=1) < 1.4 * ball.radius) & (way @ ball.axis > 0.3 * ball.radius))
    seen = near[lids.clearance(body.points[near], ball, ball.axis) > 0]
    return min(
        float(lids.clearance(_points(body, unit, value)[seen], ball, ball.looking(unit, value)).min()) for value in np.linspace(0, 1, steps)
    )


def test_no_lid_cuts_through_its_eyeball(body: Body) -> None:
    for side, word in SIDES:
        for unit in lids.UNITS:
            assert _deepest(body, side, unit + word) > -DEEPEST, unit


def test_makehumans_own_lids_do_cut_through_one() -> None:
    """So that the test above is known to see it."""
    assert min(_deepest(raw_body(name), "L", unit + "Left", 3) for name in CORNERS for unit in lids.UNITS) < -DEEPEST


def test_closed_lids_meet_all_along_and_open_ones_do_not(body: Body) -> None:
    for side, word in SIDES:
        upper, lower = lids.margins(side)
        gaps = {}
        for value in (0.0, 0.5, 1.0):
            points = _points(body, f"eyeBlink{word}", value)
            order = np.argsort(np.abs(points[lower, 0]))
            below = np.interp(np.abs(points[upper, 0]), np.abs(points[lower, 0])[order], points[lower, 2][order])
            gaps[value] = (points[upper, 2] - below)[3:-4]
        assert np.abs(gaps[1.0]).max() < 1.2e-3
        assert gaps[0.0].max() > 5e-3
        assert 0.3 < gaps[0.5].max() / gaps[0.0].max() < 0.7


def test_eyes_show_iris_between_the_lids(body: Body) -> None:
    for side, _ in SIDES:
        ball = eye(body, side)
        upper, lower = (body.points[line[len(line) // 2], 2] for line in lids.margins(side))
        pupil = ball.centre[2] + ball.radius * ball.axis[2]
        assert lower + 0.001 < pupil < upper - 0.001


def test_eyes_turn_as_their_units_say(body: Body) -> None:
    """Up is up, and in is towards the nose."""
    for side, word in SIDES:
        ball, inwards = eye(body, side), -1.0 if side == "L" else 1.0
        assert ball.looking(f"eyeLookUp{word}", 1.0)[2] > ball.axis[2] + 0.05
        assert ball.looking(f"eyeLookDown{word}", 1.0)[2] < ball.axis[2] - 0.05
        assert inwards * ball.looking(f"eyeLookIn{word}", 1.0)[0] > 0.15
        assert inwards * ball.looking(f"eyeLookOut{word}", 1.0)[0] < -0.15


def test_eyeballs_face_outwards_and_corneas_cover_irises(body: Body) -> None:
    parts = {part.name: part for part in eyes(body, (0.1, 0.1, 0.1))}
    assert set(parts) == {"eye_left", "eye_right", "cornea_left", "cornea_right"}
    ball = eye(body, "L")
    points = np.array(parts["eye_left"].points).reshape(-1, 3) - ball.centre
    quad = points[list(parts["eye_left"].corners[-60:-57])]
    assert np.dot(np.cross(quad[1] - quad[0], quad[2] - quad[0]), quad[0]) > 0
    iris = np.array(parts["eye_left"].fields["iris"])
    assert np.linalg.norm(points[iris < 0.99], axis=1).max() < ball.radius
    cornea = np.array(parts["cornea_left"].points).reshape(-1, 3) - ball.centre
    assert np.linalg.norm(cornea, axis=1).min() > 0.999 * ball.radius
