"""cat-build-shards: whole or not at all, deterministic, and clear about everything it will not pack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from cat_dataset.building import commit
from cat_dataset.building.command import app, parse_size
from cat_dataset.dataset_json import DATASET_JSON
from cat_dataset.describing.dataset_card import HEADING
from cat_dataset.errors import ManifestError, UsageError
from cat_dataset.files import folder_lock
from cat_dataset.manifests import open_dataset
from tests.cat_dataset.factory import make_collection, make_series, read_all


def tree(folder: Path) -> dict[str, bytes]:
    """Everything a build leaves, by relative path."""
    paths = [path for name in ("shards", "manifests") for path in sorted((folder / name).rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def run(folder: Path, *flags: str, code: int = 0) -> str:
    """Run the command with ``folder`` as the working folder, in this process; its output."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(app, list(flags))
    finally:
        os.chdir(before)
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    make_collection(tmp_path / "series", frames=3)
    return tmp_path


def test_no_arguments(collection: Path) -> None:
    line = run(collection).splitlines()[-1]
    assert line.startswith("ok: 21 frames in 7 series (train 9, validation 6, test 6) in 3 shards, ")
    assert read_all(collection / "manifests") == (21, 7)
    made = {"README.md", "coverage.svg", "croissant.json", "dataset.json", "frames.parquet", "series.parquet"}
    tars = {f"shards/{split}-00000.tar" for split in ("train", "validation", "test")}
    assert tree(collection).keys() == tars | {f"manifests/{name}" for name in made}


def test_the_card_names_only_splits_that_are_there(collection: Path) -> None:
    run(collection, "--split", "1/0/0")
    assert "validation-" not in (collection / "manifests" / "README.md").read_text(encoding="utf-8")


def test_a_readme_of_the_user_stays(collection: Path) -> None:
    readme = collection / "manifests" / "README.md"
    readme.parent.mkdir()
    readme.write_text("# My notes\n", encoding="utf-8")
    assert "README.md is not a dataset card of ours and stays as it is" in run(collection)
    assert readme.read_text(encoding="utf-8") == "# My notes\n"
    read_all(collection / "manifests")
    readme.unlink()
    assert "README.md" not in run(collection)
    assert HEADING.encode() in readme.read_bytes()


