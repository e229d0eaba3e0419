"""From flags to states, without Blender."""

from __future__ import annotations

import importlib
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.attributes import attribute
from cat_dataset.errors import UsageError
from render.blender.sweeping.spec import DIALS, DRIVEN, Sweep
from render.blender.sweeping.states import Span, at_random, grid, in_step

SCRIPTS = ("rotate", "translate", "light", "camera", "environment", "material", "deform")


def sweep(script: str, *flags: object) -> Sweep:
    module = importlib.import_module(f"render.blender.{script}")
    made: Sweep = module.sweep_of(module.parser().parse_args([str(flag) for flag in flags]))
    return made


@given(st.sampled_from(sorted(DRIVEN)), st.integers(2, 40), st.data())
def test_a_span_goes_from_end_to_end_in_equal_steps_of_its_scale(name: str, count: int, data: st.DataObject) -> None:
    chosen = attribute(name)
    ends = st.floats(max(chosen.low, -1000.0), min(chosen.high, 1e5), allow_nan=False).map(lambda value: round(value, 3))
    low, high = data.draw(ends.filter(lambda v: chosen.low <= v <= chosen.high)), data.draw(ends)
    if not chosen.low <= high <= chosen.high or abs(high - low) < 0.5:
        return
    values = Span(name, low, high, count).values()
    assert (values[0], values[-1], len(values)) == (low, high, count)
    steps = [chosen.scale.forward(b) - chosen.scale.forward(a) for a, b in itertools.pairwise(values)]
    total = chosen.scale.forward(high) - chosen.scale.forward(low)
    # a millionth in the natural unit, in the scale's unit where the scale is steepest
    slack = 2e-6 * max(abs((chosen.scale.forward(v + 1e-3) - chosen.scale.forward(v)) / 1e-3) for v in (low, high)) + 1e-9
    assert steps == pytest.approx([total / (count - 1)] * (count - 1), abs=max(slack, abs(total) * 1e-6))


def test_lumens_go_by_stops_and_kelvins_by_mireds() -> None:
    assert Span("light_intensity", 100, 1600, 5).values() == [100, 200, 400, 800, 1600]
    assert Span("light_temperature", 2500, 10000, 3).values() == [2500, 4000, 10000]


def test_in_step_grid_and_random() -> None:
    spans = [Span("rotation_z", 0, 90, 3), Span("translation_x", -10, 10, 3)]
    assert in_step(spans) == (
        {"rotation_z": 0, "translation_x": -10}, {"rotation_z": 45, "translation_x": 0}, {"rotation_z": 90, "translation_x": 10},
    )  # fmt: skip
    assert [tuple(state.values()) for state in grid(spans)] == [(r, t) for r in (0, 45, 90) for t in (-10, 0, 10)]
    drawn = at_random(spans, 50, seed=3)
    assert drawn[:20] == at_random(spans, 20, seed=3)
    assert drawn != at_random(spans, 50, seed=4)
    assert all(0 <= state["rotation_z"] <= 90 and -10 <= state["translation_x"] <= 10 for state in drawn)


def test_random_states_are_even_over_their_range() -> None:
    values = sorted(math.log2(state["light_intensity"]) for state in at_random([Span("light_intensity", 64, 1024, 2)], 2000, seed=0))
    worst = max(abs((value - 6) / 4 - rank / 2000) for rank, value in enumerate(values))
    assert worst < 1.63 / math.sqrt(2000)  # Kolmogorov and Smirnov, 1 %


def test_every_kind_of_dial_drives_attributes_of_the_registry_once() -> None:
    names = [name for of in DIALS.values() for name in of]
    assert len(names) == len(set(names))
    assert all(attribute(name).name == name for name in names)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_without_flags_is_a_sweep_of_37_states(script: str) -> None:
    made = sweep(script)
    assert len(made.states) == 37
    assert len(made.varies) == 1
    assert len(made.name) <= 24


