"""The registry: permanent ids, and encode and decode as exact inverses on every scale."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cat_dataset.attributes import ATTRIBUTES, TASK_LIMIT, TASKS, Attribute, attribute, registry_as_used
from cat_dataset.errors import AttributeLookupError, UsageError

PERMANENT = {
    "iso": 1, "aperture": 2, "white_balance": 3, "exposure": 4, "gamma": 5, "hue": 6, "saturation": 7, "rotation_x": 8,
    "rotation_y": 9, "rotation_z": 10, "translation_x": 11, "translation_y": 12, "translation_z": 13, "light_intensity": 14,
    "light_temperature": 15, "focal_length": 16, "expression_smile": 32, "expression_brows": 33, "expression_eyes": 34,
    "expression_mouth": 35, "pose_head_yaw": 48, "pose_head_pitch": 49, "pose_head_roll": 50, "pose_torso_lean": 51,
}  # fmt: skip

any_attribute = st.sampled_from(list(ATTRIBUTES.values()))


@st.composite
def attribute_and_two_values(draw: st.DrawFn) -> tuple[Attribute, float, float]:
    chosen = draw(any_attribute)
    value = st.floats(chosen.low, chosen.high, allow_nan=False)
    return chosen, draw(value), draw(value)


def test_task_ids_are_permanent() -> None:
    assert {name: a.task for name, a in ATTRIBUTES.items() if name in PERMANENT} == PERMANENT
    assert len(TASKS) == len(ATTRIBUTES)
    assert all(0 <= task < TASK_LIMIT for task in TASKS)


@given(attribute_and_two_values())
def test_decode_inverts_encode(case: tuple[Attribute, float, float]) -> None:
    chosen, source, target = case
    encoded = chosen.encode(source, target)
    if chosen.scale.period is not None:
        back = chosen.decode(source, encoded)
        assert abs(chosen.scale.wrap(back - target)) < 1e-9
    else:
        assert chosen.decode(source, encoded) == pytest.approx(target, rel=1e-9, abs=1e-9)


@given(attribute_and_two_values())
def test_signs_agree(case: tuple[Attribute, float, float]) -> None:
    chosen, source, target = case
    delta, encoded = chosen.delta(source, target), chosen.encode(source, target)
    assume(abs(encoded) > 1e-12)
    assert math.copysign(1, delta) == math.copysign(1, encoded) == math.copysign(1, chosen.encode(source, target, plain=True))
    if abs(delta) != 180 or chosen.scale.period is None:
        assert chosen.encode(target, source) == pytest.approx(-encoded)


@given(st.floats(-1e6, 1e6), st.sampled_from(["hue", "rotation_z"]))
def test_angles_go_the_short_way_round(angle: float, name: str) -> None:
    wrapped = attribute(name).delta(0.0, angle)
    assert -180 < wrapped <= 180
    assert math.isclose(math.cos(math.radians(wrapped)), math.cos(math.radians(angle)), abs_tol=1e-6)
    assert math.isclose(math.sin(math.radians(wrapped)), math.sin(math.radians(angle)), abs_tol=1e-6)


@pytest.mark.parametrize(
    ("name", "source", "target", "coordinate"),
    [
        ("iso", 100, 1600, 4.0), ("aperture", 2.0, 4.0, 2.0), ("white_balance", 4000, 5000, 50.0), ("exposure", -1, 2, 3.0),
        ("gamma", 1.0, 0.5, -1.0), ("rotation_z", 170, -170, 20.0), ("focal_length", 50, 100, 1.0),
        ("light_temperature", 2000, 10000, 400.0),
    ],
)  # fmt: skip
def test_known_steps(name: str, source: float, target: float, coordinate: float) -> None:
    chosen = attribute(name)
    assert chosen.encode(source, target) * chosen.span == pytest.approx(coordinate)


def test_a_mired_step_past_infinity_is_refused() -> None:
    with pytest.raises(UsageError, match="smaller change"):
        attribute("white_balance").decode(10000.0, 1.0)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), True, "100", None])
def test_check_refuses(value: object) -> None:
    with pytest.raises(UsageError, match="iso"):
        attribute("iso").check(value)  # type: ignore[arg-type]


def test_an_unknown_name_gets_near_ones() -> None:
    with pytest.raises(AttributeLookupError, match="rotation_z"):
        attribute("rotation_zz")


def test_the_registry_for_manifests_is_plain_json() -> None:
    entry = next(one for one in registry_as_used() if one["name"] == "iso")
    assert entry == {
        "name": "iso", "task": 1, "unit": "ISO", "level": "low", "scale": "stops", "span": 6.0,
        "low": 1.0, "high": 10_000_000.0, "mirror": 1,
    }  # fmt: skip
