"""cat-verify: every kind of damage is found and named where it is, in one reading, and all of it at once."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cat_dataset.checking import shard_check
from cat_dataset.checking.command import app, verify
from cat_dataset.checking.faults import Fault
from cat_dataset.checking.verification import inspect
from cat_dataset.files import sha256_file
from cat_dataset.manifests import DATASET_JSON, open_dataset
from cat_dataset.shards import BLOCK, archive_size, padded, tar_header
from cat_dataset.tables import FRAMES, SERIES
from tests.cat_dataset.factory import build_dataset, make_series, picture
from tests.cat_dataset.test_manifests import change_info, change_table, column, first

SHARD = "train-00000.tar"


def command(root: Path, *flags: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(root / "manifests"), *flags])
    return result.exit_code, result.output


def faults(root: Path, **options: Any) -> list[Fault]:
    return inspect(root / "manifests", **options).faults


def seal(root: Path) -> None:
    """Make dataset.json agree with whatever the other files hold now: only a look inside can find the damage then."""

    def agree(info: dict[str, Any]) -> None:
        info["tables"] = {name: sha256_file(root / "manifests" / name) for name in (FRAMES, SERIES)}
        for shard in info["shards"]:
            path = root / "shards" / shard["file"]
            shard.update(bytes=path.stat().st_size, sha256=sha256_file(path))
        info["totals"]["bytes"] = sum(shard["bytes"] for shard in info["shards"])

    change_info(agree)(root)


def scribble(root: Path, at: int, data: bytes, shard: str = SHARD) -> None:
    with open(root / "shards" / shard, "rb+") as stream:
        stream.seek(at)
        stream.write(data)


def rows_of(root: Path, shard: str = SHARD) -> list[Any]:
    frames = open_dataset(root / "manifests").frames
    return [row for _, row in frames[frames["shard"] == shard].iterrows()]


def row(root: Path, number: int = 1) -> Any:
    return rows_of(root)[number]


def json_at(one: Any) -> int:
    """Where the JSON header of a frame begins."""
    return int(one["offset"] + padded(int(one["size"])))


def test_a_whole_dataset(packed: Path) -> None:
    code, output = command(packed)
    assert code == 0
    assert "ok: 18 frames in 6 series match their hashes, labels and splits (" in output
    assert command(packed, "--shards", str(packed / "shards"), "--workers", "3", "--decode")[0] == 0
    code, output = command(packed, "--shards", "")
    assert (code, "--shards is empty" in output) == (2, True)
    assert verify(packed / "manifests") == ([], 18, 6)


def regions(root: Path) -> list[tuple[str, int, int, Any]]:
    """(kind, begin, end, row) of every stretch of the shard, from the tar itself."""
    found = []
    with tarfile.open(root / "shards" / SHARD) as tar:
        members = tar.getmembers()
    for number, one in enumerate(rows_of(root)):
        for member, inside in zip(members[2 * number : 2 * number + 2], ("picture", "sample"), strict=True):
            end = member.offset_data + member.size
            found.append(("header", member.offset, member.offset_data, one))
            found.append((inside, member.offset_data, end, one))
            found.append(("padding", end, member.offset_data + padded(member.size), one))
    found.append(("end", found[-1][2], (root / "shards" / SHARD).stat().st_size, None))
    return found


def test_every_flipped_byte_is_found_and_placed(copied: Path) -> None:
    """The first, the last and a middle byte of every stretch, one after the other: the right kind, series and frame each time."""
    path = copied / "shards" / SHARD
    data, tried = path.read_bytes(), set()
    for kind, begin, end, one in regions(copied):
        for at in sorted({begin, (begin + end) // 2, end - 1} if begin < end else ()):
            scribble(copied, at, bytes([data[at] ^ 1]))
            whole, *inside = faults(copied)
            assert (whole.kind, whole.shard) == ("hash", SHARD)
            expected = ("", None) if one is None else (one["series"], one["frame"])
            assert [(fault.kind, fault.shard, fault.series, fault.frame) for fault in inside] == [(kind, SHARD, *expected)], at
            assert begin - BLOCK < inside[0].offset <= at
            scribble(copied, at, data[at : at + 1])
            tried.add(kind)
    assert tried == {"header", "picture", "padding", "sample", "end"}
    assert faults(copied) == []


def test_a_damaged_picture_in_words(copied: Path) -> None:
    one = row(copied)
    scribble(copied, one["offset"] + 60, b"\0" * 16)
    code, output = command(copied)
    assert code == 2
    assert (
        f"fault: {SHARD}, byte {one['offset']}, {one['series']}, frame 1: the {one['size']} bytes of its picture do not match "
        "their CRC-32 and SHA-256; copy the shard again, or delete it and run cat-build-shards again"
    ) in output
    assert "has 2 faults (named above)" in output


def lost_frames(found: list[Fault]) -> set[tuple[str, int]]:
    """Frames that faults of kind "cut off" name."""
    lost = set()
    for fault in found:
        if fault.kind == "cut off":
            last = re.match(r"it and all up to frame (\d+) are", fault.message)
            lost |= {(fault.series, frame) for frame in range(fault.frame, int(last[1]) + 1 if last else fault.frame + 1)}
    return lost


@pytest.mark.parametrize("place", ["nothing", "one byte", "header", "picture", "padding", "JSON header", "JSON", "boundary", "end"])
def test_a_truncated_shard_names_what_is_lost(copied: Path, place: str) -> None:
    rows = rows_of(copied)
    one = rows[4]
    at = {
        "nothing": 0, "one byte": 1, "header": one["offset"] - 9, "picture": one["offset"] + 9, "padding": one["offset"] + one["size"] + 1,
        "JSON header": json_at(one) + 9, "JSON": json_at(one) + BLOCK + 9, "boundary": one["offset"] - BLOCK,
        "end": (copied / "shards" / SHARD).stat().st_size - 700,
    }[place]  # fmt: skip
    with open(copied / "shards" / SHARD, "rb+") as stream:
        stream.truncate(at)
    found = faults(copied)
    assert (found[0].kind, f"it has {at} bytes, not" in found[0].message) == ("size", True)
    lost = {"nothing": 0, "one byte": 0, "end": len(rows)}.get(place, 4)
    assert lost_frames(found) == {(one["series"], one["frame"]) for one in rows[lost:]}
    assert {fault.kind for fault in found[1:]} == ({"end"} if place == "end" else {"cut off"})


def test_a_missing_shard_names_what_is_lost(copied: Path) -> None:
    rows = rows_of(copied)
    (copied / "shards" / SHARD).unlink()
    found = faults(copied)
    assert str(found[0]).startswith("train-00000.tar: it is absent; copy it beside the others")
    assert lost_frames(found) == {(one["series"], one["frame"]) for one in rows}
    code, output = command(copied)
    assert (code, "lost with its shard; copy the shard again" in output) == (2, True)


def test_a_shard_that_cannot_be_read_hides_no_other_fault(copied: Path) -> None:
    (copied / "shards" / SHARD).unlink()
    (copied / "shards" / SHARD).mkdir()
    (copied / "shards" / "test-00000.tar").unlink()
    found = faults(copied)
    assert [fault.kind for fault in found if fault.kind != "cut off"] == ["unreadable", "absent"]
    assert str(found[0]).startswith("train-00000.tar: it cannot be read (")


@pytest.mark.parametrize(
    ("extra", "kind", "says"),
    [
        (bytes(10240), "end", "something lies behind the end of the archive"),
        (b"x", "end", "something lies behind the end of the archive"),
        (tar_header("more.png", 3) + b"abc", "end", "a member named 'more.png' lies behind the end"),
        (tar_header("../more.png", 3) + b"abc", "unsafe name", "a member named '../more.png', which leads out of the folder"),
    ],
)
def test_a_lengthened_shard(copied: Path, extra: bytes, kind: str, says: str) -> None:
    with open(copied / "shards" / SHARD, "ab") as stream:
        size = stream.tell()
        stream.write(extra)
    found = faults(copied)
    assert [(fault.kind, fault.offset) for fault in found] == [("size", None), (kind, size)]
    assert says in found[1].message


def test_a_member_where_the_archive_should_end(copied: Path) -> None:
    content = json_at(rows_of(copied)[-1]) + 2 * BLOCK
    assert archive_size(content) == (copied / "shards" / SHARD).stat().st_size
    scribble(copied, content, tar_header("/etc/passwd", 0))
    found = faults(copied)
    assert [(fault.kind, fault.offset) for fault in found] == [("hash", None), ("unsafe name", content)]


@pytest.mark.parametrize(
    ("name", "change", "kind", "says"),
    [
        ("../../etc/passwd", {}, "unsafe name", "gives the name '../../etc/passwd', which leads out of the folder it is unpacked in"),
        ("a/../../b.png", {}, "unsafe name", "leads out of"),
        ("/etc/passwd", {}, "unsafe name", "gives the name '/etc/passwd'"),
        ("C:\\windows\\x.png", {}, "unsafe name", "gives the name 'C:"),
        ("..\\x.png", {}, "unsafe name", "leads out of"),
        ("other.png", {}, "header", "names it 'other.png', not"),
        (None, {"size": 1 << 30}, "header", "has another size"),
        (None, {"mode": 0o777}, "header", "has another mode, owner, time or spelling"),
        (None, {"type": tarfile.SYMTYPE}, "header", "says that it is a symbolic link"),
        ("\x1b[31m..png", {}, "header", r"names it '\x1b[31m..png'"),
    ],
)
@pytest.mark.parametrize("member", ["picture", "sample"])
def test_odd_headers_with_right_hashes(copied: Path, member: str, name: str | None, change: dict[str, Any], kind: str, says: str) -> None:
    """Valid headers that a build did not write: a JSON that claims a gibibyte, names that would write elsewhere."""
    one = row(copied)
    at = one["offset"] - BLOCK if member == "picture" else json_at(one)
    with tarfile.open(copied / "shards" / SHARD) as tar:
        header = next(entry for entry in tar if entry.offset == at)
    header.name = name or header.name
    for key, value in change.items():
        setattr(header, key, value)
    scribble(copied, at, header.tobuf(tarfile.USTAR_FORMAT))
    seal(copied)
    (found,) = faults(copied)
    assert (found.kind, found.shard, found.offset, found.series, found.frame) == (kind, SHARD, at, one["series"], one["frame"])
    assert says in found.message
    assert found.message.isprintable()


def test_exchanged_shards(tmp_path: Path) -> None:
    for number in range(4):
        make_series(tmp_path / "series", f"s{number}", {"rotation_z": [0.0, 1.0, 2.0]}, seed=number)
    build_dataset(tmp_path, split={"train": 1.0, "validation": 0.0, "test": 0.0}, shard_size=1)
    one, other = tmp_path / "shards" / "train-00001.tar", tmp_path / "shards" / "train-00003.tar"
    one.rename(tmp_path / "aside")
    other.rename(one)
    (tmp_path / "aside").rename(other)
    found = faults(tmp_path)
    assert [(fault.kind, fault.shard) for fault in found] == [
        ("exchanged", one.name), ("cut off", one.name), ("exchanged", other.name), ("cut off", other.name)
    ]  # fmt: skip
    assert lost_frames(found) == {(row["series"], row["frame"]) for path in (one, other) for row in rows_of(tmp_path, path.name)}
    assert found[0].message.startswith("it holds the bytes of train-00003.tar: the two were exchanged")


@pytest.mark.parametrize("table", [FRAMES, SERIES])
def test_a_table_of_another_build(copied: Path, tmp_path_factory: pytest.TempPathFactory, table: str) -> None:
    """The same series with other pictures: the table is refused by its hash, and nothing that it says holds of the shards."""
    other = tmp_path_factory.mktemp("other")
    for one in open_dataset(copied / "manifests").series.itertuples():
        values = {name: [1.0, 2.0, 3.0] for name in one.varies}
        make_series(other / "series", one.series, values, source=one.source, object="lamp", seed=99)
    build_dataset(other)
    shutil.copy(other / "manifests" / table, copied / "manifests" / table)
    found = faults(copied)
    assert f"{table} does not match its sha256 in dataset.json" in str(found[0])
    assert len(found) > 1
    assert command(copied)[0] == 2


def test_another_build_in_place_of_a_shard(copied: Path) -> None:
    """Every frame differs; each is named, but only so many of them one by one."""
    path = copied / "shards" / SHARD
    path.write_bytes(bytes(path.stat().st_size))
    found = faults(copied)
    rows = rows_of(copied)
    assert {(fault.series, fault.frame) for fault in found if fault.kind == "picture"} == {(one["series"], one["frame"]) for one in rows}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_check, "KEPT", 5)
        few = faults(copied)
    assert [fault.message for fault in few if fault.kind == "more"] == [
        f"it has {3 * len(rows) - 5} more faults like these", f"it has {len(rows) - 5} more faults like these"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (change_table(FRAMES, column("value_rotation_z", lambda old: [v and v + 0.5 for v in old])), "the tables in labels: labels says"),
        (change_table(FRAMES, column("width", lambda old: [99] * len(old))), "in width: width says 16, the tables say 99"),
        (change_table(SERIES, column("object", lambda old: [o.title() for o in old])), 'object says "chair", the tables say "Chair"'),
        (change_table(FRAMES, column("sha256", lambda old: ["0" * 64] * len(old))), "in sha256"),
        (change_table(SERIES, column("scene_asset", lambda old: ["same"] * len(old))), "asset 'same' is in two splits, by series"),
        (change_table(FRAMES, column("value_iso", lambda old: [None] * len(old))), "impossible label iso"),
        (change_table(FRAMES, column("frame", first(7))), "numbers the frames of some series otherwise"),
        (change_table(FRAMES, column("offset", lambda old: [o + 512 for o in old])), "here; behind the frame before it that is byte 512"),
        (change_table(FRAMES, column("offset", lambda old: [512] * len(old))), "says that it begins here"),
        (change_table(FRAMES, column("size", lambda old: [o - 1 for o in old])), "tar header has another size"),
        (change_table(SERIES, lambda table: table.take([0, 5, 1, 2, 3, 4])), "does not keep the series of a shard together"),
        (change_table(SERIES, lambda table: table.slice(1)), "disagree|rows"),
    ],
)  # fmt: skip
def test_tables_that_say_something_else(copied: Path, damage: Callable[[Path], object], says: str) -> None:
    """Changed tables that dataset.json vouches for: the shards say otherwise."""
    damage(copied)
    seal(copied)
    found = faults(copied)
    assert any(re.search(re.escape(says) if "|" not in says else says, str(fault)) for fault in found), [str(fault) for fault in found]
    assert all("cat-build-shards again" in fault.remedy for fault in found)


def put_picture(root: Path, data: Callable[[bytes], bytes]) -> Any:
    """Put another picture of the same size in the place of frame 1, with right hashes everywhere; returns its old row."""
    one = row(root)
    path = root / "shards" / SHARD
    old = path.read_bytes()[one["offset"] : one["offset"] + one["size"]]
    new = data(old)
    assert len(new) == len(old)
    scribble(root, one["offset"], new)
    digest = hashlib.sha256(new).hexdigest()
    scribble(root, json_at(one) + BLOCK, path.read_bytes()[json_at(one) + BLOCK :][:600].replace(one["sha256"].encode(), digest.encode()))
    at = int(open_dataset(root / "manifests").frames.query("series == @one.series and frame == 1").index[0])
    for name, value in (("sha256", digest), ("crc32", zlib.crc32(new))):
        change_table(FRAMES, column(name, lambda old, value=value: [value if i == at else v for i, v in enumerate(old)]))(root)
    seal(root)
    return one


def test_decoding_finds_what_hashes_cannot(copied: Path) -> None:
    """A picture that was broken before it was hashed, and hashes of which only one is right."""
    one = put_picture(copied, lambda old: b"\x89PNG\r\n\x1a\n" + bytes(len(old) - 8))
    assert faults(copied) == []
    (found,) = faults(copied, decode=True)
    assert (found.kind, found.series, found.frame, found.offset) == ("decode", one["series"], 1, one["offset"])
    change_table(FRAMES, column("crc32", first(5)))(copied)
    seal(copied)
    assert [fault.kind for fault in faults(copied, decode=True)].count("picture") == 1


def test_decoding_compares_luminance_and_size(copied: Path) -> None:
    change_table(FRAMES, column("luminance", lambda old: [v + 0.05 for v in old]))(copied)
    seal(copied)
    assert faults(copied) == []
    found = faults(copied, decode=True)
    assert {fault.kind for fault in found} == {"luminance"}
    assert len(found) == 18
    assert re.fullmatch(r"its luminance is 0\.\d{4}, frames\.parquet says 0\.\d{4}", found[0].message)
    change_table(FRAMES, column("width", lambda old: [15] * len(old)))(copied)
    seal(copied)
    assert {"sample", "decode", "luminance"} == {fault.kind for fault in faults(copied, decode=True)}
    assert "it has 16×12 pixels, frames.parquet says 15×12" in " ".join(fault.message for fault in faults(copied, decode=True))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda root: (root / "shards" / "test-00000.tar").write_bytes(b"x" * 5), "test-00000.tar: it has 5 bytes, not"),
        (change_info(lambda info: info["tables"].update({FRAMES: "0" * 64})), "frames.parquet does not match its sha256"),
        (change_info(lambda info: info["shards"][0].update(sha256="0" * 64)), "although all that the tables say of it is right"),
        (change_info(lambda info: info["totals"].update(frames=3)), "says 3 frames, there are 18"),
        (change_info(lambda info: info["totals"].update(splits={})), "says {} splits, there are {"),
        (change_info(lambda info: info.pop("totals")), "says None frames, there are 18"),
        (change_info(lambda info: info["shards"][0].update(samples=1)), "train-00000.tar: dataset.json says 1 samples, there are"),
        (change_info(lambda info: info["shards"].pop()), "points outside its shard"),
        (
            change_info(lambda info: info["shards"].append({**info["shards"][0], "file": "train-00009.tar"})),
            "train-00009.tar: it is absent",
        ),
        (change_info(lambda info: info.update(rejected=2)), "says that 2 series were left out, rejected.parquet lists 0"),
        (lambda root: (root / "manifests" / "rejected.parquet").write_bytes(b"x"), "rejected.parquet is not a readable Parquet file"),
    ],
)
def test_parts_that_do_not_fit(copied: Path, damage: Callable[[Path], object], says: str) -> None:
    damage(copied)
    code, output = command(copied)
    assert code == 2
    assert says in output


def test_all_faults_at_once_and_not_too_many_lines(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_table(SERIES, column("object", lambda old: ["sofa"] * len(old)))(copied)
    (copied / "shards" / "test-00000.tar").unlink()
    monkeypatch.setattr("cat_dataset.checking.command.PRINTED", 5)
    code, output = command(copied)
    assert code == 2
    assert output.count("fault: ") == 5
    found = verify(copied / "manifests")[0]
    assert f"has {len(found)} faults (named above, of which {len(found) - 5} are not shown: --json FILE has all)" in output


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda root: shutil.rmtree(root / "manifests"), "is not a folder"),
        (lambda root: (root / "manifests" / DATASET_JSON).unlink(), "unfinished build"),
        (change_info(lambda info: info.update(schema=1)), "has schema 1, this version reads 2"),
        (lambda root: (root / "manifests" / FRAMES).write_bytes(b"x"), "not a readable Parquet file"),
        (lambda root: (root / "manifests" / SERIES).unlink(), "series.parquet is absent"),
    ],
)
def test_not_a_dataset(copied: Path, damage: Callable[[Path], object], says: str) -> None:
    damage(copied)
    report = copied / "report.json"
    code, output = command(copied, "--json", str(report))
    assert (code, output.count("\n")) == (2, 1)
    assert says in output
    assert [fault["kind"] for fault in json.loads(report.read_text(encoding="utf-8"))["faults"]] == ["dataset"]


def suspicious(root: Path) -> None:
    """A dataset whose first series is shuffled, lacks a step and repeats a picture."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.cat_dataset.factory.picture", lambda seed, *size: picture(99 if seed in (2, 3) else seed, *size))
        make_series(root / "series", "odd", {"rotation_z": [0.0, 10, 20, 40, 30, 60, 70]})
    build_dataset(root, split={"train": 1.0, "validation": 0.0, "test": 0.0})


