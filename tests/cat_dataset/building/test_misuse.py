"""Builds into folders of other datasets, out of odd folders, and after a kill with other flags."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from cat_dataset.building import build as building
from cat_dataset.checking.command import verify
from cat_dataset.folders import LocalFolder
from cat_dataset.manifests import open_dataset
from tests.cat_dataset.building.test_build import run, tree
from tests.cat_dataset.factory import make_collection, make_series, read_all


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    make_collection(tmp_path / "series", rotations=2, isos=1, frames=3)
    return tmp_path


def sound(manifests: Path) -> set[str]:
    """Names of the series of a dataset without faults."""
    faults, _, _ = verify(manifests)
    assert faults == []
    return set(open_dataset(manifests).series["series"])


def splits(manifests: Path) -> dict[str, str]:
    series = open_dataset(manifests).series
    return dict(zip(series["series"], series["split"], strict=True))


def test_shards_of_another_dataset_are_not_written_over(collection: Path) -> None:
    run(collection, "--split", "1/0/0")
    before = tree(collection)
    make_collection(collection / "more", rotations=3, isos=2, frames=3)
    second = ("--series", "more", "--manifests", "other", "--split", "1/0/0")
    assert "shards holds train-00000.tar, which the dataset in other does not" in run(collection, *second, code=2)
    assert {name: data for name, data in tree(collection).items() if ".staging" not in name} == before
    run(collection, *second, "--shards", "elsewhere")
    assert len(sound(collection / "manifests")) == 3
    assert len(sound(collection / "other")) == 5


def test_a_dataset_moved_among_another_ones_shards_removes_none_of_them(collection: Path) -> None:
    run(collection, "--split", "1/0/0")
    make_collection(collection / "more", rotations=3, isos=2, frames=3)
    run(collection, "--series", "more", "--shards", "elsewhere", "--manifests", "other", "--split", "1/0/0")
    assert "train-00000.tar is gone" in run(collection, "--shards", "elsewhere", "--split", "1/0/0")
    assert len(sound(collection / "manifests")) == 3
    assert len(sound(collection / "other")) == 5


def test_moved_shards_are_known_by_their_bytes(collection: Path) -> None:
    run(collection)
    shutil.copytree(collection / "shards", collection / "moved")
    assert "pack: 0/0" in run(collection, "--shards", "moved")
    sound(collection / "manifests")


def test_lost_manifests_are_made_again(collection: Path) -> None:
    run(collection)
    before = tree(collection)
    shutil.rmtree(collection / "manifests")
    run(collection)
    assert tree(collection) == before


def test_shards_and_manifests_among_the_series(collection: Path) -> None:
    for _ in range(2):
        run(collection, "--shards", "series/shards", "--manifests", "series/manifests")
    assert len(sound(collection / "series" / "manifests")) == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither")
def test_links_to_nowhere_and_pipes_are_refused_as_series(collection: Path) -> None:
    (collection / "series" / "nowhere").symlink_to("/no/such/folder")
    (collection / "series" / "round").symlink_to("round")
    (collection / "series" / "pipe").mkdir()
    os.mkfifo(collection / "series" / "pipe" / "series.json")
    (collection / "series" / "folder" / "series.json").mkdir(parents=True)
    said = run(collection, code=1)
    for name in ("nowhere", "round", "pipe", "folder"):
        assert f"series/{name} has no series.json" in said
    assert run(collection, "--skip-bad").splitlines()[-1].startswith("ok: 9 frames in 3 series")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs files that cannot be read")
def test_a_series_that_may_not_be_read_is_refused(collection: Path) -> None:
    (collection / "series" / "turn_0").chmod(0)
    try:
        assert "no permission for" in run(collection, code=1)
        run(collection, "--skip-bad")
    finally:
        (collection / "series" / "turn_0").chmod(0o755)
    assert len(sound(collection / "manifests")) == 2


def test_scene_keys_are_spelled_as_in_the_table(tmp_path: Path) -> None:
    """What --split-by calls "Lens Type" is known again when the dataset grows."""
    for number in range(6):
        make_series(tmp_path / "series", f"s{number}", {"iso": [100.0, 200.0]}, scene={"Lens Type": f"lens{number}"}, seed=number)
    run(tmp_path, "--split-by", "Lens Type")
    old = open_dataset(tmp_path / "manifests").series.set_index("scene_lens_type")["split"].to_dict()
    for number in range(6):
        make_series(tmp_path / "series", f"t{number}", {"iso": [100.0, 200.0]}, scene={"Lens Type": f"lens{number}"}, seed=10 + number)
    for by in ("Lens Type", "lens_type"):
        run(tmp_path, "--split-by", by)
        for row in open_dataset(tmp_path / "manifests").series.to_dict("records"):
            assert row["split"] == old[row["scene_lens_type"]]
        assert len(sound(tmp_path / "manifests")) == 12


@pytest.mark.parametrize("flags", [("--fresh-split",), ()])
def test_kept_series_never_leak(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """Series whose folders are gone cannot change their split, so what shows the same goes where they are, or nowhere."""
    for number in range(8):
        scene = {"camera": f"c{number}", "asset": f"a{number // 2}"}
        make_series(tmp_path / "series", f"s{number}", {"iso": [100.0, 200.0]}, scene=scene, seed=number)
    run(tmp_path, "--split-by", "camera", "--split", "0.5/0.25/0.25", "--shard-size", "1")
    for number in (0, 2, 4, 6):
        shutil.rmtree(tmp_path / "series" / f"s{number}")
    run(tmp_path, "--missing", "keep", "--split-by", "asset", *flags)
    assert len(sound(tmp_path / "manifests")) == 8


def test_attributes_of_refused_series_leave_no_trace(collection: Path) -> None:
    make_series(collection / "series", "bad", {"aperture": [2.0, 4.0]})
    (collection / "series" / "bad" / "frames" / "0001.png").write_bytes(b"\x89PNG")
    run(collection, "--skip-bad")
    assert open_dataset(collection / "manifests").attributes == ("iso", "rotation_z")


def spoil(collection: Path) -> None:
    (collection / "series" / "turn_0" / "series.json").unlink()


def test_rejected_series_of_a_build_that_was_killed_are_forgotten(collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(collection)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "prepare", stop)
    run(collection, "--skip-bad", code=130)
    monkeypatch.undo()
    shutil.rmtree(collection / "series" / "turn_0")
    run(collection)
    assert len(sound(collection / "manifests")) == 2
    assert not (collection / "manifests" / "rejected.parquet").exists()


def test_rejected_series_survive_a_kill_after_their_table_is_placed(collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(collection)
    real = LocalFolder.put

    def put(self: LocalFolder, source: Path, name: str) -> None:
        if name == "coverage.svg":
            raise KeyboardInterrupt
        real(self, source, name)

    monkeypatch.setattr(LocalFolder, "put", put)
    run(collection, "--skip-bad", code=130)
    monkeypatch.undo()
    run(collection, "--skip-bad")
    assert len(sound(collection / "manifests")) == 2
    assert (collection / "manifests" / "rejected.parquet").is_file()


def test_a_folder_in_the_place_of_a_shard_is_named(collection: Path) -> None:
    (collection / "shards" / "train-00000.tar").mkdir(parents=True)
    assert "error: shards/train-00000.tar: " in run(collection, "--split", "1/0/0", code=2)
    (collection / "shards" / "train-00000.tar").rmdir()
    run(collection, "--split", "1/0/0")
    assert read_all(collection / "manifests") == (9, 3)


def test_a_damaged_frame_table_is_not_carried_on(collection: Path) -> None:
    """Its rows would get a right hash in the new table; the splits are in the other one."""
    run(collection)
    path = collection / "manifests" / "frames.parquet"
    before = splits(path.parent)
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(bytes(data))
    assert "frames.parquet is gone or damaged; every series is packed anew" in run(collection)
    assert splits(path.parent) == before
    sound(path.parent)


def test_a_damaged_series_table_is_not_built_on(collection: Path) -> None:
    run(collection)
    path = collection / "manifests" / "series.parquet"
    path.write_bytes(path.read_bytes().replace(b"turn_0", b"turn_9"))
    before = tree(collection)
    assert "--fresh-split gives that up" in run(collection, code=2)
    assert tree(collection) == before
    run(collection, "--fresh-split")
    assert sound(path.parent) == {"turn_0", "turn_1", "iso_0"}


@pytest.mark.parametrize("change", [{"samples": None}, {"bytes": 10**30}, {"sha256": "x"}, {"file": "a\nb"}])
def test_an_edited_description_is_refused_in_one_line(collection: Path, change: dict[str, Any]) -> None:
    run(collection)
    path = collection / "manifests" / "dataset.json"
    info = json.loads(path.read_bytes())
    info["shards"][0].update(change)
    path.write_text(json.dumps(info), encoding="utf-8")
    said = run(collection, code=2).splitlines()
    assert "lists a shard that is not ours" in said[-1]
    assert said[-1].startswith("error: ")
