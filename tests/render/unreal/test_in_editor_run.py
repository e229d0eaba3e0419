"""One job inside the editor, on the strict fake: what it sets, what it writes, how every failure ends."""

from __future__ import annotations

import ast
import importlib
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from cat_dataset.errors import InputError, RunFailed
from render.unreal.in_editor import inspect_code, start_code
from render.unreal.job import Camera, Job, Rigs, write_job
from render.unreal.status import read_status
from tests.render.unreal.fake_unreal import Editor, Switches
from tests.render.unreal.fake_unreal.editor import BODY_RIG, FACE_RIG
from tests.render.unreal.fake_unreal.types_ import plain
from tests.render.unreal.in_editor_runs import left_behind, run
from tests.render.unreal.sample_jobs import expression_job, job, pose_job, state

ROOT = Path(__file__).resolve().parents[3]


def frames(made: Job) -> list[np.ndarray]:
    pictures = [cv2.imread(str(Path(made.staging) / f"{frame:04d}.png")) for frame in range(len(made.shown))]
    assert all(picture is not None and picture.shape == (16, 16, 3) for picture in pictures)
    return pictures


def settings(editor: Editor, kind: str) -> dict[str, Any]:
    """The last value of each property of a class that was set."""
    return {name.split(".")[1]: plain(value) for what, name, value in editor.calls if what == "set" and name.startswith(f"{kind}.")}


def test_a_job_runs_to_its_end(tmp_path: Path) -> None:
    made = expression_job(tmp_path)
    status, editor = run(made, tmp_path)
    assert (status.state, status.success, status.error, status.notes) == ("finished", True, "", [])
    assert status.frames_done == status.frames_total == 4 and status.engine.startswith("5.5.4")
    assert [Path(path).name for path in status.files] == ["0000.png", "0001.png", "0002.png", "0003.png"]
    assert status.rigs == {"face": FACE_RIG} and not left_behind(editor) and not editor.log
    first, smile, frown, again = frames(made)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, smile) and not np.array_equal(first, frown) and not np.array_equal(smile, frown)


def test_what_was_keyed_is_read_back(tmp_path: Path) -> None:
    status, _ = run(expression_job(tmp_path), tmp_path)
    assert set(status.controls) == {"0", "1", "2"}
    pull, depress, raised = "CTRL_L_mouth_cornerPull", "CTRL_L_mouth_cornerDepress", "CTRL_R_eye_cheekRaise"
    for index, values in ((0, (0.0, 0.0, 0.0)), (1, (1.0, 0.0, 0.4)), (2, (0.0, 1.0, 0.0))):
        assert [status.controls[str(index)][name] for name in (pull, depress, raised)] == pytest.approx(values, abs=1e-6)
    assert status.limits[pull] == {"type": "float", "low": [0.0], "high": [1.0]}


def test_resumed_frames_look_as_they_would_have(tmp_path: Path) -> None:
    """The same states from a job of fewer frames, and in another order, are the same pictures."""
    states = [state(index, pose_head_yaw=value) for index, value in enumerate((0.0, 10.0, -10.0))]
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    whole, part = job(tmp_path / "a", states), job(tmp_path / "b", states, frames=(2, 1), attempt=1)
    run(whole, tmp_path)
    run(part, tmp_path)
    a, b = frames(whole), frames(part)
    assert np.array_equal(a[2], b[0]) and np.array_equal(a[1], b[1]) and np.array_equal(a[0], b[2])


def test_two_runs_do_the_same(tmp_path: Path) -> None:
    made = pose_job(tmp_path)
    assert run(made, tmp_path)[1].recorded() == run(made, tmp_path)[1].recorded()


def test_settings_that_keep_states_apart(tmp_path: Path) -> None:
    _, editor = run(expression_job(tmp_path), tmp_path)
    samples = settings(editor, "MoviePipelineAntiAliasingSetting")
    assert (samples["spatial_sample_count"], samples["temporal_sample_count"], samples["override_anti_aliasing"]) == ("4", "1", "True")
    assert settings(editor, "MoviePipelineCameraSetting") == {"shutter_timing": "MoviePipelineShutterTimingFRAME_OPEN"}
    variables = {given["name"]: given["value"] for what, name, given in editor.calls if name.endswith("add_or_update_console_variable")}
    assert variables["r.PathTracing.VisibleLights"] == 2 and variables["r.NFOR.FrameCount"] == 0
    assert variables["r.PathTracing.Denoiser"] == variables["r.PathTracing.TemporalDenoiser"] == 0
    assert variables["r.PathTracing.FrameIndependentTemporalSeed"] == variables["r.HairStrands.Simulation"] == 0
    game = settings(editor, "MoviePipelineGameOverrideSetting")
    assert game["use_lod_zero"] == "True" and game["texture_streaming"].endswith("FULLY_LOAD")
    assert settings(editor, "LODSyncComponent") == {"forced_lod": "0"}
    hair = next(value for what, name, value in editor.calls if name == "GroomComponent.simulation_settings")
    assert hair.override_settings and not hair.solver_settings.enable_simulation
    post = next(value for what, name, value in editor.calls if name == "CineCameraComponent.post_process_settings")
    for value in ("auto_exposure_method", "motion_blur_amount", "path_tracing_enable_denoiser"):
        assert post.get_editor_property(f"override_{value}")
    assert plain(post.auto_exposure_method).endswith("AEM_MANUAL") and post.motion_blur_amount == 0
    output = settings(editor, "MoviePipelineOutputSetting")
    assert (output["custom_start_frame"], output["custom_end_frame"], output["file_name_format"]) == ("0", "4", "{frame_number}")