def test_suspicious_labels_are_warnings_unless_strict(tmp_path: Path) -> None:
    suspicious(tmp_path)
    code, output = command(tmp_path)
    assert code == 0
    assert "warning: odd, frame 4: the frames are not in the order of their rotation about the vertical axis: 30° after 40°" in output
    assert "warning: odd, frame 5: steps of 10° in rotation about the vertical axis leave out 50°" in output
    assert "warning: odd, frame 3: it is the same picture, byte for byte, as frame 2, but says 40° instead of 20°" in output
    found = inspect(tmp_path / "manifests").findings
    assert f"{len(found)} suspicious labels (named above); look at them with cat-view" in output
    code, output = command(tmp_path, "--strict")
    assert (code, f"has {len(found)} suspicious labels (named above)" in output) == (2, True)


def test_the_report_for_other_programs(copied: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It has every field, is the same for any number of workers, and names no path of this machine."""
    one = row(copied)
    scribble(copied, one["offset"] + 60, b"\0" * 16)
    target = tmp_path_factory.mktemp("out") / "report.json"
    texts = []
    for workers in ("1", "4"):
        assert command(copied, "--json", str(target), "--workers", workers)[0] == 2
        texts.append(target.read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    report = json.loads(texts[0])
    assert (report["frames"], report["series"], report["rejected"]) == (18, 6, 0)
    assert report["faults"][1] == {
        "kind": "picture", "shard": SHARD, "offset": int(one["offset"]), "series": one["series"], "frame": 1,
        "message": f"the {one['size']} bytes of its picture do not match their CRC-32 and SHA-256",
        "remedy": "copy the shard again, or delete it and run cat-build-shards again",
    }  # fmt: skip
    assert str(copied) not in texts[0]
    code, output = command(copied, "--json", "s3://bucket/report.json")
    assert (code, "is not on this machine" in output) == (2, True)


def test_stray_shards_are_named(copied: Path) -> None:
    shutil.copy(copied / "shards" / SHARD, copied / "shards" / "train-00077.tar")
    code, output = command(copied)
    assert (code, "train-00077.tar lies among the shards and is not of this dataset; move it away" in output) == (0, True)


def test_left_out_series_are_counted(tmp_path: Path) -> None:
    for number in range(3):
        make_series(tmp_path / "series", f"s{number}", {"rotation_z": [0.0, 1.0, 2.0]}, seed=number)
    (tmp_path / "series" / "s1" / "frames" / "0001.png").write_bytes(b"x")
    build_dataset(tmp_path, skip_bad=True)
    code, output = command(tmp_path)
    assert (code, "warning: 1 series left out when this was built (rejected.parquet)" in output) == (0, True)
    (tmp_path / "manifests" / "rejected.parquet").unlink()
    assert [fault.kind for fault in faults(tmp_path)] == ["totals"]


def test_at_an_address(packed: Path) -> None:
    """Tables and shards in a store that is no file system: fsspec's memory."""
    store = fsspec.filesystem("memory")
    store.put(str(packed / "manifests"), "/cat-verify/manifests", recursive=True)
    store.put(str(packed / "shards"), "/cat-verify/shards", recursive=True)
    try:
        assert faults_at("memory://cat-verify/manifests") == []
        whole = store.cat_file(f"/cat-verify/shards/{SHARD}")
        store.pipe_file(f"/cat-verify/shards/{SHARD}", whole[:600] + b"\0" + whole[601:])
        assert [fault.kind for fault in faults_at("memory://cat-verify/manifests")] == ["hash", "picture"]
        store.rm_file(f"/cat-verify/shards/{SHARD}")
        assert {fault.kind for fault in faults_at("memory://cat-verify/manifests")} == {"absent", "cut off"}
    finally:
        store.rm("/cat-verify", recursive=True)


def faults_at(address: str) -> list[Fault]:
    return inspect(address).faults


def test_reads_every_byte_once(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole shard is read from front to back and never again."""
    read: dict[str, list[int]] = {}

    class Counted(io.FileIO):
        def readinto(self, buffer: Any) -> int:
            count = super().readinto(buffer) or 0
            read[Path(str(self.name)).name].append(count)
            return count

        def seek(self, *_: int) -> int:
            raise AssertionError("a whole shard needs no seeking")

    def counted(folder: Any, name: str) -> io.FileIO:
        assert read.setdefault(name, []) == []
        return Counted(folder.path / name)

    monkeypatch.setattr("cat_dataset.folders.LocalFolder.open", counted)
    assert faults(packed) == []
    sizes = {path.name: path.stat().st_size for path in (packed / "shards").glob("*.tar")}
    assert {name: sum(counts) for name, counts in read.items()} == sizes


def test_rows_are_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of the table that cut a shard, or hold several, give the same answer."""
    for number in range(6):
        make_series(tmp_path / "series", f"s{number}", {"rotation_z": np.arange(7.0).tolist()}, seed=number)
    build_dataset(tmp_path, split={"train": 1.0, "validation": 0.0, "test": 0.0}, shard_size=30_000)
    assert len(list((tmp_path / "shards").glob("*.tar"))) > 2
    assert pq.ParquetFile(tmp_path / "manifests" / FRAMES).metadata.num_rows == 42
    scribble(tmp_path, row(tmp_path, 5)["offset"] + 60, b"\0" * 9)
    expected = faults(tmp_path)
    for rows in (1, 5, 11):
        monkeypatch.setattr("cat_dataset.tables.ROW_GROUP", rows)
        assert faults(tmp_path) == expected
        assert [fault.kind for fault in expected] == ["hash", "picture"]


def test_a_picture_too_large_to_decode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_series(tmp_path / "series", "s", {"rotation_z": [0.0, 1.0]})
    build_dataset(tmp_path)
    monkeypatch.setattr("cat_dataset.images.MAX_PIXELS", 10)
    assert {fault.kind for fault in faults(tmp_path, decode=True)} == {"decode"}
