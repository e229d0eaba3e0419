"""A plan can grow without changing what is there, and manifests are what the editor's side takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cat_dataset.errors import UsageError
from cat_dataset.people import EXPRESSIONS, POSES
from cat_dataset.series import ID_PATTERN
from render.unreal.driver import draws
from render.unreal.driver.expansion import Task, expand
from render.unreal.job import parse_job
from tests.render.unreal.driver.plans import plan

SKIES = ["grey", "/Game/Skies/Studio", "/Game/Skies/Forest"]


def tasks(folder: Path, kind: str = "expressions", **changes: object) -> dict[str, Task]:
    return {task.series: task for task in expand(plan(folder, kind, **changes))}


def test_a_plan_can_grow(tmp_path: Path) -> None:
    few = tasks(tmp_path, characters=["Ada", "Bo"], skies=SKIES)
    many = tasks(
        tmp_path, characters=["Cy", "Bo", "Ada", "/Game/Own/BP_Dee.BP_Dee"], skies=SKIES, attributes=None, views=3, batch=4, tries=9
    )
    assert len(few) == 2
    assert len(many) == 4 * 9 * 3
    for name, task in few.items():
        assert many[name].settings == task.settings


def test_another_seed_draws_another_view_and_another_name_another_series(tmp_path: Path) -> None:
    (one,), (other,) = (tasks(tmp_path, seed=seed).values() for seed in (1, 2))
    assert one.series == other.series == "expression_smile-ada_" + one.whose.part[-6:] + "-grey-v00"
    assert one.job.camera != other.job.camera
    assert one.settings["sha256"] != other.settings["sha256"]


@pytest.mark.parametrize("kind", ["expressions", "poses"])
def test_every_manifest_is_one_that_the_editor_takes(tmp_path: Path, kind: str) -> None:
    found = tasks(tmp_path, kind, attributes=None, skies=SKIES, characters=["/Game/A very long folder name/" + "x" * 99])
    assert len(found) == len(EXPRESSIONS if kind == "expressions" else POSES)
    for name, task in found.items():
        assert ID_PATTERN.fullmatch(name)
        job = task.for_run((0, 2), tmp_path / "try-0003", 3)
        assert parse_job(job.as_json(), name) == job
        assert job.shown == (0, 2, 0)
        assert job.content == task.job.content


def test_the_states_are_those_of_the_table(tmp_path: Path) -> None:
    (smile,) = tasks(tmp_path).values()
    assert [state.values for state in smile.job.states] == [{"expression_smile": value} for value in (-10.0, 0.0, 10.0)]
    assert smile.job.states[0].face == {"CTRL_L_mouth_cornerDepress": 1.0, "CTRL_R_mouth_cornerDepress": 1.0}
    assert set(smile.job.states[1].face.values()) == {0.0}
    (yaw,) = tasks(tmp_path, "poses", attributes=["pose_head_yaw"]).values()
    assert [turn.degrees for turn in yaw.job.states[2].turns] == [16.0, 24.0]
    assert yaw.job.states[0].turns[0].controls == ("neck_01_ctrl", "neck_02_ctrl")


def test_views_stay_inside_their_ranges_and_skies_are_shared_out(tmp_path: Path) -> None:
    found = tasks(tmp_path, characters=[f"C{index}" for index in range(60)], skies=SKIES, azimuths=[-10, 20], elevations=[-5, 5])
    cameras = [task.job.camera for task in found.values()]
    assert all(-10 <= camera.azimuth <= 20 and -5 <= camera.elevation <= 5 for camera in cameras)
    assert len({camera.azimuth for camera in cameras}) == 60
    assert {task.sky.path for task in found.values()} == set(SKIES)


def test_the_settings_tell_apart_whatever_the_manifests_do(tmp_path: Path) -> None:
    (one,) = tasks(tmp_path, "poses", attributes=["pose_elbow_bend"], skies=SKIES).values()
    changes: list[dict[str, object]] = [
        {"engine": "5.6"}, {"project": "Other"}, {"lens": 35}, {"sensor": 30}, {"shot": "portrait"}, {"samples": 2}, {"size": 16},
        {"states": 5}, {"seed": 8}, {"sky_strength": 2}, {"azimuths": [0, 1]}, {"elevations": [0, 1]}, {"rigs": {"body": "/Game/Rig"}},
        {"rigs": {"face": "/Game/Rig"}},
    ]  # fmt: skip
    for change in changes:
        (other,) = tasks(tmp_path, "poses", **{"attributes": ["pose_elbow_bend"], "skies": SKIES, **change}).values()
        assert other.job.content != one.job.content, change
        assert other.settings["sha256"] != one.settings["sha256"], change


def test_one_character_under_two_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Ada and /Game/MetaHumans/Ada/BP_Ada are the same"):
        tasks(tmp_path, characters=["Ada", "/Game/MetaHumans/Ada/BP_Ada"])
    with pytest.raises(UsageError, match="Ada and ada are the same"):
        tasks(tmp_path, characters=["Ada", "ada"])
    with pytest.raises(UsageError, match=r"Ada and /Game/MetaHumans/Ada/BP_Ada\.BP_Ada are the same"):
        tasks(tmp_path, characters=["Ada", "/Game/MetaHumans/Ada/BP_Ada.BP_Ada"])
    assert draws.character("/Game/People/X.X") == draws.character("/Game/People/X") != draws.character("/Game/People/X.Y")
