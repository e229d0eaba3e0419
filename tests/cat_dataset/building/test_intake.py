"""A series on its way into a shard: every byte checked, every row true, stock readers content."""

from __future__ import annotations

import gc
import hashlib
import json
import struct
import tarfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webdataset

from cat_dataset.building.intake import add_series, frame_sizes, read_described, stored_size
from cat_dataset.errors import InputError, SeriesError
from cat_dataset.fingerprint import luminance
from cat_dataset.folders import LocalFolder
from cat_dataset.images import decode_rgb, encode_jpeg, encode_png
from cat_dataset.series import check_series
from cat_dataset.shards import TarFile, archive_size
from tests.cat_dataset.factory import make_series, picture


def pack(tmp_path: Path, name: str, image_format: str = "png") -> tuple[Path, list[dict[str, Any]]]:
    tar = TarFile(tmp_path / f"{name}.tar")
    series, digest = read_described(LocalFolder(tmp_path), name)
    packed = add_series(tar, LocalFolder(tmp_path), series, digest, image_format=image_format, decode=True)
    size, digest = tar.close()
    data = tar.path.read_bytes()
    assert (size, digest) == (len(data), hashlib.sha256(data).hexdigest())
    return tar.path, packed.frames


def test_rows_say_where_the_bytes_are(tmp_path: Path) -> None:
    made = make_series(tmp_path, "cup", {"iso": [100.0, 200.0, 400.0], "aperture": [2.0, 2.8, 2.0]})
    path, rows = pack(tmp_path, "cup")
    data = path.read_bytes()
    for number, (row, frame) in enumerate(zip(rows, made.frames, strict=True)):
        stored = data[row["offset"] : row["offset"] + row["size"]]
        assert stored == (tmp_path / "cup" / frame.file).read_bytes()
        assert row["crc32"] == zlib.crc32(stored)
        assert row["sha256"] == frame.sha256
        assert (row["series"], row["frame"], row["width"], row["height"]) == ("cup", number, 16, 12)
        assert row["luminance"] == luminance(decode_rgb(stored))
        assert (row["value_iso"], row["value_aperture"]) == (frame.values["iso"], frame.values["aperture"])


