"""Plans are read with care, and what is wrong in one is named by its own keys before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cat_dataset.errors import CatError
from cat_dataset.people import EXPRESSIONS, POSES
from render.unreal.driver.plan_file import read_plan
from tests.render.unreal.driver.plans import plan, write_plan


def test_a_short_plan_is_filled_in(tmp_path: Path) -> None:
    found = plan(tmp_path, attributes=None, states=None)
    assert tuple(found.states) == EXPRESSIONS
    assert found.states["expression_smile"] == tuple(float(value) for value in range(-10, 11))
    assert (found.shot, found.lens, found.skies, found.batch, found.project_name) == ("portrait", 85.0, ("grey",), 1, "CatRender")


def test_poses_have_their_own_shot_and_their_own_ranges(tmp_path: Path) -> None:
    found = plan(tmp_path, "poses", attributes=None)
    assert tuple(found.states) == POSES
    assert found.states["pose_elbow_bend"] == (0.0, 5.0, 10.0)
    assert found.states["pose_head_yaw"] == (-10.0, 0.0, 10.0)
    assert found.shot == "full_body"


def test_values_may_be_listed_and_an_engine_written_as_a_number(tmp_path: Path) -> None:
    found = plan(tmp_path, states=[0, 2.5, -10], engine=5.5)
    assert found.states == {"expression_smile": (0.0, 2.5, -10.0)}
    assert found.engine == "5.5"


def test_each_command_takes_its_own_attributes_of_a_plan(tmp_path: Path) -> None:
    found = plan(tmp_path, "poses", attributes=["expression_smile", "pose_head_yaw"])
    assert tuple(found.states) == ("pose_head_yaw",)
    assert found.elsewhere == ("expression_smile",)


def test_a_project_may_be_a_windows_path(tmp_path: Path) -> None:
    assert plan(tmp_path, project="C:\\Projects\\Cat Render\\CatRender.uproject").project_name == "CatRender"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"chracters": ["Ada"]}, "unknown key 'chracters'; did you mean 'characters'?"),
    ({"project": None}, "project must be a text in one line, and is absent"),
    ({"engine": "5.3"}, "engine must be one of 5.4, 5.5, 5.6, 5.7, not '5.3'"),
    ({"editor": "both"}, "editor must be one of attach, launch, not 'both'"),
    ({"editor": "launch"}, "project must be the path of a .uproject file where the editor is launched"),
    ({"editor": "launch", "project": "no/such.uproject"}, "project: no/such.uproject does not exist"),
    ({"program": "UnrealEditor-Cmd"}, "program goes with editor: launch"),
    ({"characters": []}, "characters must be a text or a list of them, like Ada"),
    ({"characters": ["Ada", "Ada"]}, "characters names 'Ada' twice"),
    ({"characters": ["/Game/MetaHumans/*/BP"]}, "characters[0] must be like Ada or /Game/MetaHumans/Ada/BP_Ada"),
    ({"characters": ["../Ada"]}, "characters[0] must be like Ada"),
    ({"attributes": ["expression_smil"]}, "attributes: unknown key 'expression_smil'; did you mean 'expression_smile'?"),
    ({"attributes": ["pose_head_yaw"]}, "attributes has none of the expressions; the other command renders them"),
    ({"states": 1}, "states must be a whole number from 2 to 10000, not '1'"),
    ({"states": [1, 1]}, "must be at least two different values"),
    ({"states": [0, 11]}, "states: expression_smile = 11 is outside its range -10 to 10"),
    ({"states": [0, "x"]}, "states: expression_smile must be a finite number, not 'x'"),
    ({"states": [0, 1], "range": [0, 1]}, "states lists every value, so range has nothing to say"),
    ({"range": [3, -3]}, "range must be two rising numbers"),
    ({"range": [0, float("nan")]}, "range must be two rising numbers"),
    ({"range": [0, 0]}, "must be at least two different values"),
    ({"attributes": ["expression_smile"], "range": [-12, 0]}, "expression_smile = -12 is outside its range"),
    ({"views": True}, "views must be a whole number from 1 to 1000"),
    ({"azimuths": [-100, 0]}, "azimuths must be two rising numbers from -90 to 90"),
    ({"elevations": 5}, "elevations must be two rising numbers"),
    ({"shot": "head"}, "shot must be one of portrait, full_body"),
    ({"lens": 0}, "lens must be a number from 4 to 1000"),
    ({"size": 4}, "size must be a whole number from 8 to 8192"),
    ({"samples": 1.5}, "samples must be a whole number from 1 to 65536, not '1.5'"),
    ({"skies": ["blue"]}, "skies[0] must be like grey or /Game/Skies/Studio, not 'blue'"),
    ({"rigs": {"head": []}}, "rigs: unknown key 'head'"),
    ({"rigs": 4}, "rigs must hold keys and values"),
    ({"out": ""}, "out must be a text in one line"),
    ({"out": "a\0b"}, "out must be a text in one line"),
    ({"project": "Cat\nRender"}, "project must be a text in one line"),
    ({"lens": 10**400}, "lens must be a number from 4 to 1000"),
    ({"states": [0, 10**400]}, "states: int too large"),
    ({"deadlines": {"hearbeat": 3}}, "deadlines: unknown key 'hearbeat'; did you mean 'heartbeat'?"),
    ({"deadlines": {"frame": 0}}, "deadlines: frame must be a number from 0.1 to 1e+06"),
    ({"multicast": "239.0.0.1"}, "multicast must be like 239.0.0.1:6766"),
    ({"multicast": "10.0.0.1:6766"}, "multicast must be like 239.0.0.1:6766"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CatError) as caught:
        plan(tmp_path, **changes)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_a_key_that_is_said_twice_is_refused(tmp_path: Path) -> None:
    path = write_plan(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + "seed: 8\n", encoding="utf-8")
    with pytest.raises(CatError, match="says 'seed' twice"):
        read_plan(path, "expressions")


@pytest.mark.parametrize("number", ["0b" + "1" * 9000, "1" + ":59" * 3000, "7" * 9000])
def test_a_number_without_end_is_refused(number: str, tmp_path: Path) -> None:
    path = write_plan(tmp_path, seed=None)
    path.write_text(path.read_text(encoding="utf-8") + f"seed: {number}\n", encoding="utf-8")
    with pytest.raises(CatError, match=r"has a number of \d+ digits in line \d+; no key takes it"):
        read_plan(path, "expressions")


def test_a_range_that_one_attribute_cannot_have_names_it(tmp_path: Path) -> None:
    with pytest.raises(CatError, match=r"pose_elbow_bend = -5 is outside its range 0 to 10.*plan of its own"):
        plan(tmp_path, "poses", attributes=["pose_head_yaw", "pose_elbow_bend"], range=[-5, 5])
