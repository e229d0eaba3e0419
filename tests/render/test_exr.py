"""OpenEXR files, against the OpenEXR library."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from render.blender.picture.exr import read_exr, write_exr

SIZES = [(1, 1), (3, 17), (33, 40), (64, 16)]


def floats(width: int, height: int) -> np.ndarray:
    """Numbers of every size; a part of them constant, as behind an object."""
    drawn = np.random.default_rng(width).normal(size=(height, width)).astype(np.float32)
    drawn[height // 2 :] = 1e10
    return drawn


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_library_reads_what_is_written(tmp_path: Path, width: int, height: int) -> None:
    picture = floats(width, height)
    path = tmp_path / "written.exr"
    path.write_bytes(write_exr(width, height, {"R": picture.tobytes(), "Z": (2 * picture).tobytes()}))
    channels = OpenEXR.File(str(path)).channels()
    assert np.array_equal(channels["Z"].pixels, 2 * picture)
    assert np.array_equal(channels["R"].pixels, picture)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_reads_what_the_library_writes(tmp_path: Path, width: int, height: int) -> None:
    path, picture = plain(tmp_path, width, height)
    assert read_exr(path.read_bytes(), ["Depth.Z"]) == (width, height, {"Depth.Z": picture.tobytes()})


def plain(folder: Path, width: int, height: int, **header: object) -> tuple[Path, np.ndarray]:
    """An uncompressed file of two channels, written by the library."""
    path, picture = folder / "plain.exr", floats(width, height)
    channels = {"Layer.Depth.Z": picture, "Layer.Combined.A": 3 * picture}
    OpenEXR.File({"compression": OpenEXR.NO_COMPRESSION, "type": OpenEXR.scanlineimage, **header}, channels).write(str(path))
    return path, picture


def test_a_file_whose_table_of_rows_was_never_written_is_cut_off(tmp_path: Path) -> None:
    data = plain(tmp_path, 16, 16)[0].read_bytes()
    table = min(place for place in range(0, len(data) - 128, 1) if struct.unpack_from("<Q", data, place)[0] == place + 128)
    with pytest.raises(ValueError, match="cut off"):
        read_exr(data[:table] + bytes(128) + data[table + 128 :], ["Depth.Z"])


def test_other_files_are_refused(tmp_path: Path) -> None:
    data = plain(tmp_path, 8, 8)[0].read_bytes()
    for length in (0, 3, 20, 200, len(data) - 5):
        with pytest.raises(ValueError, match=r"EXR|cut off"):
            read_exr(data[:length], ["Depth.Z"])
    with pytest.raises(ValueError, match=r"it has Layer\.Combined\.A"):
        read_exr(data, ["Normal.X"])
    with pytest.raises(ValueError, match="compressed"):
        read_exr(plain(tmp_path, 8, 8, compression=OpenEXR.ZIP_COMPRESSION)[0].read_bytes(), ["Depth.Z"])
    with pytest.raises(ValueError, match="one part"):
        read_exr(b"\x89PNG" + data[4:], ["Depth.Z"])
