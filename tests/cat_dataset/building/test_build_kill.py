"""``kill -9`` during a build, anywhere: the old dataset stays or is refused, and the rerun ends with the same bytes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cat_dataset.errors import ManifestError
from cat_dataset.manifests import open_dataset
from tests.cat_dataset.building.test_build import run, tree
from tests.cat_dataset.factory import make_collection, make_series, read_all

FLAGS = ("--shard-size", "30K")

TRACED = """
import os, pathlib, shutil, signal, sys
from cat_dataset.building.command import main
count = until = 0
looked, fresh = None, []
def look():
    for folder in map(pathlib.Path, ("shards", "manifests")):
        for path in sorted(folder.rglob("*")):
            status = path.lstat()
            yield str(path), status.st_ino, status.st_size, status.st_mtime_ns
def step(function):
    def stepped(*arguments, **options):
        global count, looked
        count += 1
        if count == until:
            os.kill(os.getpid(), signal.SIGKILL)
        if until == 0 and looked != (looked := list(look())):
            fresh.append(count)
        return function(*arguments, **options)
    return stepped
os.replace, os.fsync = step(os.replace), step(lambda descriptor: None)
shutil.rmtree, pathlib.Path.unlink = step(shutil.rmtree), step(pathlib.Path.unlink)
runs = sys.argv[1].split()
sys.argv[1:] = sys.argv[2:]
for run in runs:
    number, folder = run.split(":")
    child = os.fork()
    if child == 0:
        until = int(number)
        os.chdir(folder)
        try:
            main()
        finally:
            print("steps", *fresh, flush=True)
    status = os.waitpid(child, 0)[1]
    if number != "0" and not os.WIFSIGNALED(status):
        sys.exit("not killed")
"""
"""Builds that die right before their n-th durable step (rename, sync, removal), each in its own process.

A sync only counts and does nothing: the page cache outlives a killed process, and the tests need not wait for the disk.
A build that is not killed says before which steps the files are others than before the step in front.
"""


def traced(runs: dict[int, Path], cwd: Path) -> str:
    listed = " ".join(f"{number}:{folder}" for number, folder in runs.items())
    done = subprocess.run([sys.executable, "-c", TRACED, listed, *FLAGS], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def collection(root: Path, grown: bool) -> None:
    make_collection(root / "series", rotations=3, isos=2, frames=2)
    if grown:
        for number in range(2):
            scene = {"asset": f"new{number}"}
            make_series(root / "series", f"new_{number}", {"rotation_z": [0.0, 9.0, 20.0]}, scene=scene, extension="jpg", seed=70 + number)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], dict[str, bytes], list[int]]:
    """The grown collection; what a build of it over the old dataset leaves; the old dataset; the steps before which files are new."""
    root = tmp_path_factory.mktemp("undisturbed")
    collection(root, grown=False)
    run(root, *FLAGS)
    old = tree(root)
    collection_root = tmp_path_factory.mktemp("grown")
    collection(collection_root, grown=True)
    os.rename(root / "series", root / "old_series")
    (root / "series").symlink_to(collection_root / "series")
    output = traced({0: root}, Path.cwd())
    return collection_root, tree(root), old, [int(number) for number in output.rsplit("steps ", 1)[1].split()]


def restore(root: Path, series: Path, dataset: dict[str, bytes]) -> None:
    (root / "series").symlink_to(series / "series")
    for name, data in dataset.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(data)


def check(root: Path, old: dict[str, bytes], new: dict[str, bytes]) -> None:
    """What the kill left is the old dataset, the new one, or refused; then a rerun gives the new one."""
    try:
        open_dataset(root / "manifests")
    except ManifestError as error:
        assert "cat-build-shards" in str(error)
    else:
        passing = (".staging", ".lock", ".partial")
        left = {name: data for name, data in tree(root).items() if not any(part in name for part in passing)}
        assert left in (old, new)
        if left:
            read_all(root / "manifests")
    run(root, *FLAGS)
    assert tree(root) == new


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")
def test_killed_before_every_step(grown, tmp_path: Path) -> None:
    series, new, old, steps = grown
    assert len(steps) > 20
    runs = {number: tmp_path / str(number) for number in steps}
    for folder in runs.values():
        folder.mkdir()
        restore(folder, series, old)
    traced(runs, tmp_path)
    for folder in runs.values():
        check(folder, old, new)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_killed_at_a_random_moment_of_a_first_build(grown, tmp_path: Path, seed: int) -> None:
    series, _, _, _ = grown
    whole, root = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, root):
        folder.mkdir()
        (folder / "series").symlink_to(series / "series")
    run(whole, *FLAGS)
    rng = random.Random(seed)
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-m", "cat_dataset.building.command", *FLAGS], cwd=root, stderr=subprocess.PIPE) as child:
            assert child.stderr is not None
            child.stderr.readline()  # verification is done: packing begins
            time.sleep(rng.uniform(0, 0.08))
            child.kill()
    run(root, *FLAGS)
    assert tree(root) == tree(whole)