def test_one_folder_for_shards_and_manifests(collection: Path) -> None:
    for _ in range(2):
        run(collection, "--shards", "packed", "--manifests", "./packed")
        assert read_all(collection / "packed") == (21, 7)
        assert not [path for path in (collection / "packed").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("journal", [b"{}", b"7", b"[1, 2]", b"[", b"\xff", b'{"new": ["../x"], "dropped": [], "shards_folder": ""}'])
def test_a_damaged_journal_in_staging_is_ignored(collection: Path, journal: bytes) -> None:
    staging = collection / "shards" / ".staging"
    staging.mkdir(parents=True)
    (staging / "commit.json").write_bytes(journal)
    assert "commit.json is damaged and ignored" in run(collection)
    read_all(collection / "manifests")


def test_a_folder_whose_name_is_no_text_is_named(collection: Path) -> None:
    try:
        os.mkdir(os.fsencode(collection / "series") + b"/\xff\xfe")
    except OSError:
        pytest.skip("this file system takes no such name")
    command = [sys.executable, "-m", "cat_dataset.building.command"]
    for flags, code in (([], 1), (["--skip-bad"], 0)):
        ended = subprocess.run([*command, *flags], cwd=collection, capture_output=True, text=True, check=False)
        assert ended.returncode == code, ended.stderr
        assert "\\udcff\\udcfe has no series.json: it is unfinished" in ended.stderr
        assert "Unicode" not in ended.stderr
    for flag in ("--shards", "--manifests"):
        flags = ["--skip-bad", flag, os.fsdecode(b"t\xff")]
        ended = subprocess.run([*command, *flags], cwd=collection, capture_output=True, text=True, check=False)
        assert "cannot be stored; choose a folder with another name" in ended.stderr


def test_the_same_bytes_anywhere_any_time(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    run(collection, "--shard-size", "10K")
    first = tree(collection)
    assert len(first) > 8
    for more in ((), ("--repack",), ("--repack", "--workers", "1")):
        run(collection, "--shard-size", "10K", *more)
        assert tree(collection) == first
    other = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(collection / "series", other / "series")
    run(other, "--shard-size", "10K")
    assert tree(other) == first
    assert not [data for data in first.values() if str(collection).encode() in data]


def test_other_folders(collection: Path) -> None:
    run(collection, "--shards", "big/tars", "--manifests", "tables")
    info = json.loads((collection / "tables" / DATASET_JSON).read_text(encoding="utf-8"))
    assert info["shards_folder"] == "../big/tars"
    assert 'path: "../big/tars/train-*.tar"' in (collection / "tables" / "README.md").read_text(encoding="utf-8")
    read_all(collection / "tables")


def test_old_shards_go_and_strangers_stay(collection: Path) -> None:
    run(collection, "--shard-size", "10K")
    many = set(os.listdir(collection / "shards"))
    (collection / "shards" / "train-99999.tar").write_bytes(b"not of this dataset")
    (collection / "shards" / "notes.txt").write_bytes(b"mine")
    assert "holds 1 shards that are not of this dataset (train-99999.tar)" in run(collection, "--repack")
    left = set(os.listdir(collection / "shards"))
    assert {"train-99999.tar", "notes.txt"} <= left
    assert len(left) < len(many)


def test_growth_keeps_every_scene_in_its_split(collection: Path) -> None:
    run(collection)
    before = open_dataset(collection / "manifests").series.set_index("series")["split"].to_dict()
    for number in range(12):
        make_series(
            collection / "series", f"a_new_{number}", {"rotation_z": [0.0, 10.0]}, scene={"asset": f"new{number}"}, seed=200 + number
        )
    make_series(collection / "series", "again", {"rotation_z": [0.0, 5.0]}, scene={"asset": "asset1"}, seed=300)
    run(collection)
    after = open_dataset(collection / "manifests").series.set_index("series")["split"].to_dict()
    assert {name: after[name] for name in before} == before
    assert after["again"] == before["turn_1"]


def test_formats(collection: Path) -> None:
    make_series(collection / "series", "photo", {"iso": [100.0, 200.0]}, source="dslr", extension="jpg", scene={"scene": "x"}, seed=400)
    for image_format in ("jpg", "png"):
        run(collection, "--format", image_format)
        assert open_dataset(collection / "manifests").info["image_format"] == image_format
        read_all(collection / "manifests")


def damage_unfinished(root: Path) -> None:
    (root / "turn_0" / "series.json").unlink()


def damage_frame(root: Path) -> None:
    path = root / "turn_0" / "frames" / "0001.png"
    path.write_bytes(path.read_bytes()[:-4])


def damage_nan(root: Path) -> None:
    path = root / "turn_0" / "series.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"seed": 0', '"seed": NaN'), encoding="utf-8")


def damage_text(root: Path) -> None:
    path = root / "turn_0" / "series.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"chair"', '"\\ud800"'), encoding="utf-8")


@pytest.mark.parametrize("damage", [damage_unfinished, damage_frame, damage_nan, damage_text])
def test_broken_series(collection: Path, damage) -> None:
    damage(collection / "series")
    refused = run(collection, code=1)
    assert "turn_0" in refused
    assert "1 series cannot be packed (named above); nothing was changed" in " ".join(refused.split())
    assert not (collection / "manifests" / DATASET_JSON).exists()
    skipped = run(collection, "--skip-bad")
    assert "left out: " in skipped
    assert "1 left out (manifests/rejected.parquet)" in " ".join(skipped.split())
    rejected = pd.read_parquet(collection / "manifests" / "rejected.parquet")
    assert rejected["series"].tolist() == ["turn_0"]
    assert "turn_0" in rejected["reason"][0]
    assert read_all(collection / "manifests") == (18, 6)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--split", "0.9/0.2"), "three shares that add up to 1"),
        (("--shard-size", "big"), "--shard-size 'big' must be a size like 500M"),
        (("--format", "webp"), "--format 'webp' must be png or jpg"),
        (("--split-by", ","), "--split-by names no key"),
        (("--series", ""), "--series is empty; give a folder"),
        (("--shards", ""), "--shards is empty; give a folder"),
        (("--manifests", " "), "--manifests is empty; give a folder"),
        (("--series", "nowhere"), "nowhere is not a folder; render or ingest a series into it first"),
        (("--series", "empty"), "empty is empty; render or ingest a series into it first"),
    ],
)
def test_bad_input(collection: Path, flags: tuple[str, ...], says: str) -> None:
    (collection / "empty").mkdir()
    assert says in " ".join(run(collection, *flags, code=2).split())
    assert tree(collection) == {}


