"""Tars: what Python would write, nothing of the machine in them, and nothing of what failed."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.shards import TarFile, member_name, tar_header


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


@given(
    st.from_regex(r"\A[a-z0-9_-]{1,80}\Z"), st.integers(0, 2**31 - 1), st.integers(0, 8**11 - 1), st.sampled_from(["png", "jpg", "json"])
)
def test_headers_are_those_of_python(series: str, frame: int, size: int, extension: str) -> None:
    name = member_name(series, frame, extension)
    if len(name) <= 100:
        header = tarfile.TarInfo(name)
        header.size = size
        assert tar_header(name, size) == header.tobuf(tarfile.USTAR_FORMAT)


@pytest.mark.parametrize(("name", "size"), [("a" * 101, 1), ("a.png", 8**11)])
def test_what_a_header_cannot_hold(name: str, size: int) -> None:
    with pytest.raises(ValueError, match="does not fit into a USTAR header"):
        tar_header(name, size)


def test_headers_hold_nothing_of_the_machine() -> None:
    info = tarfile.TarInfo.frombuf(tar_header("s_0000.png", 5), "ascii", "strict")
    assert (info.mtime, info.uid, info.gid, info.uname, info.gname, info.mode) == (0, 0, 0, "", "", 0o644)


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    tars = [TarFile(tmp_path / "one.tar"), TarFile(tmp_path / "other.tar")]
    for tar in tars:
        tar.add("a.png", b"first")
    with pytest.raises(ValueError, match="here"), tars[1].all_or_nothing():
        tars[1].add("b.png", bytes(3 << 20))
        raise ValueError("here")
    for tar in tars:
        tar.add("c.png", b"last")
    made = [tar.close() for tar in tars]
    data = tars[0].path.read_bytes()
    assert data == tars[1].path.read_bytes()
    assert made == [(len(data), hashlib.sha256(data).hexdigest())] * 2
    with tarfile.open(tmp_path / "other.tar") as read:
        assert read.getnames() == ["a.png", "c.png"]


def test_an_abandoned_tar_is_gone(tmp_path: Path) -> None:
    tar = TarFile(tmp_path / "x.partial")
    tar.add("a.png", b"x")
    tar.abandon()
    assert not tar.path.exists()
    tar.abandon()
