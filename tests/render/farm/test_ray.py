"""cat-render on a Ray cluster of two nodes, one of which dies."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.render.farm.plans import TINY, alive, cat_render, frames_in, start, wait_until, write_plan
from tests.render.farm.ray_cluster import RayCluster
from tests.render.runs import hashes


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    if find_spec("ray") is None:
        pytest.skip("needs Ray")
    try:
        made = RayCluster()
    except RuntimeError as error:
        pytest.skip(f"Ray does not start here: {error}")
    try:
        yield made
    finally:
        made.close()


def blenders_under(folder: Path) -> set[int]:
    """Process ids of the workers that were told to render into ``folder``: those that hold a lock there."""
    inodes = {str(path.stat().st_ino) for path in folder.glob("*/.lock")}
    locks = [line.split() for line in Path("/proc/locks").read_text(encoding="utf-8").splitlines()]
    return {int(words[4]) for words in locks if len(words) > 5 and words[5].split(":")[-1] in inodes}


def test_a_node_killed_in_the_middle_costs_nothing(cluster: RayCluster, tmp_path: Path) -> None:
    long = {"views": 1, "render": {**TINY, "states": 48}}
    alone = cat_render(write_plan(tmp_path / "alone", **long))
    assert alone.returncode == 0, alone.stderr
    cluster.add_node()
    process = start(write_plan(tmp_path, **long), "--executor", "ray", "--workers", 2, "--ray-address", cluster.address)
    wait_until(lambda: frames_in(tmp_path / "series") > 1 and len(blenders_under(tmp_path / "series")) == 2, 120)
    cluster.kill_node()
    out, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert "submitting them again" in errors
    assert "2 series rendered, of 2" in out
    assert hashes(tmp_path / "series") == hashes(tmp_path / "alone" / "series")


def test_ctrl_c_ends_the_tasks_and_their_blenders(cluster: RayCluster, tmp_path: Path) -> None:
    plan = write_plan(tmp_path, render={"size": 64, "samples": 1, "states": 400, "threads": 1})
    process = start(plan, "--executor", "ray", "--ray-address", cluster.address)
    wait_until(lambda: frames_in(tmp_path / "series") > 0 and bool(blenders_under(tmp_path / "series")), 120)
    blenders = blenders_under(tmp_path / "series")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    wait_until(lambda: not any(alive(pid) for pid in blenders))


def test_bad_input_in_a_task_is_reported_by_the_command(cluster: RayCluster, tmp_path: Path) -> None:
    plan = write_plan(tmp_path, assets=["builtin:car", "builtin:carr"], views=1)
    run = cat_render(plan, "--executor", "ray", "--ray-address", cluster.address)
    assert run.returncode == 2, run.stderr
    assert "refused: rotate_z-carr-studio-v00: there is no builtin:carr" in run.stderr
    assert "1 series rendered, of 2" in run.stdout


def test_no_cluster_at_the_address_is_one_line(tmp_path: Path) -> None:
    if find_spec("ray") is None:
        pytest.skip("needs Ray")
    run = cat_render(write_plan(tmp_path), "--executor", "ray", "--ray-address", "127.0.0.1:1")
    assert run.returncode == 2, run.stderr
    assert "no Ray cluster can be reached" in run.stderr.splitlines()[-1]