def test_what_makes_a_sweep_another_one_makes_its_name_another_one() -> None:
    variants = [
        (), ("--also", "orbit_azimuth", -10, 10), ("--also", "orbit_azimuth", -10, 20), ("--also", "orbit_azimuth", -10, 10, "--grid"),
        ("--hold", "aperture", 2), ("--hold", "aperture", 4), ("--random", 5), ("--random", 6), ("--axis", "x"), ("--axis", "x", "z"),
    ]  # fmt: skip
    names = [sweep("rotate", "--states", 5, *flags).name for flags in variants]
    assert len(set(names)) == len(variants)
    assert all(len(name) <= 24 for name in names)
    assert names == [sweep("rotate", "--states", 5, *flags).name for flags in variants]


def test_a_vector_goes_straight_through_the_middle() -> None:
    made = sweep("translate", "--vector", 10, 0, -20, "--states", 3)
    assert made.states == (
        {"translation_x": -10, "translation_z": 20}, {"translation_x": 0, "translation_z": 0}, {"translation_x": 10, "translation_z": -20},
    )  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_complete(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        sweep(script, "--help")
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert "%%" not in said
    assert all(name in said for name in DRIVEN if DRIVEN[name] != "deform")
    assert said.index("this sweep:") < said.index("states:") < said.index("the run:")


def test_lists_may_be_given_in_parts_and_by_either_name() -> None:
    whole = sweep("camera", "--vary", "orbit", "focus", "--states", 5)
    assert sweep("camera", "--vary", "orbit", "--vary", "focus", "--states", 5) == whole
    assert sweep("camera", "--vary", "orbit_azimuth", "focus_distance", "--states", 5) == whole
    parsed = importlib.import_module("render.blender.rotate").parser().parse_args(["--asset", "a", "--asset", "b", "c"])
    assert parsed.asset == ["a", "b", "c"]


def test_a_range_may_fall() -> None:
    assert [state["rotation_z"] for state in sweep("rotate", "--range", 90, -90, "--states", 3).states] == [90, 0, -90]


def test_percents_that_look_like_shares_are_doubted(capsys: pytest.CaptureFixture[str]) -> None:
    sweep("material", "--range", 0, 1)
    assert "from 0 to 100 percent" in capsys.readouterr().err
    sweep("material", "--range", 0, 50)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("script", "flags", "said"),
    [
        ("rotate", ["--range", 90, 90], "must have two ends"),
        ("rotate", ["--range", 0, 1e9], "inside -360 to 360"),
        ("rotate", ["--range", 0, 1e-5], "too narrow"),
        ("rotate", ["--axis", "x", "x"], "twice"),
        ("rotate", ["--axis", "x", "z", "--range", 0, 1, "--range", 0, 2, "--range", 0, 3], "3 times for 2"),
        ("rotate", ["--also", "rotation_z", 0, 10], "varied twice"),
        ("rotate", ["--also", "iso", 100, 200], "cannot vary 'iso'"),
        ("rotate", ["--also", "rotation_x", 0], "needs an attribute and its range"),
        ("rotate", ["--also", "rotation_x", 0, 10, 5], "equal numbers of values"),
        ("rotate", ["--also", "rotation_x", 0, "much"], "'much' is not a number"),
        ("rotate", ["--hold", "rotation_z", 5], "cannot both vary and be held"),
        ("rotate", ["--hold", "aperture", 0], "outside its range"),
        ("rotate", ["--grid", "--also", "rotation_x", 0, 10, 5000, "--states", 5000], "at most"),
        ("rotate", ["--grid", "--random", 5], "not allowed with"),
        ("translate", ["--vector", 0, 0, 0], "moves nothing"),
        ("translate", ["--vector", 1, 0, 0, "--range", 0, 3], "--range cannot be given together"),
        ("translate", ["--vector", 1, 0, 0, "--axis", "x"], "--axis cannot be given together"),
        ("camera", ["--vary", "elevation", "--range", 0, 90], "orbit_elevation must stay inside"),
        ("rotate", ["--hold", "orbit_elevation", -86], "orbit_elevation must stay inside"),
        ("light", ["--also", "orbit_elevation", 0, 90], "orbit_elevation must stay inside"),
        ("camera", ["--fixed-shutter"], "needs the f-number"),
        ("camera", ["--vary", "zoom"], "invalid choice"),
    ],
)
def test_impossible_sweeps_are_refused_in_a_line(script: str, flags: list[object], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refusal:
        sweep(script, *flags)
    assert "\n" not in str(refusal.value)
