"""cat-verify: every kind of damage is found and named, and all of it at once."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cat_dataset.files import sha256_file
from cat_dataset.manifests import DATASET_JSON, open_dataset
from cat_dataset.tables import FRAMES, SERIES
from cat_dataset.verify import app, verify
from tests.cat_dataset.test_manifests import change_info, change_table, column, first


def command(root: Path, *flags: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(root / "manifests"), *flags])
    return result.exit_code, result.output


def seal(root: Path) -> None:
    """Make dataset.json agree with whatever the other files hold now: only a look inside can find the damage then."""

    def agree(info: dict[str, Any]) -> None:
        info["tables"] = {name: sha256_file(root / "manifests" / name) for name in (FRAMES, SERIES)}
        for shard in info["shards"]:
            path = root / "shards" / shard["file"]
            shard.update(bytes=path.stat().st_size, sha256=sha256_file(path))
        info["totals"]["bytes"] = sum(shard["bytes"] for shard in info["shards"])

    change_info(agree)(root)


def scribble(root: Path, at: int, data: bytes, shard: str = "train-00000.tar") -> None:
    with open(root / "shards" / shard, "rb+") as stream:
        stream.seek(at)
        stream.write(data)


def row(root: Path, number: int = 1) -> Any:
    frames = open_dataset(root / "manifests").frames
    return frames[frames["shard"] == "train-00000.tar"].iloc[number]


def test_a_whole_dataset(packed: Path) -> None:
    code, output = command(packed)
    assert code == 0
    assert "ok: 18 frames in 6 series match their hashes, labels and splits (" in output
    assert command(packed, "--shards", str(packed / "shards"))[0] == 0
    code, output = command(packed, "--shards", "")
    assert (code, "--shards is empty" in output) == (2, True)


def test_every_flipped_byte_is_found(packed: Path, tmp_path: Path) -> None:
    """One byte after the other over a stretch that holds a header, a picture, a JSON sample and padding."""
    root = tmp_path
    for name in ("shards", "manifests"):
        shutil.copytree(packed / name, root / name)
    shard = root / "shards" / "train-00000.tar"
    data = shard.read_bytes()
    for at in [*range(0, 4096, 97), len(data) - 1]:
        scribble(root, at, bytes([data[at] ^ 1]))
        faults = verify(root / "manifests")[0]
        assert any("train-00000.tar does not match its sha256" in fault for fault in faults)
        scribble(root, at, data[at : at + 1])
    assert verify(root / "manifests")[0] == []


def test_a_damaged_picture(copied: Path) -> None:
    one = row(copied)
    scribble(copied, one["offset"] + 60, b"\0" * 16)
    code, output = command(copied)
    assert code == 2
    assert f"train-00000.tar, {one['series']}_0001.png: its {one['size']} bytes at offset {one['offset']} do not match" in output
    assert "has 2 faults (named above)" in output


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda root: scribble(root, row(root)["offset"] - 512, b"x"), "its tar header differs"),
        (lambda root: scribble(root, row(root)["offset"] + row(root)["size"], b"x"), "its padding is not empty"),
        (lambda root: scribble(root, (root / "shards" / "train-00000.tar").stat().st_size - 1, b"x"), "something behind its last sample"),
        (change_table(FRAMES, column("value_rotation_z", lambda old: [v and v + 0.5 for v in old])), "its JSON sample differs"),
        (change_table(FRAMES, column("width", lambda old: [99] * len(old))), "it has 16×12 pixels, frames.parquet says 99×12"),
        (change_table(SERIES, column("object", lambda old: ["sofa"] * len(old))), "its JSON sample differs"),
        (change_table(FRAMES, column("crc32", first(5))), "do not match their hashes"),
        (change_table(SERIES, column("scene_asset", lambda old: ["same"] * len(old))), "asset 'same' is in two splits, by series"),
        (change_table(FRAMES, column("value_iso", lambda old: [None] * len(old))), "impossible label iso"),
        (change_table(FRAMES, column("frame", first(7))), "its tar header differs"),
    ],
)
def test_damage_that_the_hashes_agree_with(copied: Path, damage: Callable[[Path], object], says: str) -> None:
    damage(copied)
    seal(copied)
    faults = verify(copied / "manifests")[0]
    assert any(says in fault for fault in faults), faults
    assert all("cat-build-shards again" in fault for fault in faults)


def test_a_picture_that_does_not_decode(copied: Path) -> None:
    one = row(copied)
    broken = b"\x89PNG\r\n\x1a\n" + bytes(one["size"] - 8)
    scribble(copied, one["offset"], broken)

    def agree(name: str, value: Any) -> None:
        frames = open_dataset(copied / "manifests").frames
        at = frames.index[(frames["series"] == one["series"]) & (frames["frame"] == one["frame"])][0]
        change_table(FRAMES, column(name, lambda old: [value if i == at else v for i, v in enumerate(old)]))(copied)

    agree("sha256", hashlib.sha256(broken).hexdigest())
    agree("crc32", zlib.crc32(broken))
    seal(copied)
    assert any("it does not decode" in fault for fault in verify(copied / "manifests")[0])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda root: (root / "shards" / "test-00000.tar").unlink(), "test-00000.tar is absent"),
        (lambda root: (root / "shards" / "test-00000.tar").write_bytes(b"x" * 5), "has 5 bytes, not"),
        (change_info(lambda info: info["tables"].update({FRAMES: "0" * 64})), "frames.parquet does not match its sha256"),
        (change_info(lambda info: info["totals"].update(frames=3)), "says 3 frames, there are 18"),
        (change_info(lambda info: info.pop("totals")), "says None frames, there are 18"),
        (change_info(lambda info: info["shards"][0].update(samples=1)), "says 1 samples in train-00000.tar"),
        (change_info(lambda info: info["shards"].pop()), "points outside its shard"),
    ],
)
def test_missing_parts(copied: Path, damage: Callable[[Path], object], says: str) -> None:
    damage(copied)
    code, output = command(copied)
    assert code == 2
    assert says in output


def test_all_faults_at_once_and_not_too_many_lines(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_table(SERIES, column("object", lambda old: ["sofa"] * len(old)))(copied)
    (copied / "shards" / "test-00000.tar").unlink()
    monkeypatch.setattr("cat_dataset.verify.PRINTED", 5)
    code, output = command(copied)
    assert code == 2
    assert output.count("warning: ") == 5
    faults = verify(copied / "manifests")[0]
    assert f"has {len(faults)} faults (named above, of which {len(faults) - 5} are not shown)" in output


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda root: shutil.rmtree(root / "manifests"), "is not a folder"),
        (lambda root: (root / "manifests" / DATASET_JSON).unlink(), "unfinished build"),
        (change_info(lambda info: info.update(schema=2)), "has schema 2, this version reads 1"),
        (lambda root: (root / "manifests" / FRAMES).write_bytes(b"x"), "not a readable Parquet file"),
    ],
)
def test_not_a_dataset(copied: Path, damage: Callable[[Path], object], says: str) -> None:
    damage(copied)
    code, output = command(copied)
    assert (code, output.count("\n")) == (2, 1)
    assert says in output


def test_json_is_what_the_readme_says(packed: Path) -> None:
    info = json.loads((packed / "manifests" / DATASET_JSON).read_text(encoding="utf-8"))
    assert sorted(info) == ["attributes", "image_format", "schema", "shards", "shards_folder", "split", "tables", "totals"]
