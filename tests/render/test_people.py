"""The people sweep without Blender: what flags and plans ask for, which sky, which frame, which characters are there."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

import pytest

from cat_dataset.errors import InputError, UsageError
from cat_dataset.people import EXPRESSIONS, POSES
from render.blender import people
from render.blender.figure import making, shot
from render.blender.figure.person_file import read_person, write_person
from render.blender.sources import Source, one_of
from render.blender.sweeping.spec import LONGEST_NAME, Sweep
from render.farm.jobs import expand
from render.farm.plan_file import read_plan
from tests.render.farm.plans import write_plan
from tests.render.small_person import missing_units, small_person, write_small_person


def parsed(*flags: object) -> Namespace:
    return people.parser().parse_args([str(flag) for flag in flags])


def sweeps(*flags: object) -> list[Sweep]:
    return people.sweeps_of(parsed(*flags))


def test_without_flags_it_is_a_smile_in_21_states() -> None:
    (one,) = sweeps()
    assert (one.name, one.varies, len(one.states)) == ("people_smile", ("expression_smile",), 21)
    assert [state["expression_smile"] for state in (one.states[0], one.states[10], one.states[-1])] == [-10, 0, 10]
    flags = parsed()
    assert (flags.views, flags.lens, flags.azimuths, flags.elevations) == (1, 85, [-140, -40], [-5, 25])


def test_help_names_what_holds_for_people() -> None:
    said = " ".join(people.parser().format_help().split())
    for part in ("(default: -140 -40)", "(default: -5 25)", "one of them for each character", "expression_sneer -10 to 10 point"):
        assert part in said
    assert "material_hue" not in said


def test_a_group_is_a_series_for_each_attribute() -> None:
    made = sweeps("--vary", "all-expressions", "all-poses", "smile", "--states", 3)
    assert [one.varies for one in made] == [(name,) for name in EXPRESSIONS + POSES]
    assert len({one.name for one in made}) == len(made)
    assert max(len(one.name) for one in made) <= LONGEST_NAME
    assert made[-1].values("pose_elbow_bend") == [0, 5, 10]
    assert people.sweep_of(parsed("--vary", "brows")) == sweeps("--vary", "expression_brows")[0]
    with pytest.raises(UsageError, match="stands for 9 series; name one attribute"):
        people.sweep_of(parsed("--vary", "all-expressions"))


def test_several_attributes_make_one_series() -> None:
    (one,) = sweeps(
        "--vary", "smile", "head_yaw", "--also", "light_temperature", 2500, 8000, "--hold", "expression_brows", 4, "--states", 3
    )
    assert one.varies == ("expression_smile", "pose_head_yaw", "light_temperature")
    assert one.kinds == ("light", "deform", "pose")
    assert len(sweeps("--vary", "smile", "eyes", "--grid", "--states", 3)[0].states) == 9
    (drawn,) = sweeps("--vary", *EXPRESSIONS, "--random", 5)
    assert len(drawn.states) == 5


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--vary", "grin"], "invalid choice: 'grin'"),
        (["--vary", "smile", "smile"], "names one thing twice"),
        (["--vary", "elbow_bend", "--range", -5, 5], "must have two ends inside 0 to 10"),
        (["--lens", 3], "outside 10 to 1000 mm"),
        (["--characters", 0], "not a whole number from 1"),
        (["--characters", 10_001], "not a whole number from 1 to 10,000"),
        (["--asset", "a.person", "--characters", 3], "give one of them"),
        (["--vary", "smile", "--also", "expression_smile", 0, 5], "varied twice"),
    ],
)
def test_impossible_flags_are_refused(flags: list[object], wanted: str) -> None:
    with pytest.raises(UsageError, match=wanted):
        sweeps(*flags)


def test_a_shot_is_the_attributes_own_and_another_one_has_a_name_of_its_own() -> None:
    assert shot.default_shot(["expression_smile", "pose_head_yaw", "light_intensity"]) == shot.PORTRAIT
    assert shot.default_shot(["expression_smile", "pose_arm_raise"]) == shot.FULL_BODY
    assert shot.default_shot(["rotation_z"]) == shot.FULL_BODY
    names = {flag: sweeps("--shot", flag)[0].name for flag in shot.SHOTS}
    assert names["portrait"] == "people_smile" != names["full-body"]
    assert sweeps("--shot", "full-body", "--vary", "torso_lean")[0].name == "people_torso_lean"


def test_a_portrait_shows_head_and_shoulders() -> None:
    middle, room = shot.portrait_frame("somebody", chin=1.5, crown=1.72, top=1.74)
    top, bottom = middle + room, middle - room
    assert (1.72 - 1.5) / (2 * room) == pytest.approx(0.55, abs=0.01)
    assert 1.75 < top < 1.8
    assert bottom == pytest.approx(1.5 - 0.132)
    middle, room = shot.portrait_frame("somebody", chin=1.5, crown=1.72, top=1.9)
    assert 1.91 < middle + room < 1.95
    assert middle - room == pytest.approx(bottom), "high hair takes nothing from the shoulders"
    with pytest.raises(InputError, match="somebody has a head"):
        shot.portrait_frame("somebody", chin=1.5, crown=1.5, top=1.7)
    assert shot.head_points(4, [([0, 1], [0.4, 1.0]), ([0, 3], [0.3, 0.5])]) == [0, 1]


def test_another_sky_takes_only_what_it_wins() -> None:
    skies = [Source(name, None, "", builtin=True) for name in ("city", "forest", "night", "studio")]
    before = {key: one_of(3, key, skies[:3]) for key in map(str, range(200))}
    after = {key: one_of(3, key, skies) for key in before}
    moved = [key for key in before if before[key] != after[key]]
    assert {after[key].name for key in moved} == {"studio"}
    assert 30 < len(moved) < 70
    assert len(set(before.values())) == 3
    assert {key: one_of(4, key, skies) for key in before} != after


def test_a_plan_gives_each_character_one_sky_and_leaves_objects_to_other_sweeps(tmp_path: Path) -> None:
    files = [write_small_person(tmp_path / f"p{index}.person", hue=index / 10) for index in range(4)]
    entries = [{"script": "people", "vary": "all-poses"}, {"script": "people"}, {"script": "rotate"}]
    names = {"assets": [str(tmp_path), "builtin:car"], "hdris": ["builtin:studio", "builtin:city", "builtin:forest"]}
    jobs = expand(read_plan(write_plan(tmp_path / "plan", **names, views=1, sweeps=entries))).jobs
    of_people = [job for job in jobs if job.sweep.script == "people"]
    assert len(of_people) == len(files) * (len(POSES) + 1)
    assert {job.asset.argument for job in of_people} == set(map(str, files))
    by_person = {file: {job.sky.argument for job in of_people if job.asset.argument == str(file)} for file in files}
    assert [len(skies) for skies in by_person.values()] == [1] * len(files)
    assert len(set.union(*by_person.values())) > 1
    assert len(jobs) - len(of_people) == (len(files) + 1) * 3
    assert all(len(people.sweeps_of(parsed(*job.argv))) == 1 for job in of_people)


def test_a_plan_with_people_needs_characters_that_are_there(tmp_path: Path) -> None:
    plan = read_plan(write_plan(tmp_path, sweeps=[{"script": "people"}]))
    with pytest.raises(UsageError, match=r"finds nothing to render; assets has no \.person file"):
        expand(plan)
    with pytest.raises(UsageError, match=r"people.py has no flag --characters"):
        read_plan(write_plan(tmp_path, sweeps=[{"script": "people", "characters": 3}]))


def test_characters_that_are_there_are_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(making.PYTHON, str(tmp_path / "no-such-python"))
    for index in range(3):
        person = small_person(f"p{index}")
        person.recipe.update(seed=5, index=index)
        write_person(tmp_path / f"p{index}.person", person)
    (tmp_path / "torn.person").write_bytes(b"cat-dataset person 1\n{")
    assert making.characters(tmp_path, 2, 5) == [tmp_path / "p0.person", tmp_path / "p1.person"]
    with pytest.raises(UsageError, match=r"CAT_PYTHON, or run there: python -m render.people.make --out .* --count 4 --seed 5"):
        making.characters(tmp_path, 4, 5)
    with pytest.raises(UsageError, match="no-such-python, which CAT_PYTHON names, is none; pip install"):
        making.characters(tmp_path, 1, seed=6)


def test_characters_that_are_missing_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("anny", reason="characters are made of it")
    monkeypatch.setenv(making.PYTHON, sys.executable)
    (made,) = making.characters(tmp_path / "new", 1, 7)
    recipe = read_person(made).recipe
    assert (recipe["seed"], recipe["index"]) == (7, 0)


def test_the_small_person_has_every_face_unit_of_the_table() -> None:
    assert missing_units() == set()