@pytest.mark.parametrize("without", ["r.MotionBlurQuality", "shutter_timing", "hold_keys"])
def test_the_fake_sees_a_leak_where_a_setting_is_forgotten(without: str, tmp_path: Path) -> None:
    """The pictures are worth comparing: each of these settings left out leaves traces of the state before."""

    def forget(run_job: ModuleType) -> None:
        queue, sequence = (sys.modules[f"render.unreal.in_editor.{name}"] for name in ("render_queue", "sequence"))
        queue.VARIABLES.pop(without, None)
        if without == "shutter_timing":
            whole = queue.configure

            def configure(configuration: Any, made: Job) -> None:
                whole(configuration, made)
                shutter = configuration.find_or_add_setting_by_class(editor.classes["MoviePipelineCameraSetting"])
                shutter.shutter_timing = editor.classes["MoviePipelineShutterTiming"].FRAME_CENTER

            queue.configure = configure
        if without == "hold_keys":  # between two keys, a shutter that opens late sees both
            sequence.hold_keys = lambda track: 1000
            editor.queue.late = 0.25

    editor, made = Editor(), expression_job(tmp_path)
    assert run(made, tmp_path, editor=editor, prepare=forget)[0].success
    first, *_, again = frames(made)
    assert not np.array_equal(first, again)


def test_other_sky_and_camera_are_other_pictures(tmp_path: Path) -> None:
    plain_one = job(tmp_path, [state(0)])
    seen = []
    for changes in (
        {},
        {"sky": "/Game/Skies/Studio"},
        {"sky_turn": 90.0},
        {"sky_strength": 2.0},
        {"camera": Camera("portrait", 20.0, 0.0, 85.0, 36.0)},
    ):
        made = replace(plain_one, **changes)
        status, _ = run(made, tmp_path)
        assert status.success and status.controls == {"0": {}} and status.limits == {}
        seen.append(frames(made)[0].tobytes())
    assert len(set(seen)) == 5


def test_what_an_earlier_crash_left_is_replaced(tmp_path: Path) -> None:
    editor = Editor()
    editor.assets["/Game/CatDatasetTemporary/ada_smile_0/sequence"] = "LevelSequence"
    status, _ = run(expression_job(tmp_path), tmp_path, editor=editor)
    assert status.success and not left_behind(editor)


def test_the_users_queue_is_given_back(tmp_path: Path) -> None:
    editor = Editor()
    users = [editor.new("MoviePipelineExecutorJob", "job", settings={}, graph=False, enabled=enabled) for enabled in (True, False)]
    editor.queue.jobs += users
    assert run(expression_job(tmp_path), tmp_path, editor=editor)[0].success
    assert editor.queue.jobs == users and [job._state["enabled"] for job in users] == [True, False]


def test_one_job_at_a_time(tmp_path: Path) -> None:
    def twice(run_job: ModuleType) -> None:
        run_job.start(str(tmp_path / "job.json"))
        with pytest.raises(RunFailed, match="at work on another job"):
            run_job.start(str(tmp_path / "job.json"))
        run_job._run._end()

    assert run(expression_job(tmp_path), tmp_path, prepare=twice)[0].success


def test_unsaved_work_is_no_matter_to_an_editor_of_our_own(tmp_path: Path) -> None:
    status, _ = run(expression_job(tmp_path), tmp_path, Switches(unsaved=("/Temp/Untitled",), unattended=True))
    assert status.success


def test_a_rendering_editor_is_not_disturbed(tmp_path: Path) -> None:
    editor = Editor()
    editor.queue.rendering = True
    status, _ = run(expression_job(tmp_path), tmp_path, editor=editor)
    assert "rendering something else" in status.error and not left_behind(editor)


@pytest.mark.parametrize("switches", [{"newest": True}, {"graph_by_default": True}, {"own_rigs": True}], ids=lambda each: next(iter(each)))
def test_other_engines_and_projects(switches: dict[str, Any], tmp_path: Path) -> None:
    status, _ = run(pose_job(tmp_path), tmp_path, Switches(**switches))
    assert status.success, status.error
    assert status.rigs == {"body": "/Game/Own/MetaHuman_ControlRig" if "own_rigs" in switches else BODY_RIG}