def test_every_sample_has_the_same_keys_and_only_float_values(tmp_path: Path) -> None:
    make_series(tmp_path, "cup", {"iso": [100.0, 200.0]}, object="red cup")
    path, rows = pack(tmp_path, "cup")
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["cup_0000.png", "cup_0000.json", "cup_0001.png", "cup_0001.json"]
        text = tar.extractfile("cup_0001.json").read().decode()
    assert '"value": 200.0' in text
    assert json.loads(text) == {
        "series": "cup", "frame": 1, "source": "blender", "object": "red cup", "width": 16, "height": 12,
        "labels": [{"attribute": "iso", "value": 200.0, "unit": "ISO"}], "sha256": rows[1]["sha256"],
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # webdataset leaves its files open
def test_stock_webdataset_reads_it(tmp_path: Path) -> None:
    make_series(tmp_path, "cup", {"iso": [100.0, 200.0, 400.0]})
    path, rows = pack(tmp_path, "cup")
    samples = list(webdataset.WebDataset(str(path), shardshuffle=False).decode("rgb8"))
    assert [sample["__key__"] for sample in samples] == ["cup_0000", "cup_0001", "cup_0002"]
    assert [sample["json"]["labels"][0]["value"] for sample in samples] == [100.0, 200.0, 400.0]
    expected = decode_rgb(path.read_bytes()[rows[2]["offset"] :][: rows[2]["size"]])
    assert np.array_equal(samples[2]["png"], expected)
    gc.collect()


@pytest.mark.parametrize("extension", ["png", "jpg"])
@pytest.mark.parametrize("image_format", ["png", "jpg"])
def test_formats(tmp_path: Path, extension: str, image_format: str) -> None:
    made = make_series(tmp_path, "cup", {"iso": [100.0, 200.0]}, extension=extension, size=(64, 48))
    path, rows = pack(tmp_path, "cup", image_format)
    source = (tmp_path / "cup" / made.frames[0].file).read_bytes()
    stored = path.read_bytes()[rows[0]["offset"] :][: rows[0]["size"]]
    assert stored.startswith(b"\x89PNG" if image_format == "png" else b"\xff\xd8")
    assert (stored == source) == (extension == image_format)
    if image_format == "png":
        assert np.array_equal(decode_rgb(stored), decode_rgb(source))
    with tarfile.open(path) as tar:
        assert {name.rsplit(".")[-1] for name in tar.getnames()} == {image_format, "json"}


def test_sizes_are_known_before_copying(tmp_path: Path) -> None:
    made = make_series(tmp_path, "cup", {"iso": [100.0, 200.0, 400.0]})
    path, _ = pack(tmp_path, "cup")
    sizes = frame_sizes(LocalFolder(tmp_path), made)
    content = stored_size(made, sizes, "png")
    assert content is not None
    assert archive_size(content) == path.stat().st_size
    assert stored_size(made, sizes, "jpg") is None


def refuse_frame(tmp_path: Path, data: bytes, says: str, *, honest: bool = False) -> None:
    """Series whose second frame holds ``data``, with its right hash if ``honest``: refused, and nothing stored."""
    made = make_series(tmp_path, "cup", {"iso": [100.0, 200.0]})
    (tmp_path / "cup" / "frames" / "0001.png").write_bytes(data)
    if honest:
        frames = (made.frames[0], replace(made.frames[1], sha256=hashlib.sha256(data).hexdigest()))
        made = replace(made, frames=frames)
    for image_format in ("png", "jpg"):
        tar = TarFile(tmp_path / "x.tar")
        with pytest.raises(InputError, match=says):
            add_series(tar, LocalFolder(tmp_path), made, "", image_format=image_format, decode=False)
        assert tar.size == 0
        tar.abandon()


def test_a_frame_that_is_another_is_refused(tmp_path: Path) -> None:
    refuse_frame(tmp_path, encode_png(picture(99)), r"0001\.png does not match its sha256")


def test_a_cut_picture_is_refused(tmp_path: Path) -> None:
    refuse_frame(tmp_path, encode_png(picture(1))[:-20], "cut off or damaged", honest=True)


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    refuse_frame(tmp_path, encode_png(picture(1, 8, 8)), "is 8×8, series.json says 16×12", honest=True)


def test_a_picture_of_another_kind_is_refused(tmp_path: Path) -> None:
    refuse_frame(tmp_path, encode_jpeg(picture(1)), r"0001\.png is a \.jpg picture by its content", honest=True)


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    data = bytearray(encode_png(picture(1)))
    data[16:24] = (60000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    refuse_frame(tmp_path, bytes(data), "more than the .* allowed", honest=True)


def test_what_only_decoding_shows_is_refused(tmp_path: Path) -> None:
    """A PNG whose chunks are whole and whose pixels are not there."""
    data = encode_png(picture(1))
    end = data.index(b"IEND") - 4
    begin = data.index(b"IDAT") - 4
    body = b"IDAT" + zlib.compress(b"")
    broken = data[:begin] + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) + data[end:]
    made = make_series(tmp_path, "cup", {"iso": [100.0, 200.0]})
    (tmp_path / "cup" / "frames" / "0001.png").write_bytes(broken)
    made = replace(made, frames=(made.frames[0], replace(made.frames[1], sha256=hashlib.sha256(broken).hexdigest())))
    tar = TarFile(tmp_path / "x.tar")
    with pytest.raises(InputError, match=r"0001\.png"):
        add_series(tar, LocalFolder(tmp_path), made, "", image_format="png", decode=True)
    tar.abandon()


def test_a_series_of_two_kinds_of_pictures_is_refused(tmp_path: Path) -> None:
    made = make_series(tmp_path, "cup", {"iso": [100.0, 200.0]})
    mixed = replace(made, frames=(made.frames[0], replace(made.frames[1], file="frames/0001.jpg")))
    with pytest.raises(SeriesError, match=r"of two kinds \(jpg and png\)"):
        check_series(mixed, "here")


def test_a_huge_series_json_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "cup").mkdir()
    with open(tmp_path / "cup" / "series.json", "wb") as stream:
        stream.truncate(1 << 30)
    with pytest.raises(SeriesError, match=r"more than the .* bytes allowed for a JSON file"):
        read_described(LocalFolder(tmp_path), "cup")
