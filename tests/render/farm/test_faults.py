"""What goes wrong in a week: workers that are killed, crash, hang or grow, disks that fill up, commands that are stopped."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from cat_dataset.files import read_json
from tests.reliability.builds import small_disk
from tests.render.farm.kills import killed_workers
from tests.render.farm.plans import TINY, alive, cat_render, frames_in, start, wait_until, workers_of, write_plan
from tests.render.runs import ROOT, error_lines, hashes

LONG = {**TINY, "states": 60}


def test_kill_9_of_workers_costs_nothing(undisturbed: dict[str, str], tmp_path: Path) -> None:
    assert killed_workers(tmp_path, undisturbed, times=2, takes=5.0, seed=1) == {"recovered, same bytes": 2}


@pytest.mark.parametrize(("number", "words"), [(signal.SIGSEGV, "killed by SIGSEGV"), (signal.SIGSTOP, "Blender hung: no frame for 15 s")])
def test_a_crashed_or_hung_blender_is_replaced(number: signal.Signals, words: str, undisturbed: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    process = start(write_plan(tmp_path), "--hang-timeout", 15, environment={**os.environ, "TMPDIR": str(tmp_path / "tmp")})
    wait_until(lambda: frames_in(tmp_path / "series") > 0)
    (worker,) = workers_of(process)
    os.kill(worker, number)
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert words in errors
    assert "4 series rendered, of 4" in out
    assert hashes(tmp_path / "series") == undisturbed
    assert not alive(worker)
    assert not list((tmp_path / "tmp").iterdir())


CRASHES = """#!{python}
import os, sys
sys.path.insert(0, {root!r})
import bpy
from render.blender import program, worker
from render.blender.sweeping import series

whole = series.render_still

def crashing(path):
    if "mug" in str(path) and "0002" in path.name:
        os.kill(os.getpid(), 11)
    whole(path)

series.render_still = crashing
program.run(worker.main)
"""


def test_a_series_that_always_crashes_is_given_up_and_named(undisturbed: dict[str, str], tmp_path: Path) -> None:
    blender = tmp_path / "blender"
    blender.write_text(CRASHES.format(python=sys.executable, root=str(ROOT)), encoding="utf-8")
    blender.chmod(0o755)
    plan = write_plan(tmp_path, views=1)
    run = cat_render(plan, "--blender", blender, "--retries", 1)
    assert run.returncode == 1, run.stderr
    assert "failed: rotate_z-mug-studio-v00 after 2 tries: Blender was killed by SIGSEGV" in run.stderr
    assert error_lines(run)[-1].startswith("1 series failed; named above")
    (entry,) = read_json(tmp_path / "series" / "failures.json")["series"]
    assert (entry["series"], entry["refused"], entry["tries"]) == ("rotate_z-mug-studio-v00", False, 2)
    status = cat_render(plan, "--status").stdout
    assert "1 of 2 series complete, 1 begun, 0 missing" in status
    assert "rotate_z-mug-studio-v00: Blender was killed by SIGSEGV" in status
    again = cat_render(plan)
    assert again.returncode == 0, again.stderr
    assert not (tmp_path / "series" / "failures.json").exists()
    assert hashes(tmp_path / "series") == {name: value for name, value in undisturbed.items() if "v00" in name}


def test_a_blender_that_never_starts_is_one_line(tmp_path: Path) -> None:
    blender = tmp_path / "blender"
    blender.write_text("#!/bin/sh\necho 'cannot open display' >&2\nexit 3\n", encoding="utf-8")
    blender.chmod(0o755)
    run = cat_render(write_plan(tmp_path), "--blender", blender)
    assert run.returncode == 1
    (line,) = error_lines(run)
    assert line == "no worker can be started: Blender ended with status 3: cannot open display"


def test_a_blender_that_hangs_before_it_is_ready_is_not_tried_for_ever(tmp_path: Path) -> None:
    blender = tmp_path / "blender"
    blender.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
    blender.chmod(0o755)
    run = cat_render(write_plan(tmp_path), "--blender", blender, "--hang-timeout", 1)
    assert run.returncode == 1
    (line,) = error_lines(run)
    assert line == "no worker can be started: Blender hung: no frame for 1 s"


@pytest.mark.parametrize(("flags", "views"), [(("--recycle-series", 2), 2), (("--recycle-memory", 0.05), 1)])
def test_workers_are_replaced_when_it_is_time(flags: tuple[object, ...], views: int, undisturbed: dict[str, str], tmp_path: Path) -> None:
    """After the second of four series; after the first of two, since any Blender needs more memory than that."""
    process = start(write_plan(tmp_path, views=views), *flags)
    seen: set[int] = set()
    while process.poll() is None:
        seen |= set(workers_of(process))
        time.sleep(0.01)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert len(seen) == 2
    assert "trying" not in errors
    assert hashes(tmp_path / "series") == {name: value for name, value in undisturbed.items() if views == 2 or "v00" in name}


def test_a_stopped_command_ends_its_workers_and_can_go_on_later(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, views=1, render=LONG)
    process = start(plan, "--workers", 2)
    wait_until(lambda: frames_in(tmp_path / "series") > 2)
    workers = workers_of(process)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert not any(alive(worker) for worker in workers)
    assert not list((tmp_path / "series").glob("*/frames/*partial*"))
    kept = frames_in(tmp_path / "series")
    assert 2 < kept < 120
    assert f"{kept} of 120 frames" in cat_render(plan, "--status").stdout


def test_a_stop_in_a_series_last_frame_ends_the_command_too(tmp_path: Path) -> None:
    """With two frames a series every other stop falls into a last one, after which the worker has nothing to stop."""
    plan = write_plan(tmp_path, views=60, render={**TINY, "states": 2, "size": 16})
    for wanted in (3, 8, 13, 18):
        process = start(plan, "--workers", 1)
        wait_until(lambda: frames_in(tmp_path / "series") >= wanted)  # noqa: B023
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130, errors


def test_workers_end_with_a_killed_command(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, render=LONG)
    process = start(plan, "--workers", 2)
    wait_until(lambda: frames_in(tmp_path / "series") > 2 and len(workers_of(process)) == 2)
    workers = workers_of(process)
    os.kill(workers[0], signal.SIGSTOP)  # one that cannot notice by itself
    process.kill()
    process.communicate()
    wait_until(lambda: not any(alive(worker) for worker in workers), 10)


def test_a_full_disk_stops_the_plan_and_room_lets_it_go_on(undisturbed: dict[str, str], tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    plan = write_plan(tmp_path, out=str(disk / "series"))
    with small_disk(disk, 1 << 20) as mounted:
        if not mounted:
            pytest.skip("this user may not mount a small disk")
        process = start(plan)
        wait_until(lambda: frames_in(disk / "series") > 0)
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 2, errors
        assert "free some space" in errors.splitlines()[-1]
        assert "Traceback" not in errors
        for folder in (disk / "series").glob("*/series.json"):
            read_json(folder)
        (disk / "filler").unlink()
        again = cat_render(plan)
        assert again.returncode == 0, again.stderr
        assert hashes(disk / "series") == undisturbed
