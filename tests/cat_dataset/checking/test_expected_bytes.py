"""The quick spelling of samples is the one that the packer writes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.checking.expected_bytes import Described, expected_frames
from cat_dataset.shards import BLOCK, member_name, sample_json, tar_header

ids = st.from_regex(r"\A[a-z0-9_-]{1,80}\Z")
texts = st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(ids, texts, texts, st.dictionaries(st.sampled_from(sorted(ATTRIBUTES)), numbers, min_size=1, max_size=3), st.integers(0, 10**6))
def test_samples(series: str, source: str, thing: str, labels: dict[str, float], frame: int) -> None:
    described = Described(series, source, thing, tuple(labels), "png")
    picture = (1024, 768, "ab" * 32)
    expected = sample_json(series, frame, source=source, object=thing, labels=labels, width=1024, height=768, sha256="ab" * 32)
    assert described.sample(frame, labels.values(), *picture) == expected
    assert described.columns == [f"value_{name}" for name in labels]


@pytest.mark.parametrize("pieces", [1, 4])
def test_frames_of_a_shard(pieces: int) -> None:
    """Rows in any pieces give each frame with its own labels; a tail ends where the next header begins."""
    series = ["a"] * 5 + ["b"] * 3
    count = len(series)
    rows = pa.RecordBatch.from_pydict(
        {
            "series": series, "frame": [*range(5), *range(3)], "offset": np.arange(count) * 10_000 + BLOCK,
            "size": pa.array(range(500, 500 + count), pa.int64()), "crc32": pa.array(range(count), pa.uint32()),
            "sha256": [f"{k:064x}" for k in range(count)], "width": [8] * count, "height": [6] * count,
            "luminance": pa.array([None, *np.linspace(0, 1, count - 1)], pa.float32()),
            "value_iso": [100.0, 200, 400, 800, 1600, None, None, None], "value_rotation_z": [None] * 5 + [0.5, 1.5, 2.5],
        }
    )  # fmt: skip
    described = {"a": Described("a", "dslr", "scene", ["iso"], "jpg"), "b": Described("b", "blender", "cup", ["rotation_z"], "jpg")}
    cut = [rows.slice(begin, -(-count // pieces)) for begin in range(0, count, -(-count // pieces))]
    found = list(expected_frames(cut, described.__getitem__))
    assert [(frame.series, frame.frame, frame.crc32) for frame in found] == list(
        zip(series, [*range(5), *range(3)], range(count), strict=True)
    )
    assert found[0].luminance is None
    for at, frame in enumerate(found):
        value = {"iso": 100.0 * 2**at} if frame.series == "a" else {"rotation_z": at - 4.5}
        source, thing = ("dslr", "scene") if frame.series == "a" else ("blender", "cup")
        text = sample_json(
            frame.series, frame.frame, source=source, object=thing, labels=value, width=8, height=6, sha256=f"{at:064x}"
        )  # fmt: skip
        assert frame.header == tar_header(member_name(frame.series, frame.frame, "jpg"), 500 + at)
        assert frame.tail == bytes(-frame.size % BLOCK) + tar_header(
            member_name(frame.series, frame.frame, "json"), len(text)
        ) + text + bytes(-len(text) % BLOCK)
        assert (frame.text, frame.end) == (len(text), frame.offset + frame.size + len(frame.tail))
        assert frame.end % BLOCK == (frame.offset % BLOCK)
