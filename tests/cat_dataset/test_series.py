"""The series contract: every rule has its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cat_dataset.errors import SeriesError
from cat_dataset.series import SERIES_JSON, find_series, read_series, verify_frames
from tests.cat_dataset.factory import make_series


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_series(tmp_path, "cup_01", {"iso": [100.0, 200.0, 400.0]})
    return tmp_path / "cup_01"


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    raw = json.loads((folder / SERIES_JSON).read_text(encoding="utf-8"))
    change(raw)
    (folder / SERIES_JSON).write_text(json.dumps(raw), encoding="utf-8")


def test_reads_back_what_was_written(tmp_path: Path) -> None:
    made = make_series(tmp_path, "cup", {"iso": [100.0, 200.0], "aperture": [2.0, 4.0]}, scene={"asset": "cup"}, extension="jpg")
    assert read_series(tmp_path / "cup") == made
    verify_frames(tmp_path / "cup", made)
    assert made.varies == ("iso", "aperture")
    assert made.frames[1].file == "frames/0001.jpg"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda raw: raw.update(schema=99), "schema 99"),
        (lambda raw: raw.pop("frames"), "'frames' is absent"),
        (lambda raw: raw.update(frames={}), "not a list"),
        (lambda raw: raw.update(frames=raw["frames"][:1]), "at least two"),
        (lambda raw: raw.update(frames=["x"]), "not a JSON object"),
        (lambda raw: raw.update(id="other"), "give the folder its own name"),
        (lambda raw: raw.update(source="phone"), "none of blender"),
        (lambda raw: raw.update(varies=[]), "at least one attribute"),
        (lambda raw: raw.update(varies=["iso", "iso"]), "each once"),
        (lambda raw: raw.update(varies=["isso"]), "unknown attribute 'isso'"),
        (lambda raw: raw.update(varies=["aperture"]), "no value for aperture"),
        (lambda raw: raw["frames"][0]["values"].update(iso=100), "must be a JSON float"),
        (lambda raw: raw["frames"][0]["values"].update(iso=-5.0), "outside its range"),
        (lambda raw: [frame["values"].update(iso=100.0) for frame in raw["frames"]], "one value in every frame"),
        (lambda raw: raw["frames"][0].update(file="frames/0001.png"), "share one file"),
        (lambda raw: raw["frames"][0].update(file="../../etc/passwd"), "must look like frames/0000.png"),
        (lambda raw: raw["frames"][0].update(file="frames/0000.png\n"), "must look like"),
        (lambda raw: raw["frames"][0].update(width="16"), "'width' is not a int"),
        (lambda raw: raw["frames"][2].update(width=999), "different sizes .frames/0001.png 16×12, frames/0002.png 999×12"),
    ],
)
def test_broken_rules(folder: Path, change: Callable[[dict[str, Any]], object], says: str) -> None:
    edit(folder, change)
    with pytest.raises(SeriesError, match=says) as refused:
        read_series(folder)
    assert str(folder) in str(refused.value)


def test_unfinished(folder: Path) -> None:
    (folder / SERIES_JSON).unlink()
    with pytest.raises(SeriesError, match="run its producer again"):
        read_series(folder)
    assert list(find_series(folder.parent)) == []


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match="not a folder"):
        list(find_series(tmp_path / "none"))


def test_changed_frames_are_found(folder: Path) -> None:
    series = read_series(folder)
    frame = folder / "frames" / "0001.png"
    data = frame.read_bytes()
    frame.write_bytes(data[:-1] + b"x")
    with pytest.raises(SeriesError, match=r"0001\.png does not match the sha256"):
        verify_frames(folder, series)
    frame.unlink()
    with pytest.raises(SeriesError, match=r"0001\.png is missing"):
        verify_frames(folder, series)


def test_a_wrong_size_is_found(folder: Path) -> None:
    edit(folder, lambda raw: [frame.update(width=999) for frame in raw["frames"]])
    with pytest.raises(SeriesError, match=r"0000\.png is 16×12, series\.json says 999×12"):
        verify_frames(folder, read_series(folder))
