"""A dataset that grows: what was packed stays, bytes and names; what changed is packed anew; nothing goes without being said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cat_dataset.manifests import open_dataset
from tests.cat_dataset.building.test_build import run, tree
from tests.cat_dataset.factory import make_collection, make_series, read_all


@pytest.fixture
def grown(tmp_path: Path) -> Path:
    """A dataset of 7 series in small shards."""
    make_collection(tmp_path / "series", frames=3)
    run(tmp_path, "--shard-size", "30K")
    return tmp_path


def shards(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Bytes of every shard, and when it was written."""
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted((folder / "shards").glob("*.tar"))}


def add(folder: Path, name: str, seed: int = 500) -> None:
    make_series(folder / "series", name, {"rotation_z": [0.0, 10.0, 20.0]}, scene={"asset": name}, seed=seed)


def test_new_series_go_to_new_shards(grown: Path) -> None:
    before = shards(grown)
    (grown / "series" / "turn_0" / "frames" / "0001.png").unlink()  # packed series are not read again
    add(grown, "late")
    assert "pack: 3/3" in run(grown, "--shard-size", "30K")
    after = shards(grown)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1
    assert read_all(grown / "manifests") == (24, 8)
    number = {name: int(name[-9:-4]) for name in after if name not in before}
    assert all(n > int(other[-9:-4]) for name, n in number.items() for other in before if other[:4] == name[:4])


def test_growth_in_any_number_of_steps_gives_the_same_labels(grown: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    add(grown, "late")
    run(grown)
    whole = tmp_path_factory.mktemp("whole")
    shutil.copytree(grown / "series", whole / "series")
    run(whole)
    one, other = (open_dataset(root / "manifests").frames for root in (grown, whole))
    columns = ["series", "frame", "sha256", "crc32", "size", "luminance", "value_iso", "value_rotation_z"]
    keys = ["series", "frame"]
    assert one[columns].sort_values(keys, ignore_index=True).equals(other[columns].sort_values(keys, ignore_index=True))
    run(grown, "--repack", "--fresh-split")
    assert tree(grown) == tree(whole), "packing anew forgets how it grew"


def test_a_changed_series_is_packed_anew_with_its_neighbours(grown: Path) -> None:
    before = shards(grown)
    where = open_dataset(grown / "manifests").series.set_index("series")["shard"]
    shutil.rmtree(grown / "series" / "iso_1")
    make_series(grown / "series", "iso_1", {"iso": [100.0, 800.0]}, source="dslr", scene={"scene": "room1"}, object="scene", seed=900)
    run(grown, "--shard-size", "30K")
    after = shards(grown)
    assert where["iso_1"] not in after
    assert {name: one for name, one in after.items() if name in before} == {n: one for n, one in before.items() if n != where["iso_1"]}
    assert read_all(grown / "manifests") == (20, 7)
    assert open_dataset(grown / "manifests").rows("iso_1").stop - open_dataset(grown / "manifests").rows("iso_1").start == 2


def test_series_that_are_gone_are_never_dropped_in_silence(grown: Path) -> None:
    before = tree(grown)
    shutil.rmtree(grown / "series" / "turn_2")
    refused = " ".join(run(grown, code=2).split())
    assert "1 series of the dataset are not in series any more (turn_2); nothing was changed" in refused
    assert tree(grown) == before
    add(grown, "late")
    run(grown, "--missing", "keep")
    assert read_all(grown / "manifests") == (24, 8)
    run(grown, "--missing", "drop")
    assert read_all(grown / "manifests") == (21, 7)
    assert "turn_2" not in set(open_dataset(grown / "manifests").series["series"])


def test_a_kept_series_whose_shard_must_change_is_named(grown: Path) -> None:
    run(grown, "--repack")
    where = open_dataset(grown / "manifests").series.groupby("shard")["series"].agg(list)
    one, other = next(names for names in where if len(names) > 1)[:2]
    shutil.rmtree(grown / "series" / one)
    shutil.rmtree(grown / "series" / other)
    make_series(grown / "series", other, {"iso": [100.0, 200.0]}, scene={"asset": "other"}, seed=901)
    before = tree(grown)
    assert f"the shard of {one} must be packed anew" in " ".join(run(grown, "--missing", "keep", "--fresh-split", code=2).split())
    assert tree(grown) == before


def test_a_shard_that_is_gone_is_made_again(grown: Path) -> None:
    before = shards(grown)
    lost = sorted(before)[0]
    (grown / "shards" / lost).unlink()
    assert f"{lost} is gone or cut off; its series are packed anew" in run(grown)
    assert read_all(grown / "manifests") == (21, 7)


def test_what_is_not_asked_for_stays_as_it_was(grown: Path) -> None:
    run(grown, "--repack", "--format", "jpg", "--seed", "3", "--split", "0.6/0.2/0.2", "--split-by", "asset,scene,hdri", "--fresh-split")
    add(grown, "late")
    said = " ".join(run(grown).split())
    assert "1 series packed now, 7 as before" in said
    info = open_dataset(grown / "manifests").info
    assert (info["image_format"], info["seed"]) == ("jpg", 3)
    assert info["split"] == {"by": ["asset", "scene", "hdri"], "fractions": {"train": 0.6, "validation": 0.2, "test": 0.2}}
    assert "nothing new" in run(grown)
    said = " ".join(run(grown, "--shard-size", "5M", "--seed", "4").split())
    assert "8 series stay in the shards and splits they were in; --shard-size and --seed went for new ones" in said


def test_another_format_packs_everything_anew(grown: Path) -> None:
    run(grown, "--format", "jpg")
    assert read_all(grown / "manifests") == (21, 7)
    assert open_dataset(grown / "manifests").info["image_format"] == "jpg"


def test_several_folders_of_series(grown: Path) -> None:
    make_series(grown / "more", "elsewhere", {"hue": [0.0, 90.0]}, scene={"asset": "e"}, seed=77)
    run(grown, "--series", "series", "--series", "more")
    assert read_all(grown / "manifests") == (23, 8)
    make_series(grown / "more", "iso_1", {"hue": [0.0, 90.0]}, scene={"asset": "f"}, seed=78)
    refused = " ".join(run(grown, "--series", "series", "--series", "more", code=1).split())
    assert "series/iso_1 and more/iso_1 have one id; rename or delete one of them" in refused


def test_the_seed_is_another_order(grown: Path) -> None:
    run(grown, "--repack", "--seed", "5")
    five = open_dataset(grown / "manifests").series["series"].tolist()
    run(grown, "--repack", "--seed", "0")
    assert sorted(five) == sorted(zero := open_dataset(grown / "manifests").series["series"].tolist())
    assert five != zero


def test_without_decoding(grown: Path) -> None:
    run(grown, "--repack", "--no-decode")
    dataset = open_dataset(grown / "manifests")
    assert dataset.frames["luminance"].isna().all()
    assert all(hashes == [] for hashes in dataset.series["dhashes"])
    run(grown, "--repack")
    dataset = open_dataset(grown / "manifests")
    assert dataset.frames["luminance"].between(0, 1).all()
    assert all(len(hashes) == 3 for hashes in dataset.series["dhashes"])
