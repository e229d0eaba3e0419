"""Builds that are killed, that run out of disk, and that are given bad series."""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cat_dataset.errors import ManifestError
from cat_dataset.manifests import open_dataset
from tests.cat_dataset.factory import make_collection, make_series
from tests.reliability.outcome import NAMED, RECOVERED, SILENT, Tally, tree

BUILD = [sys.executable, "-m", "cat_dataset.building.command", "--shard-size", "60K"]


def collection(root: Path, *, grown: bool = False) -> None:
    """A few series; more of them if ``grown``."""
    make_collection(root / "series", rotations=4, isos=3, frames=6)
    if grown:
        for number in range(4):
            scene, values = {"asset": f"new{number}"}, {"rotation_z": [0.0, 9.0, 20.0]}
            make_series(root / "series", f"new_{number}", values, scene=scene, extension="jpg", seed=70 + number)


def build(root: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """One undisturbed build in ``root``."""
    return subprocess.run([*BUILD, *flags], cwd=root, capture_output=True, text=True, check=False)


def killed_builds(work: Path, times: int) -> Iterator[Tally]:
    """First builds, and builds that add to a dataset, killed after a random part of the time one takes."""
    old, first, later = work / "old", work / "first", work / "later"
    collection(first, grown=True)
    begun = time.monotonic()
    assert build(first).returncode == 0
    takes = time.monotonic() - begun
    collection(old)
    assert build(old).returncode == 0
    shutil.copytree(old, later)
    shutil.copytree(first / "series", later / "series", dirs_exist_ok=True)
    assert build(later).returncode == 0
    rng = random.Random(0)
    for what, start, whole in (("a first build", None, first), ("a build that adds to a dataset", old, later)):
        tally = Tally(f"kill -9 during {what}", "cat-build-shards, run again")
        for number in range(times):
            root = work / f"killed_{what[-5:]}_{number}".replace(" ", "_")
            root.mkdir()
            (root / "series").symlink_to(first / "series")
            for name in ("shards", "manifests") if start else ():
                shutil.copytree(start / name, root / name)
            with subprocess.Popen(BUILD, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
                time.sleep(rng.uniform(0.25, 1.0) * takes)
                child.kill()
            tally.add(_after_kill(root, tree(start) if start else {}, tree(whole)), f"{number}")
            shutil.rmtree(root)
        yield tally


def _after_kill(root: Path, old: dict[str, str], new: dict[str, str]) -> str:
    """Whole and old, whole and new, or refused; and the new one after the same command again."""
    try:
        open_dataset(root / "manifests")
        left = {name: data for name, data in tree(root).items() if not name.endswith((".parquet", ".json", ".md", ".svg"))}
        for whole in (old, new):
            if tree(root) == whole:
                break
        else:
            if not left.items() <= new.items() | old.items():
                return SILENT
    except ManifestError as error:
        if "cat-build-shards" not in str(error):
            return f"said something else: {error}"
    return RECOVERED if build(root).returncode == 0 and tree(root) == new else SILENT


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """A file system of ``size`` bytes at ``folder``, if this user may mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False)
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", str(folder)], check=True)


def full_disks(work: Path, times: int) -> Iterator[Tally]:
    """Builds onto a disk that fills up after a random amount, which the estimate beforehand did not foresee."""
    tally = Tally("disk full in mid-build", "cat-build-shards, run again with room")
    root = work / "full"
    collection(root, grown=True)
    assert build(root).returncode == 0
    whole = tree(root)
    needed = sum((root / name).stat().st_size for name in whole)
    script = "from cat_dataset.building import build, command\nbuild._check_space = lambda *arguments: None\ncommand.main()"
    rng = random.Random(1)
    for number in range(times):
        size = int(rng.uniform(0.05, 0.9) * needed) // 4096 * 4096 + 4096
        with small_disk(root / f"disk{number}", size) as mounted:
            if not mounted:
                return
            places = ["--shards", f"disk{number}/shards", "--manifests", f"disk{number}/manifests", "--shard-size", "60K"]
            ended = subprocess.run([sys.executable, "-c", script, *places], cwd=root, capture_output=True, text=True, check=False)
            said = ended.returncode == 2 and "disk full" in ended.stderr
            whole_dataset = (root / f"disk{number}" / "manifests" / "dataset.json").is_file()
            remount = subprocess.run(["mount", "-o", f"remount,size={8 * needed + 10**7}", str(root / f"disk{number}")], check=False)
            if remount.returncode or not said or whole_dataset:
                tally.add(SILENT if not said else "could not be tried again", f"{size}")
                continue
            again = subprocess.run([*BUILD, *places], cwd=root, capture_output=True, text=True, check=False)
            made = dict(tree(root / f"disk{number}").items())
            tally.add(RECOVERED if again.returncode == 0 and made == whole else SILENT, f"{size}")
    yield tally


def bad_series(work: Path, times: int) -> Iterator[Tally]:
    """One bad series among good ones."""
    root = work / "bad"
    collection(root)
    kept = root.with_name("kept")
    shutil.copytree(root / "series", kept)
    rng = random.Random(2)
    for what, spoil, repeat in FAULTS:
        tally = Tally(what, "cat-build-shards")
        for _ in range(times if repeat else 1):
            spoil(root / "series" / "turn_1", rng)
            ended = build(root)
            says = "turn_1" in ended.stderr and ended.returncode == 1 and not (root / "manifests" / "dataset.json").exists()
            tally.add(NAMED if says else SILENT, ended.stderr[-200:])
            shutil.rmtree(root / "series")
            shutil.copytree(kept, root / "series")
        yield tally


def _frame(series: Path, rng: random.Random) -> Path:
    return series / "frames" / f"{rng.randrange(6):04d}.png"


def _flip(series: Path, rng: random.Random) -> None:
    path = _frame(series, rng)
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(data))


def _cut(series: Path, rng: random.Random) -> None:
    path = _frame(series, rng)
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


def _described(change: Callable[[dict[str, object]], object]) -> Callable[[Path, random.Random], None]:
    def spoil(series: Path, rng: random.Random) -> None:
        path = series / "series.json"
        raw = json.loads(path.read_text(encoding="utf-8"))
        change(raw)
        path.write_text(json.dumps(raw), encoding="utf-8")

    return spoil


def _own(series: Path, data: bytes) -> None:
    """Frame 1 holds ``data``, and series.json agrees."""
    import hashlib

    (series / "frames" / "0001.png").write_bytes(data)
    _described(lambda raw: raw["frames"][1].update(sha256=hashlib.sha256(data).hexdigest()))(series, random.Random())  # type: ignore[index]


def _bomb(series: Path, rng: random.Random) -> None:
    data = bytearray((series / "frames" / "0001.png").read_bytes())
    data[16:24] = struct.pack(">II", 65535, 65535)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    _own(series, bytes(data))


def _huge_json(series: Path, rng: random.Random) -> None:
    os.truncate(series / "series.json", 1 << 30)


def _twice(series: Path, rng: random.Random) -> None:
    shutil.copytree(series, series.with_name("turn_1_copy"))


FAULTS: list[tuple[str, Callable[[Path, random.Random], None], bool]] = [
    ("a flipped bit in a frame", _flip, True),
    ("a frame cut off", _cut, True),
    ("a frame that is gone", lambda series, rng: _frame(series, rng).unlink(), True),
    ("a decompression bomb (65535 × 65535 PNG)", _bomb, False),
    ("a series.json of 1 GiB", _huge_json, False),
    ("a label that is NaN", _described(lambda raw: raw["frames"][2]["values"].update(rotation_z=float("nan"))), False),  # type: ignore[index]
    ("a label that is infinite", _described(lambda raw: raw["frames"][2]["values"].update(rotation_z=float("inf"))), False),  # type: ignore[index]
    ("a label outside its range", _described(lambda raw: raw["frames"][2]["values"].update(rotation_z=1e9)), False),  # type: ignore[index]
    ("one value in every frame", _described(lambda raw: [f["values"].update(rotation_z=1.0) for f in raw["frames"]]), False),  # type: ignore[attr-defined]
    ("a frame's file outside its folder (../)", _described(lambda raw: raw["frames"][2].update(file="../../iso_0/frames/0000.png")), False),  # type: ignore[index]
    ("an absolute frame's file", _described(lambda raw: raw["frames"][2].update(file="/etc/passwd")), False),  # type: ignore[index]
    ("two folders with one id", _twice, False),
    ("a series that was never finished", lambda series, rng: (series / "series.json").unlink(), False),
]