def test_empty_splits_are_said(tmp_path: Path) -> None:
    make_series(tmp_path / "series", "only", {"iso": [100.0, 200.0]})
    said = run(tmp_path)
    assert "the validation split is empty" in said
    assert "the test split is empty" in said
    assert open_dataset(tmp_path / "manifests").info["totals"]["splits"] == {"train": 2}


def test_split_by(collection: Path) -> None:
    assert "the test split has no rotation_z" in run(collection, "--split-by", "hdri,scene"), "all rotations share one sky"
    assert len(set(open_dataset(collection / "manifests").series.query("source == 'blender'")["split"])) == 1


def test_a_dataset_of_another_schema_is_replaced_only_when_told(collection: Path) -> None:
    run(collection)
    path = collection / "manifests" / "series.parquet"
    path.write_bytes(b"PAR1 of the future")
    info = collection / "manifests" / DATASET_JSON
    info.write_bytes(b'{"schema": 99}')
    before = tree(collection)
    assert "--fresh-split" in run(collection, code=2)
    assert tree(collection) == before
    assert "has schema 99" in run(collection, "--fresh-split")
    read_all(collection / "manifests")


def test_two_builds_at_once(collection: Path) -> None:
    with folder_lock(collection / "shards"):
        assert "being written by another process" in run(collection, code=2)


@pytest.mark.parametrize(("text", "size"), [("500M", 500_000_000), ("1.5g", 1_500_000_000), ("10k", 10_000), ("12345", 12345)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "0", "-1G", "1e999G", "nanG", "5X"])
def test_bad_sizes(text: str) -> None:
    with pytest.raises(UsageError, match="--shard-size"):
        parse_size(text)


def test_too_little_space_is_seen_before_the_work(collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(collection)
    before = tree(collection)
    make_series(collection / "series", "more", {"iso": [100.0, 200.0]}, scene={"scene": "more"})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**6, 10**6, 1000))
    assert "has 0.0 MB free and the new shards need up to" in run(collection, code=2)
    assert tree(collection) == before


def test_a_write_that_fails_leaves_the_old_dataset(collection: Path) -> None:
    """A file size limit stops the build while it packs, as a full disk does."""
    pytest.importorskip("resource", reason="needs file size limits")
    run(collection)
    before = tree(collection)
    make_series(collection / "series", "large", {"iso": [100.0, 200.0]}, size=(300, 300), scene={"scene": "large"}, seed=500)
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "from cat_dataset.building.command import main; sys.argv = ['cat-build-shards']; main()"
    )
    failed = subprocess.run([sys.executable, "-c", script], cwd=collection, capture_output=True, text=True, check=False)
    assert failed.returncode == 2, failed.stderr
    assert "error: " in failed.stderr
    assert "Traceback" not in failed.stderr
    assert {name: data for name, data in tree(collection).items() if ".staging" not in name} == before
    read_all(collection / "manifests")
    run(collection)
    assert read_all(collection / "manifests") == (23, 8)
    assert not any(".staging" in name for name in tree(collection))


def test_a_full_disk_leaves_the_old_dataset(collection: Path) -> None:
    """On a real file system of 300 KB, where this may be mounted."""
    small = collection / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    try:
        run(collection, "--shards", "small/shards")
        before = tree(collection / "small") | tree(collection)
        make_series(collection / "series", "large", {"iso": [100.0, 200.0]}, size=(300, 300), scene={"scene": "large"}, seed=500)
        # the estimate would refuse; a disk that somebody else fills meanwhile must not hurt either
        script = "from cat_dataset.building import build, command\nbuild._check_space = lambda *arguments: None\ncommand.main()"
        command = [sys.executable, "-c", script, "--shards", "small/shards"]
        failed = subprocess.run(command, cwd=collection, capture_output=True, text=True, check=False)
        assert failed.returncode == 2, failed.stderr
        assert "disk full while writing" in failed.stderr
        after = tree(collection / "small") | tree(collection)
        assert {name: data for name, data in after.items() if ".staging" not in name} == before
        read_all(collection / "manifests")
        assert "MB free" in run(collection, "--shards", "small/shards", code=2)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_an_interrupted_first_build_is_refused_by_name(collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = commit._place_tables

    def stop(*arguments: Any) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(commit, "_place_tables", stop)
    assert "stopped by Ctrl-C" in run(collection, code=130)
    with pytest.raises(ManifestError, match="unfinished build"):
        open_dataset(collection / "manifests")
    monkeypatch.undo()
    assert "pack: 0/0" in run(collection), "what was made already only takes its place"
    read_all(collection / "manifests")
