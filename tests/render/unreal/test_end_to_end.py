"""From PLAN.yaml to series, through a running fake editor: the real link, the real code inside, real PNG files, and what may go wrong.

One editor serves all tests of this file; what is odd is switched on in it through its own link.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cat_dataset.building.build import Options, build
from cat_dataset.errors import CatError, InputError, RunFailed
from cat_dataset.files import read_json, sha256_file
from cat_dataset.folders import folder_flag
from cat_dataset.images import decode_rgb
from cat_dataset.series import Series, find_series, read_series, verify_frames
from render.outcome import Report
from render.unreal import doctor
from render.unreal.driver import attach
from render.unreal.driver.attach import AttachSession
from render.unreal.driver.command import render
from render.unreal.driver.expansion import OURS, expand
from render.unreal.driver.plan_file import Deadlines, read_plan
from render.unreal.driver.series_run import Watcher, make_series
from render.unreal.errors import EditorGone
from render.unreal.job import Job
from render.unreal.remote.connection import EditorLink, Mode
from render.unreal.remote.discovery import the_editor
from render.unreal.remote.network import Network
from render.unreal.status import FINISHED, Status, write_status
from tests.render.unreal.driver.plans import write_plan
from tests.render.unreal.fake_network import free_port
from tests.render.unreal.joined_editor import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake editor is a POSIX program")
SMILE = "expression_smile-ada_cc98ae-grey-v00"


class Running:
    """The fake editor: ``say`` runs Python in it, under its lock."""

    def __init__(self) -> None:
        self.port = free_port()
        words = [sys.executable, "-m", "tests.render.unreal.joined_editor", "--port", str(self.port)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, encoding="utf-8", cwd=ROOT)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("ready")
        self.editor = the_editor("CatRender", "5.5", 0.5, Network(port=self.port))

    def say(self, code: str) -> None:
        with EditorLink.connect(self.editor) as link:
            link.run(code, Mode.FILE)

    @contextmanager
    def odd(self, **switches: Any) -> Iterator[None]:
        self.say("; ".join(f"EDITOR.switches.{name} = {value!r}" for name, value in switches.items()))
        try:
            yield
        finally:
            self.say("from tests.render.unreal.fake_unreal import Switches; EDITOR.switches.__dict__.update(vars(Switches()))")


@pytest.fixture(autouse=True)
def _little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach, "LISTEN_S", 0.5)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    editor = Running()
    yield editor
    editor.process.kill()
    editor.process.communicate()


def run(running: Running, folder: Path, kind: str = "expressions", poll: float = 0.02, **changes: Any) -> Report:
    limits = {"connect": 10, "start": 20, "heartbeat": 20, "frame": 20}
    plan = write_plan(folder, **{"multicast": f"239.0.0.1:{running.port}", "deadlines": limits, **changes})
    return render(read_plan(plan, kind), None, poll)


def made(folder: Path) -> list[Series]:
    found = [read_series(path) for path in find_series(folder / "series")]
    for one in found:
        verify_frames(folder / "series" / one.id, one)
    return found


def hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): sha256_file(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def failures(folder: Path) -> list[dict[str, Any]]:
    return list(read_json(folder / "series" / "failures.json")["series"])


@pytest.fixture(scope="module")
def whole(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A smile of three states under a sky of the project, undisturbed."""
    folder = tmp_path_factory.mktemp("whole")
    report = run(running, folder)
    assert (report.finished, report.already, report.failures) == (1, 0, [])
    return folder


