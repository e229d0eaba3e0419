"""Files that are whole or absent."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.errors import InputError, SeriesConflict
from cat_dataset.files import (
    adopt,
    atomic_file,
    folder_lock,
    json_bytes,
    read_json,
    sha256_file,
    sha256_json,
    slug,
    write_bytes,
    write_json,
)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_bytes(path, b"old")
    with pytest.raises(RuntimeError), atomic_file(path) as stream:
        stream.write(b"half of the new")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["b.txt"]


def test_adopt(tmp_path: Path) -> None:
    (tmp_path / "partial").write_bytes(b"x")
    adopt(tmp_path / "partial", tmp_path / "whole")
    assert os.listdir(tmp_path) == ["whole"]


def test_json_has_one_spelling(tmp_path: Path) -> None:
    assert json_bytes({"b": 1.0, "a": "é"}) == '{\n  "a": "é",\n  "b": 1.0\n}\n'.encode()
    assert sha256_json({"a": 1, "b": 2}) == sha256_json({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        json_bytes(float("nan"))
    write_json(tmp_path / "x.json", [1])
    assert read_json(tmp_path / "x.json") == [1]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"a": }', b"[" * 100_000])
def test_bad_json_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(InputError, match="not valid JSON"):
        read_json(tmp_path / "x.json")


def test_absent_and_oversized_json(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_json(tmp_path / "x.json")
    write_bytes(tmp_path / "x.json", b" " * 100)
    with pytest.raises(InputError, match="more than the 10 allowed"):
        read_json(tmp_path / "x.json", cap=10)


def test_sha256_of_a_file(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    write_bytes(tmp_path / "x", data)
    assert sha256_file(tmp_path / "x") == hashlib.sha256(data).hexdigest()


@given(st.text())
def test_slug_is_a_safe_name(text: str) -> None:
    name = slug(text)
    assert name == slug(name)
    assert 1 <= len(name) <= 40
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


def test_a_lock_keeps_others_out_and_dies_with_its_holder(tmp_path: Path) -> None:
    hold = "import sys, time; from pathlib import Path; from cat_dataset.files import folder_lock\n"
    hold += "with folder_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(SeriesConflict, match="another process"), folder_lock(tmp_path):
            pass
        holder.kill()
        holder.wait()
        with folder_lock(tmp_path):
            pass