def test_rigs_in_a_common_folder_above_the_character_are_found(tmp_path: Path) -> None:
    """Where a MetaHuman that was assembled in the project keeps them; the nearest folder wins."""
    made = replace(expression_job(tmp_path), rigs=Rigs(("/Game/Nowhere/Face/Face_ControlBoard_CtrlRig",), (BODY_RIG,)))
    status, _ = run(made, tmp_path)
    assert status.success and status.rigs == {"face": FACE_RIG}


def test_versions_from_5_4_to_the_unknown(tmp_path: Path) -> None:
    old, editor = run(replace(expression_job(tmp_path), engine="5.4"), tmp_path, Switches(engine="5.4.4-1"))
    assert old.success and not any(
        given.get("name", "").startswith("r.NFOR") for what, name, given in editor.calls if name.endswith("variable")
    )
    new, _ = run(replace(expression_job(tmp_path), engine=""), tmp_path, Switches(engine="5.9.0-1"))
    assert new.success and new.notes == ["Unreal 5.9 is newer than 5.7, the newest that is known; tried as that one"]


def test_what_cannot_be_deleted_and_partly_missing_joints_are_notes(tmp_path: Path) -> None:
    made = job(tmp_path, [state(0), state(1, pose_head_yaw=10.0)])
    status, _ = run(made, tmp_path, Switches(undeletable=True, missing_controls=frozenset({"neck_02_ctrl"})))
    assert status.success and len(status.notes) == 2
    assert "has no neck_02_ctrl; the other controls of neck share its turn" in status.notes[0]
    assert "could not be deleted" in status.notes[1]


def test_a_manifest_that_cannot_be_read_is_an_error_at_once(tmp_path: Path) -> None:
    with Editor().installed() as editor:
        run_job = importlib.import_module("render.unreal.in_editor.run_job")
        with pytest.raises(InputError, match="does not exist"):
            run_job.start(str(tmp_path / "job.json"))
        assert not run_job.is_busy() and not editor.callbacks


def ours() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.startswith(("render.unreal", "cat_dataset"))}


def test_the_lines_that_the_link_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They start a job and write an inspection, with quotes in paths, and put this repository first on the path."""
    folder = tmp_path / 'it\'s a "folder"'
    folder.mkdir()
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = ours()
    editor = Editor()
    write_job(folder / "job.json", expression_job(tmp_path))
    try:
        with editor.installed():
            exec(start_code(ROOT, folder / "job.json"), {})
            run_job = sys.modules["render.unreal.in_editor.run_job"]
            assert sys.path[0] == str(ROOT) and run_job.is_busy()
            exec(inspect_code(ROOT, folder / "report.json", "/Game/MetaHumans/Ada/BP_Ada", (FACE_RIG,), (BODY_RIG,)), {})
            assert sys.modules["render.unreal.in_editor.run_job"] is run_job  # a job under way keeps its code
            editor.run_until(lambda: not run_job.is_busy())
    finally:
        for name in ours():
            del sys.modules[name]
        sys.modules.update(before)
        sys.modules["render"].unreal = before["render.unreal"]  # type: ignore[attr-defined]
    assert (folder / "report.json").is_file() and read_status(tmp_path / "status.json").success  # type: ignore[union-attr]


def test_only_the_standard_library_is_imported() -> None:
    """And of our own code, only what imports nothing else either."""
    ours = {
        "cat_dataset.errors",
        "cat_dataset.files",
        "render.unreal.job",
        "render.unreal.job_fields",
        "render.unreal.status",
        "render.unreal.orders",
    }
    files = [*(ROOT / "render/unreal/in_editor").glob("*.py"), *(ROOT / f"{name.replace('.', '/')}.py" for name in ours)]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                known = name.split(".")[0] in {*sys.stdlib_module_names, "unreal"} or name in ours or name.startswith("render.unreal")
                assert known, f"{file.name} imports {name}"


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_as_a_script(by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``-ExecutePythonScript`` closes the editor after the script unless it is kept open; it is, until the job has ended."""
    path = tmp_path / "job.json"
    write_job(path, expression_job(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", ["run_job.py", str(path)] if by == "argument" else ["run_job.py"])
    monkeypatch.setenv("CAT_UNREAL_JOB", str(path))
    with Editor().installed() as editor:
        runpy.run_path(str(ROOT / "render/unreal/in_editor/run_job.py"), run_name="__main__")
        assert editor.alive and editor.run_until(lambda: not editor.alive)
    status = read_status(tmp_path / "status.json")
    assert status is not None and status.success and not left_behind(editor)