def test_a_plan_becomes_a_series(whole: Path) -> None:
    (series,) = made(whole)
    assert (series.id, series.source, series.object, series.varies) == (SMILE, "unreal", "person", ("expression_smile",))
    assert series.scene == {"character": "Ada-cc98aef7", "hdri": "grey", "view": "v00"}
    assert [frame.values for frame in series.frames] == [{"expression_smile": value} for value in (-10.0, 0.0, 10.0)]
    assert [frame.measured for frame in series.frames] == [frame.values for frame in series.frames]
    assert series.frames[2].state["controls"]["CTRL_L_mouth_cornerPull"] == 1.0
    assert series.constants["limits"]["CTRL_L_mouth_cornerPull"] == {"type": "float", "low": [0.0], "high": [1.0]}
    assert series.provenance["licences"]["character"] == "MetaHuman: rights confirmed by the user"
    assert series.provenance["engine"].startswith("5.5.4")
    assert series.provenance["rendered_again"] == {"state": 0, "psnr_db": 99.0, "largest_block_difference": 0.0}
    pictures = [decode_rgb((whole / "series" / SMILE / frame.file).read_bytes()) for frame in series.frames]
    assert len({picture.tobytes() for picture in pictures}) == 3
    assert not list((whole / "series" / OURS).iterdir())
    assert str(whole) not in (whole / "series" / SMILE / "series.json").read_text(encoding="utf-8")


def test_what_is_there_is_not_made_again(running: Running, whole: Path) -> None:
    before = hashes(whole / "series")
    report = run(running, whole)
    assert (report.finished, report.already) == (0, 1)
    assert hashes(whole / "series") == before
    with pytest.raises(InputError, match="1 series refused"):
        run(running, whole, samples=2)
    assert "was made with render.samples = 1, not 2" in failures(whole)[0]["reason"]
    (whole / "series" / "failures.json").unlink()
    assert hashes(whole / "series") == before


def test_poses_are_read_back_too_and_shards_mix_both(running: Running, whole: Path, tmp_path: Path) -> None:
    report = run(
        running, tmp_path, "poses", attributes=["pose_arm_raise"], characters=["Ben"], skies=["/Game/Skies/Studio"], states=[-10, 5]
    )
    assert report.finished == 1
    (series,) = made(tmp_path)
    assert [frame.measured["pose_arm_raise"] for frame in series.frames] == pytest.approx([-10, 5], abs=0.01)
    assert series.constants["camera"]["kind"] == "full_body"
    free = tmp_path / "free"
    free.mkdir()
    blender = series.as_json() | {"id": "free", "source": "blender", "scene": {"character": "free"}}
    roots = [folder_flag("--series", str(one)) for one in (whole / "series", tmp_path / "series", _copied(free, tmp_path, blender))]
    places = [folder_flag("--shards", str(tmp_path / "shards")), folder_flag("--manifests", str(tmp_path / "manifests"))]
    built = build(roots, *places, Options(fractions={"train": 1.0, "validation": 0.0, "test": 0.0}), lambda: None)
    assert (built.info["totals"]["series"], built.info["totals"]["frames"]) == (3, 7)
    card = (tmp_path / "manifests" / "README.md").read_text(encoding="utf-8")
    assert "MetaHuman: rights confirmed by the user" in card


def _copied(root: Path, made_in: Path, content: dict[str, Any]) -> Path:
    """A series of another source, with the frames of the one in ``made_in``."""
    import shutil

    from cat_dataset.files import write_json

    (source,) = find_series(made_in / "series")
    shutil.copytree(source, root / "free")
    write_json(root / "free" / "series.json", content)
    return root


