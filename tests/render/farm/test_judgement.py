"""What is made of failures, of silence, and of the devices that there are."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from cat_dataset.errors import CatError, InputError, NoRoom, RunFailed, SeriesConflict, UsageError
from cat_dataset.files import folder_lock, write_json
from render.blender.sources import Source
from render.blender.worker import failure_json
from render.farm import machine
from render.farm.chunks import cut
from render.farm.confirmed import Confirmed
from render.farm.inputs import Given
from render.farm.jobs import Job
from render.farm.patience import FIRST_S, LEAST_S, Patience
from render.farm.report import failure_of
from render.farm.sweeps import Sweep
from render.farm.verdicts import judge
from render.outcome import Report, conclude

ASSET, SKY = (Given(name, Source(Path(name).stem, Path("/assets") / name, "0" * 64)) for name in ("toys/toy.glb", "skies/sky.exr"))
JOB = Job("rotate_z-toy-sky-v00", Sweep("sweeps[0]", "rotate", "rotate_z", (), 4, 1, 64, Path("series"), None), ASSET, SKY, 0)


@pytest.mark.parametrize(
    ("error", "action", "scope"),
    [
        (InputError("/assets/toys/toy.glb holds no mesh"), "refuse", "asset"),
        (InputError("skies/sky.exr is black"), "refuse", "hdri"),
        (UsageError("--device cuda is not available here"), "refuse", "sweep"),
        (SeriesConflict("series/x was made with size = 64, not 32"), "refuse", "series"),
        (NoRoom("series has 1.0 MB free and 4 frames need about 9.0 MB; free some space"), "stop", "series"),
        (OSError(errno.ENOSPC, "No space left on device", "x"), "stop", "series"),
        (OSError(errno.EIO, "Input/output error", "x"), "retry", "series"),
        (RunFailed("Blender could not render it"), "retry", "series"),
        (MemoryError(), "retry", "series"),
        (KeyError("x"), "retry", "series"),
    ],
)
def test_verdicts(error: Exception, action: str, scope: str) -> None:
    verdict = judge(JOB, failure_json(error))
    assert (verdict.action, verdict.scope) == (action, scope)
    assert verdict.reason


def test_a_series_that_somebody_else_holds_is_waited_for(tmp_path: Path) -> None:
    with folder_lock(tmp_path), pytest.raises(SeriesConflict) as caught, folder_lock(tmp_path):
        pass
    assert judge(JOB, failure_json(caught.value)).action == "postpone"


def test_patience_is_learnt_from_the_slowest_frame() -> None:
    patience = Patience()
    assert patience.limit(0) == patience.limit(3) == FIRST_S
    patience.saw_frame(1.0)
    assert (patience.limit(0), patience.limit(3)) == (FIRST_S, LEAST_S)
    patience.saw_frame(300.0)
    patience.saw_frame(2.0)
    assert patience.limit(3) == patience.limit(0) == 6000.0
    assert Patience(7.0).limit(0) == Patience(7.0).limit(1) == 7.0


def test_every_worker_sees_its_own_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"):
        monkeypatch.delenv(name, raising=False)
    assert machine.pinned(1, 2, 0) == {}
    monkeypatch.setattr(machine, "device_count", lambda: 4)
    assert machine.pinned(1, 2, 2) == dict.fromkeys(("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"), "2,3")
    assert machine.default_slots(2) == 2
    with pytest.raises(UsageError, match="3 workers of 2 GPUs need 6 GPUs, and there are 4"):
        machine.pinned(0, 3, 2)


def test_what_a_scheduler_gave_is_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HIP_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-aa, GPU-bb")
    monkeypatch.setenv("ROCR_VISIBLE_DEVICES", "6,7")
    monkeypatch.delenv("ZE_AFFINITY_MASK", raising=False)
    assert machine.device_count() == 2
    assert machine.pinned(1, 2, 1) == {"CUDA_VISIBLE_DEVICES": "GPU-bb", "ROCR_VISIBLE_DEVICES": "7"}


def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "default_workers", lambda: 7)
    assert [machine.threads_each(slots) for slots in (1, 2, 3, 9)] == [None, 3, 2, 1]


def test_chunks_are_even_and_never_too_long() -> None:
    assert [len(chunk) for chunk in cut([JOB] * 10, 1)] == [3, 3, 3, 1]
    assert {len(chunk) for chunk in cut([JOB] * 6400, 2)} == {64}
    assert cut([], 3) == []


def test_finished_series_are_compared_with_a_confirmed_one(tmp_path: Path) -> None:
    sweep = replace(JOB.sweep, out=tmp_path)
    jobs = [replace(JOB, sweep=sweep, series=f"rotate_z-toy-sky-v{view:02d}", view=view) for view in range(4)]
    for job, samples, frames in zip(jobs, (4, 4, 5, 4), (4, 4, 4, 3), strict=True):
        settings = {"samples": samples, "view": job.view, "asset": {"name": "toy.glb"}}
        write_json(job.folder / "series.json", {"id": job.series, "frames": [{}] * frames, "provenance": {"settings": settings}})
    confirmed = Confirmed()
    assert not confirmed.knows(jobs[1])
    confirmed.learn(jobs[0])
    assert [confirmed.knows(job) for job in jobs] == [True, True, False, False]
    (jobs[1].folder / "series.json").write_bytes(b"{")
    assert not confirmed.knows(jobs[1])


@pytest.mark.parametrize(("refused", "kind", "status"), [([False], RunFailed, 1), ([True], InputError, 2), ([True, False], RunFailed, 1)])
def test_the_exit_status_tells_failures_from_bad_input(refused: list[bool], kind: type[CatError], status: int) -> None:
    report = Report(3, 1, 0, [failure_of(JOB, "reason", one, 1) for one in refused])
    with pytest.raises(kind) as caught:
        conclude(report, [], Path("failures.json"))
    assert caught.value.exit_code == status
