"""Manifests of millions of frames, as a build of that size would leave them; the shards are holes of the right size.

Frames have random sizes, hashes and checksums; every series has about 2 kB of provenance, as real ones do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cat_dataset.building.assemble import describe
from cat_dataset.dataset_json import DATASET_JSON, SPLITS
from cat_dataset.files import write_json
from cat_dataset.shards import BLOCK, archive_size
from cat_dataset.tables import FRAMES, SERIES, TableWriter, frames_schema, series_schema, table_writer

FRAMES_PER_SERIES = 60
SERIES_PER_SHARD = 40
"""About 1 GB of pictures."""
SHARES = (0.9, 0.05, 0.05)
SAMPLE = 2 * BLOCK
"""Bytes of a sample's member: header and JSON."""
_HEX = np.array([f"{byte:02x}".encode() for byte in range(256)], "S2")


@dataclass(frozen=True)
class Kind:
    """What a series varies: attribute → float64 [FRAMES_PER_SERIES]."""

    source: str
    values: dict[str, NDArray[np.float64]]


def own_values(rng: np.random.Generator, number: int) -> Kind:
    """A full turn that begins anywhere: no two series have the same values."""
    return Kind("blender", {"rotation_z": rng.uniform(-180, 0) + 360 / FRAMES_PER_SERIES * np.arange(FRAMES_PER_SERIES)})


def mixed_values(rng: np.random.Generator, number: int) -> Kind:
    """Four kinds of series in turn, one with two attributes at once; equal kinds have equal values, as sweeps do."""
    along = np.linspace(0, 1, FRAMES_PER_SERIES)
    if number % 4 == 0:
        return Kind("blender", {"rotation_z": 360 / FRAMES_PER_SERIES * np.arange(FRAMES_PER_SERIES)})
    if number % 4 == 1:
        return Kind("developed", {"iso": 100 * 2 ** (6 * along)})
    if number % 4 == 2:
        level, colour = np.arange(FRAMES_PER_SERIES) // 10, np.arange(FRAMES_PER_SERIES) % 10
        return Kind("blender", {"light_intensity": 100.0 * 2**level, "light_temperature": 2000.0 + 500 * colour})
    return Kind("blender", {"rotation_z": 120 * along - 60})


VALUES = {"own": own_values, "mixed": mixed_values}


def write_synthetic(root: Path, frames: int, values: str) -> int:
    """Write ``root/manifests`` and ``root/shards`` of about ``frames`` frames; returns how many they are."""
    rng = np.random.default_rng(frames)
    manifests, shards = root / "manifests", root / "shards"
    manifests.mkdir(parents=True)
    shards.mkdir()
    count = max(1, frames // FRAMES_PER_SERIES)
    attributes = sorted({name for number in range(min(count, 4)) for name in VALUES[values](rng, number).values})
    listed = []
    with (
        table_writer(manifests / FRAMES, frames_schema(attributes)) as frame_rows,
        table_writer(manifests / SERIES, series_schema([])) as series_rows,
    ):
        for split, name, numbers in _shards(count):
            kinds = [VALUES[values](rng, number) for number in numbers]
            ids = [f"{_hex(rng, 1, 8)[0].as_py()}_{number:08d}" for number in numbers]
            content = _write_frames(frame_rows, rng, split, name, ids, kinds)
            _write_series(series_rows, rng, split, name, ids, numbers, kinds)
            size = archive_size(content)
            (shards / name).touch()
            os.truncate(shards / name, size)
            samples = len(ids) * FRAMES_PER_SERIES
            listed.append({"file": name, "split": split, "bytes": size, "sha256": _hex(rng, 1, 64)[0].as_py(), "samples": samples})
    settings = {
        "image_format": "jpg", "shards_folder": "../shards", "seed": 0, "rejected": 0,
        "split": {"fractions": dict(zip(SPLITS, SHARES, strict=True)), "by": None},
    }  # fmt: skip
    write_json(manifests / DATASET_JSON, describe(manifests, listed, settings))
    return count * FRAMES_PER_SERIES


def _shards(count: int) -> Iterator[tuple[str, str, list[int]]]:
    """(split, shard, numbers of its series), all in order."""
    ends = [round(count * share) for share in np.cumsum(SHARES)]
    begin = 0
    for split, end in zip(SPLITS, ends, strict=True):
        for place, first in enumerate(range(begin, end, SERIES_PER_SHARD)):
            yield split, f"{split}-{place:05d}.tar", list(range(first, min(first + SERIES_PER_SHARD, end)))
        begin = end


def _write_frames(writer: TableWriter, rng: np.random.Generator, split: str, shard: str, ids: list[str], kinds: list[Kind]) -> int:
    """The rows of one shard; returns the bytes of its members."""
    rows = len(ids) * FRAMES_PER_SERIES
    size = rng.integers(300_000, 450_000, rows)
    taken = BLOCK + (size + BLOCK - 1) // BLOCK * BLOCK + SAMPLE
    side = np.full(rows, 1024, np.int32)
    names = sorted({name for kind in kinds for name in kind.values})
    absent = np.full(FRAMES_PER_SERIES, np.nan)
    columns: dict[str, object] = {
        "series": pa.array(ids).take(pa.array(np.repeat(np.arange(len(ids)), FRAMES_PER_SERIES))),
        "frame": np.tile(np.arange(FRAMES_PER_SERIES, dtype=np.int32), len(ids)),
        "split": pa.array([split] * rows), "shard": pa.array([shard] * rows),
        "offset": np.cumsum(taken) - taken + BLOCK, "size": size, "crc32": rng.integers(0, 2**32, rows, np.uint32),
        "sha256": _hex(rng, rows, 64), "width": side, "height": side, "luminance": rng.random(rows, np.float32),
        **{
            f"value_{name}": pa.array(np.concatenate([kind.values.get(name, absent) for kind in kinds]), from_pandas=True)
            for name in names
        },
    }  # fmt: skip
    writer.write(pa.table(columns))
    return int(taken.sum())


def _write_series(
    writer: TableWriter, rng: np.random.Generator, split: str, shard: str, ids: list[str], numbers: list[int], kinds: list[Kind]
) -> None:
    count = len(ids)
    hashes = iter(_hex(rng, 4 * count, 64).to_pylist())
    texts = [_hex(rng, 1, 600)[0].as_py() for _ in ids]
    writer.write(
        pa.table(
            {
                "series": ids, "source": [kind.source for kind in kinds], "object": [f"thing {number % 1000}" for number in numbers],
                "varies": [list(kind.values) for kind in kinds], "frames": np.full(count, FRAMES_PER_SERIES, np.int32),
                "split": [split] * count, "shard": [shard] * count, "digest": [next(hashes) for _ in ids],
                "licences": [["CC0-1.0"]] * count, "dhashes": [[next(hashes) for _ in range(3)] for _ in ids],
                "constants": ['{"samples": 256}'] * count,
                "provenance": [json.dumps({"settings": {"plan": text, "notes": "as set by the sweep; " * 60}}) for text in texts],
                **{f"scene_{key}": [f"{key}_{number}" for number in numbers] for key in ("asset", "hdri")},
            }
        )
    )  # fmt: skip


def _hex(rng: np.random.Generator, count: int, digits: int) -> pa.StringArray:
    """Random strings of hexadecimal ``digits`` (an even number)."""
    data = _HEX[rng.integers(0, 256, count * digits // 2, np.uint8)].tobytes()
    offsets = np.arange(0, (count + 1) * digits, digits, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))