def test_warm_up_frames_are_left_out(running: Running, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running.odd(warm_up=3):
        run(running, tmp_path)
    assert "3 files in the staging folder were not asked for" in capsys.readouterr().err
    assert hashes(tmp_path / "series") == hashes(whole / "series")


BAD: list[tuple[dict[str, Any], type[CatError], str, bool]] = [
    ({"leak": 0.5}, RunFailed, "state 0 (expression_smile = -10) rendered again does not look as it did", False),
    ({"skip_at": 1}, RunFailed, "of 4 frames 1 are missing or cut off: 0001.png", False),
    ({"truncate_at": 2}, RunFailed, "of 4 frames 1 are missing or cut off: 0002.png", False),
    ({"fail_at": 1}, RunFailed, "the render queue reports a failed render", False),
    ({"ray_tracing": False}, InputError, "hardware ray tracing is off", True),
]


@pytest.mark.parametrize(("switches", "kind", "reason", "refused"), BAD, ids=[next(iter(one[0])) for one in BAD])
def test_what_cannot_be_trusted_is_no_series(
    running: Running, tmp_path: Path, switches: dict[str, Any], kind: type[CatError], reason: str, refused: bool
) -> None:
    with running.odd(**switches), pytest.raises(kind, match="1 series"):
        run(running, tmp_path, tries=1)
    (failure,) = failures(tmp_path)
    assert reason in failure["reason"]
    assert failure["refused"] is refused
    assert str(tmp_path) not in failure["reason"]
    assert not made(tmp_path)


def test_after_a_leak_nothing_is_kept_and_mended_it_is_made_whole(running: Running, whole: Path, tmp_path: Path) -> None:
    with running.odd(leak=0.5), pytest.raises(RunFailed):
        run(running, tmp_path)
    folder = tmp_path / "series" / SMILE
    assert not (folder / "journal.jsonl").exists()
    assert not (folder / "frames").exists()
    assert len(list((tmp_path / "series" / OURS / SMILE / "leaking").glob("*.png"))) == 3
    run(running, tmp_path)
    assert hashes(tmp_path / "series") == hashes(whole / "series")


def test_a_leak_before_an_interruption_is_found_after_it(running: Running, tmp_path: Path) -> None:
    with running.odd(leak=0.5, fail_at=2), pytest.raises(RunFailed, match="1 series failed"):
        run(running, tmp_path, tries=1)
    assert len(list((tmp_path / "series" / SMILE / "frames").glob("*.png"))) == 2
    with pytest.raises(RunFailed, match="1 series failed"):
        run(running, tmp_path)
    assert "state 1 (expression_smile = 0) rendered again does not look as it did" in failures(tmp_path)[0]["reason"]


def test_what_a_failed_try_brought_is_kept(running: Running, whole: Path, tmp_path: Path) -> None:
    with running.odd(fail_at=2), pytest.raises(RunFailed):
        run(running, tmp_path, tries=1, poll=0.7)  # so seldom that all has happened by the second look
    assert len(list((tmp_path / "series" / SMILE / "frames").glob("*.png"))) == 2
    with running.odd(engine="5.5.3-1+++UE5"), pytest.raises(InputError):
        run(running, tmp_path)
    assert "was begun with Unreal 5.5.4-40574608+++UE5+Release-5.5, not 5.5.3-1+++UE5" in failures(tmp_path)[0]["reason"]
    journal = tmp_path / "series" / SMILE / "journal.jsonl"  # whose second frame somebody makes one of another state
    journal.write_text(
        journal.read_text(encoding="utf-8").replace('{"expression_smile": 0.0}', '{"expression_smile": 1.0}'), encoding="utf-8"
    )
    before = (tmp_path / "series" / SMILE / "frames" / "0000.png").stat().st_mtime_ns
    run(running, tmp_path)
    assert (tmp_path / "series" / SMILE / "frames" / "0000.png").stat().st_mtime_ns == before
    assert hashes(tmp_path / "series") == hashes(whole / "series")


def test_a_frame_of_another_size_is_refused(running: Running, tmp_path: Path) -> None:
    patch = "from tests.render.unreal.fake_unreal import render_queue as q; q.whole = q.picture; q.picture = lambda *a: q.whole(*a)[::2]"
    running.say(patch)
    try:
        with pytest.raises(InputError, match="1 series refused"):
            run(running, tmp_path)
    finally:
        running.say("q.picture = q.whole")
    assert "0000.png is 32×16, not 32×32" in failures(tmp_path)[0]["reason"]


def test_a_lost_link_does_not_lose_the_render(running: Running, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = (
        "from tests.render.unreal.fake_unreal import render_queue as q\n"
        "q.whole = q.picture\n"
        "def cut(*a):\n"
        "    LINK._hang_up()\n"
        "    q.picture = q.whole\n"
        "    return q.whole(*a)\n"
        "q.picture = cut\n"
    )
    running.say(code)
    with running.odd(ticks_per_frame=20):
        running.say("pass")
        run(running, tmp_path)
    said = capsys.readouterr().err
    assert "is lost; going by its files while its heart beats" in said
    assert hashes(tmp_path / "series") == hashes(whole / "series")


def test_an_editor_that_is_at_work_is_waited_for(running: Running, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A driver that was killed leaves the editor at work: the next one waits."""
    running.say(
        "import sys, threading\n"
        "before = sys.modules['render.unreal.in_editor.run_job']._run\n"
        "before.over = False\n"
        "threading.Timer(0.7, lambda: setattr(before, 'over', True)).start()\n"
    )
    run(running, tmp_path)
    assert "still at work on a job that was begun before" in capsys.readouterr().err
    assert hashes(tmp_path / "series") == hashes(whole / "series")


class Haunted(AttachSession):
    """A status file of another try, which says that all is well, lies in the place of every job's."""

    def begin(self, manifest: Path, job: Job) -> bool:
        write_status(Path(job.status), Status("0" * 64, state=FINISHED, success=True, engine="5.5", controls={"0": {}}))
        return super().begin(manifest, job)


def test_a_stale_status_is_not_believed(running: Running, whole: Path, tmp_path: Path) -> None:
    plan = read_plan(write_plan(tmp_path), "expressions")
    (task,) = expand(plan)
    with running.odd(ticks_per_frame=20):
        session = Haunted("CatRender", "5.5", Deadlines(), Network(port=running.port))
        make_series(task, session, Watcher(lambda states: None, lambda: None, 0.02))
        session.close()
    assert hashes(tmp_path / "series") == hashes(whole / "series")


def test_an_attached_editor_that_dies_ends_the_run_and_the_next_one_goes_on(running: Running, whole: Path, tmp_path: Path) -> None:
    mortal = Running()
    try:
        deadlines = {"connect": 1, "start": 20, "heartbeat": 20, "frame": 20}  # so that a dead one is given up after two seconds
        mortal.say("EDITOR.switches.crash_at = 2; EDITOR.switches.ticks_per_frame = 20")
        with pytest.raises(EditorGone, match=r"the link to the editor is lost and it has not beaten.*see to the editor and run the same"):
            run(mortal, tmp_path, deadlines=deadlines)
    finally:
        mortal.process.kill()
        mortal.process.communicate()
    assert len(list((tmp_path / "series" / SMILE / "frames").glob("*.png"))) == 2
    assert run(running, tmp_path).finished == 1
    assert hashes(tmp_path / "series") == hashes(whole / "series")


def test_an_editor_of_another_project_or_engine_is_not_touched(running: Running, tmp_path: Path) -> None:
    for change in ({"project": "Other"}, {"engine": "5.6"}):
        with pytest.raises(CatError, match="no running editor has"):
            run(running, tmp_path, **change)


def examine(running: Running, folder: Path, rights: bool, **changes: Any) -> None:
    limits = {"connect": 10, "start": 20, "heartbeat": 20, "frame": 20}
    path = write_plan(folder, multicast=f"239.0.0.1:{running.port}", deadlines=limits, **changes)
    doctor.examine(read_plan(path, "expressions", any_attributes=True), None, all_controls=False, rights=rights, interrupt=None)


def test_the_doctor_finds_a_sound_editor_sound(running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    examine(running, tmp_path, rights=True)
    said = capsys.readouterr().out
    assert said.startswith("engine: 5.5.4-40574608+++UE5+Release-5.5\nproject: CatRender\nplugins: Control Rig present, ")
    assert "  CTRL_C_jaw.y: vector2d, 0 to 1 (expression_mouth)" in said
    assert "  neck: neck_01_ctrl, neck_02_ctrl" in said
    assert "largest difference of a block 0.0 of 255" in said
    assert said.endswith("alike, as they should be\nok\n")
    picture = tmp_path / "series" / OURS / "calibration" / "calibration.png"
    assert decode_rgb(picture.read_bytes()).shape == (32, 32, 3)


def test_the_doctor_needs_no_rights_to_look_and_renders_nothing_then(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running.odd(ray_tracing=False), pytest.raises(InputError, match="the editor lacks something"):
        examine(running, tmp_path, rights=False)
    said = capsys.readouterr().out
    assert "WRONG: hardware ray tracing is off" in said
    assert "no calibration frame: --i-have-the-rights is missing" in said
    with pytest.raises(InputError):
        examine(running, tmp_path, rights=False, characters=["Nobody"])
    assert "WRONG: the project has no asset /Game/MetaHumans/Nobody/BP_Nobody" in capsys.readouterr().out
