"""cat-render on a real Slurm."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cat_dataset.errors import UsageError
from render.farm.slurm import minutes
from tests.render.farm.plans import cat_render, frames_in, start, wait_until, write_plan
from tests.render.farm.slurm_cluster import slurm, why_not
from tests.render.runs import hashes

TIMES = {"5": 5, "90:30": 90, "1:30:00": 90, "2-0": 2880, "1-2:30": 1590, "0:0:10": 1}


@pytest.mark.parametrize("text", TIMES)
def test_times_are_read_as_sbatch_reads_them(text: str) -> None:
    assert minutes(text) == TIMES[text]


def test_other_times_are_refused() -> None:
    with pytest.raises(UsageError, match="time=tomorrow is no time"):
        minutes("tomorrow")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    pytest.importorskip("submitit", reason="needs submitit")
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with ExitStack() as stack:
        try:
            environment = stack.enter_context(slurm(tmp_path_factory.mktemp("slurm") / "cluster"))
        except RuntimeError as error:
            pytest.skip(f"Slurm does not start here: {error}")
        yield environment


def test_every_series_is_rendered_by_array_tasks(cluster: dict[str, str], undisturbed: dict[str, str], tmp_path: Path) -> None:
    plan = write_plan(tmp_path)
    flags = ("--executor", "slurm", "--workers", 2, "--slurm", "partition=short", "--slurm", "time=10")
    run = cat_render(plan, *flags, environment=cluster)
    assert run.returncode == 0, run.stderr
    assert "4 series rendered, of 4" in run.stdout
    assert hashes(tmp_path / "series") == undisturbed
    again = cat_render(plan, *flags, environment=cluster)
    assert "0 series rendered, 4 already complete, of 4" in again.stdout, again.stderr


def test_a_killed_task_is_submitted_again(cluster: dict[str, str], undisturbed: dict[str, str], tmp_path: Path) -> None:
    process = start(write_plan(tmp_path), "--executor", "slurm", "--workers", 2, environment=cluster)
    wait_until(lambda: frames_in(tmp_path / "series") > 1)
    steps = [
        int(pid)
        for pid in subprocess.run(["pgrep", "-f", "submitit.core._submit"], capture_output=True, text=True, check=False).stdout.split()
    ]
    victims = [pid for pid in steps if str(tmp_path) in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")]
    assert victims
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    out, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert "submitting them again" in errors
    assert "4 series rendered, of 4" in out
    assert hashes(tmp_path / "series") == undisturbed


def test_ctrl_c_cancels_the_tasks(cluster: dict[str, str], tmp_path: Path) -> None:
    plan = write_plan(tmp_path, render={"size": 64, "samples": 1, "states": 400, "threads": 1})
    process = start(plan, "--executor", "slurm", environment=cluster)
    wait_until(lambda: frames_in(tmp_path / "series") > 0)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130

    def queue() -> str:
        return subprocess.run(["squeue", "--noheader"], env=cluster, capture_output=True, text=True, check=True).stdout

    wait_until(lambda: not queue())
    assert not list((tmp_path / "series").glob("*/series.json"))


def test_what_sbatch_refuses_is_one_line(cluster: dict[str, str], tmp_path: Path) -> None:
    run = cat_render(write_plan(tmp_path), "--executor", "slurm", "--slurm", "partition=nowhere", environment=cluster)
    assert run.returncode == 1
    (line,) = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert "Slurm did not take the jobs" in line
    assert "partition" in line
