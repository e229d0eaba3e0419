"""Figures in the scene: faces set and read back, joints turned and read back, landmarks, and nothing left behind.

Everything is measured in one Blender (`REPORT`), since starting it takes longer than all of it; Debian's 3.4 runs it by hand:
``blender -b --factory-startup --python-exit-code 1 -P tests/render/figure/report.py -- OUT``.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.render.figure.doll import LIMB, doll
from tests.render.runs import inside_blender

REPORT = (Path(__file__).parent / "report.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Blender said about the doll."""
    path = tmp_path_factory.mktemp("figure") / "report.json"
    inside_blender(REPORT, path)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _moved(report: dict[str, Any], state: str) -> dict[str, list[float]]:
    """How far landmarks are from their places at rest, in metres."""
    rest = report["places"]["rest"]
    return {name: [b - a for a, b in zip(rest[name], place, strict=True)] for name, place in report["places"][state].items()}


def test_landmarks_are_the_points_of_the_file(report: dict[str, Any]) -> None:
    person = doll()
    for name, (part, index) in person.landmarks.items():
        assert report["places"]["rest"][name] == pytest.approx(person.part(part).points[3 * index : 3 * index + 3].tolist(), abs=1e-6)


def test_a_unit_moves_its_points_in_proportion_and_no_others(report: dict[str, Any]) -> None:
    moved = _moved(report, "jaw")
    assert moved.pop("chin") == pytest.approx([0.0, 0.0, -0.04 * 0.25], abs=1e-6)
    assert all(place == pytest.approx([0.0, 0.0, 0.0], abs=1e-6) for place in moved.values())


@pytest.mark.parametrize(("value", "share"), [(0.25, 0.75), (0.5, 1.0), (1.0, 0.0), (-0.5, 0.0)])
def test_halfway_offsets_come_and_go(report: dict[str, Any], value: float, share: float) -> None:
    assert _moved(report, f"blink {value}")["lid_upper_left"] == pytest.approx([0.0, -0.003 * share, -0.01 * value], abs=1e-6)


def test_eyes_turn_about_their_bones_without_rolling(report: dict[str, Any]) -> None:
    right, up = math.radians(0.3 * 35.0), math.radians(-0.7 * 25.0)
    angle = math.hypot(right, up)
    forward = report["places"]["gaze"]["iris_left"]
    wanted = [0.03 + 0.03 * math.sin(angle) * right / angle, -0.06 - 0.03 * math.cos(angle), 1.6 - 0.03 * math.sin(angle) * up / angle]
    assert forward == pytest.approx(wanted, abs=1e-5)


def test_faces_are_read_back_as_they_were_set(report: dict[str, Any]) -> None:
    for asked, read in report["faces"]:
        assert {name: value for name, value in read.items() if abs(value) > 1e-6} == pytest.approx(asked, abs=1e-5)


def test_what_the_person_lacks_is_refused(report: dict[str, Any]) -> None:
    assert "tongueOut" in report["refused"]["unit"]
    assert "neither" in report["refused"]["joint"]
    assert "brows does not say how its hair looks" in report["refused"]["look"]
    assert "eye_left does not say how it looks" in report["refused"]["eye"]


def test_turns_are_read_back_as_they_were_asked_for(report: dict[str, Any]) -> None:
    for asked, read in report["turns"]:
        assert read == pytest.approx(asked, abs=2e-4)


def test_neck_and_head_add_up_about_the_vertical(report: dict[str, Any]) -> None:
    """40 degrees in all, shared by four bones that are not upright."""
    assert report["facing"] == pytest.approx([math.sin(math.radians(40.0)), -math.cos(math.radians(40.0)), 0.0], abs=1e-5)


def test_a_leaning_torso_carries_the_axes_of_the_head(report: dict[str, Any]) -> None:
    """Bowed by 30 degrees, the head turned by 24 about what was the vertical."""
    lean, turn = math.radians(30.0), math.radians(24.0)
    across, ahead = math.sin(turn), -math.cos(turn)
    assert report["bowed"] == pytest.approx([across, ahead * math.cos(lean), ahead * math.sin(lean)], abs=1e-5)


@pytest.mark.parametrize(("side", "sign"), [("left", 1.0), ("right", -1.0)])
def test_forearms_swing_to_the_front(report: dict[str, Any], side: str, sign: float) -> None:
    """In the plane of the limb and the front; far enough, they point straight ahead."""
    ahead = math.degrees(math.acos(-LIMB[1] / math.hypot(*LIMB)))
    moved = report["places"][f"swung by {ahead:.6f}"][f"wrist_{side}"]
    assert moved == pytest.approx([sign * 0.4, -math.hypot(*LIMB), 1.3], abs=1e-4)


def test_patterns_are_laid_by_the_place_at_rest(report: dict[str, Any]) -> None:
    """Spots go where the skin goes."""
    points = doll().part("skin").points
    wanted = [list(points[start : start + 3]) for start in range(0, len(points), 3)]
    assert report["laid"] == report["laid when turned"] == wanted


def test_the_next_person_takes_the_place_of_the_last(report: dict[str, Any]) -> None:
    assert report["blocks"]["second"] == report["blocks"]["first"]
    assert set(report["blocks"]["cleared"].values()) == {0}
