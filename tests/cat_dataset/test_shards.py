"""Shards: plain tars, the same bytes every time, that stock readers load."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import webdataset

from cat_dataset.errors import InputError, SeriesError
from cat_dataset.images import decode_rgb, encode_png
from cat_dataset.series import read_series
from cat_dataset.shards import TarFile, add_series, archive_size, copied_size, stored_picture, tar_header
from tests.cat_dataset.factory import make_series, picture


def pack(tmp_path: Path, name: str, image_format: str = "png") -> tuple[Path, list[dict]]:
    tar = TarFile(tmp_path / f"{name}.tar")
    rows = add_series(tar, tmp_path / name, read_series(tmp_path / name), image_format)
    size, digest = tar.close()
    data = tar.path.read_bytes()
    assert (size, digest) == (len(data), hashlib.sha256(data).hexdigest())
    return tar.path, rows


def test_the_tar_is_what_python_would_write(tmp_path: Path) -> None:
    tar = TarFile(tmp_path / "a.tar")
    members = [("a_0000.png", b"x" * 700), ("a_0000.json", b"{}"), ("b_0000.png", b""), ("b_0000.json", b"y" * 512)]
    offsets = [tar.add(name, data) for name, data in members]
    tar.close()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as other:
        for name, data in members:
            header = tarfile.TarInfo(name)
            header.size = len(data)
            other.addfile(header, io.BytesIO(data))
    data = tar.path.read_bytes()
    assert data == buffer.getvalue()
    assert [data[at : at + len(body)] for at, (_, body) in zip(offsets, members, strict=True)] == [body for _, body in members]


def test_headers_hold_nothing_of_the_machine() -> None:
    info = tarfile.TarInfo.frombuf(tar_header("s_0000.png", 5), "ascii", "strict")
    assert (info.mtime, info.uid, info.gid, info.uname, info.gname, info.mode) == (0, 0, 0, "", "", 0o644)


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
    content = copied_size(tmp_path / "cup", made, "png")
    assert content is not None
    assert archive_size(content) == path.stat().st_size
    assert copied_size(tmp_path / "cup", made, "jpg") is None


def test_a_frame_that_changed_since_is_refused(tmp_path: Path) -> None:
    series = make_series(tmp_path, "cup", {"iso": [100.0, 200.0]})
    (tmp_path / "cup" / "frames" / "0001.png").write_bytes(encode_png(picture(99)))
    tar = TarFile(tmp_path / "x.tar")
    with pytest.raises(SeriesError, match=r"0001\.png changed while"):
        add_series(tar, tmp_path / "cup", series, "png")
    tar.abandon()


@pytest.mark.parametrize("image_format", ["png", "jpg"])
@pytest.mark.parametrize("name", ["f.png", "f.jpg"])
def test_a_damaged_picture_is_never_stored(image_format: str, name: str) -> None:
    with pytest.raises(InputError, match="here"):
        stored_picture(encode_png(picture(1))[:-20], name, image_format, "here")
