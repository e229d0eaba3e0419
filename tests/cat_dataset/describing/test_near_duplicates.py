"""Near-duplicates: the quick search against comparing everything with everything, and pictures that must and must not be found."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.describing import near_duplicates as module
from cat_dataset.describing.near_duplicates import LEAST_BITS, THRESHOLD, near_duplicates
from cat_dataset.errors import ManifestError
from cat_dataset.fingerprint import dhash
from cat_dataset.images import decode_rgb, encode_jpeg, resize_area

SPLITS = np.array(["train", "validation", "test"])


def hexes(bits: np.ndarray) -> list[str]:
    """Hashes of bits [hashes, 256]."""
    return [row.tobytes().hex() for row in np.packbits(bits, axis=1)]


def related(rng: np.random.Generator, count: int, parents: int, change: float) -> np.ndarray:
    """Bits [count, 256]: each row one of ``parents`` random hashes, with a share of ``change`` of its bits turned."""
    origin = rng.integers(0, 2, (parents, 256), dtype=np.uint8)
    return origin[rng.integers(0, parents, count)] ^ (rng.random((count, 256)) < rng.uniform(0, change, (count, 1))).astype(np.uint8)


def everything(hashes: list[list[str]], names: list[str], splits: list[str], threshold: int) -> dict[tuple[str, str], int]:
    """What the definition says, the slow way."""
    numbers = [[int(text, 16) for text in own] for own in hashes]
    numbers = [[n for n in own if LEAST_BITS <= n.bit_count() <= 256 - LEAST_BITS] for own in numbers]
    found = {}
    for i, one in enumerate(numbers):
        for j, other in enumerate(numbers[:i]):
            if splits[i] != splits[j] and one and other:
                least = min((a ^ b).bit_count() for a in one for b in other)
                if least <= threshold:
                    found[names[j], names[i]] = least
    return found


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.sampled_from([0.02, 0.1, 0.3, 0.5]), st.sampled_from([0, 5, THRESHOLD, 40]))
def test_it_finds_what_there_is(seed: int, parents: int, change: float, threshold: int) -> None:
    rng = np.random.default_rng(seed)
    per_series = rng.integers(0, 4, 24)
    bits = related(rng, int(per_series.sum()), parents, change)
    bits[rng.random(len(bits)) < 0.1] = 0
    texts = hexes(bits)
    ends = np.cumsum(per_series)
    hashes = [texts[end - count : end] for end, count in zip(ends, per_series, strict=True)]
    names, splits = [f"s{k:02d}" for k in range(24)], rng.choice(SPLITS, 24).tolist()
    result = near_duplicates(hashes, names, splits, threshold)
    assert {tuple(sorted((pair.one, pair.other))): pair.bits for pair in result.pairs} == everything(hashes, names, splits, threshold)
    by_name = dict(zip(names, splits, strict=True))
    assert all(by_name[pair.one] == pair.one_split != pair.other_split == by_name[pair.other] for pair in result.pairs)
    assert list(result.pairs) == sorted(result.pairs, key=lambda pair: (pair.bits, pair.one, pair.other))
    assert result.complete
    assert result.compared + result.flat == len(texts)
    assert result.flat >= int((bits == 0).all(axis=1).sum())


@pytest.mark.parametrize("hashes", [[], [[]], [[], []]])
def test_nothing_to_compare(hashes: list[list[str]]) -> None:
    result = near_duplicates(hashes, ["a", "b"][: len(hashes)], ["train", "test"][: len(hashes)])
    assert (result.pairs, result.compared, result.flat, result.complete) == ((), 0, 0, True)


def test_flat_pictures_are_left_out_and_counted() -> None:
    flat = dhash(np.full((64, 64, 3), 200, np.uint8))
    result = near_duplicates([[flat, flat], [flat]], ["a", "b"], ["train", "test"])
    assert (result.pairs, result.compared, result.flat) == ((), 0, 3)


def test_a_hash_that_is_none() -> None:
    for wrong in ("12", "x" * 64):
        with pytest.raises(ManifestError, match="64 hex digits"):
            near_duplicates([[wrong]], ["a"], ["train"])


def test_a_line_names_both() -> None:
    bits = np.random.default_rng(0).integers(0, 2, (1, 256), dtype=np.uint8).repeat(2, axis=0)
    bits[1, :3] ^= 1
    one, other = hexes(bits)
    (pair,) = near_duplicates([[one], [other]], ["chair", "stool"], ["test", "train"]).pairs
    assert str(pair) == "chair (test) and stool (train) differ in 3 of 256 bits"


def backdrop(seed: int, size: int = 256) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(40, 220, (7, 7, 3), dtype=np.uint8)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)


def with_object(rgb: np.ndarray, seed: int) -> np.ndarray:
    """A picture with something that fills about a fifth of it, of random shape, colour and pattern."""
    rng = np.random.default_rng(1000 + seed)
    size = len(rgb)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radius = size * rng.uniform(0.18, 0.4, 9)
    outline = np.stack([size / 2 + radius * np.cos(angles), size / 2 + radius * np.sin(angles)], axis=1).astype(np.int32)
    mask = cv2.fillPoly(np.zeros((size, size), np.uint8), [outline], 1)[..., None]
    pattern = cv2.resize(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), (size, size), interpolation=cv2.INTER_LINEAR)
    return np.where(mask == 1, pattern, rgb)


def test_objects_before_one_backdrop_are_told_apart() -> None:
    pictures = [with_object(backdrop(sky), number) for sky in range(3) for number in range(12)]
    hashes = [[dhash(rgb)] for rgb in pictures]
    names = [f"s{k}" for k in range(len(pictures))]
    result = near_duplicates(hashes, names, [SPLITS[k % 3] for k in range(len(pictures))])
    assert (result.pairs, result.compared) == ((), len(pictures))


@pytest.mark.parametrize(
    "change",
    [
        lambda rgb: decode_rgb(encode_jpeg(rgb, 60)),
        lambda rgb: resize_area(rgb, 100, 100),
        lambda rgb: decode_rgb(encode_jpeg(resize_area(rgb, 200, 190), 80)),
        lambda rgb: np.clip(rgb * 1.1 + 4, 0, 255).astype(np.uint8),
        lambda rgb: np.clip(rgb + np.random.default_rng(0).normal(0, 5, rgb.shape), 0, 255).astype(np.uint8),
    ],
    ids=["jpeg", "smaller", "other_shape", "brighter", "noise"],
)
def test_the_same_thing_again_is_found(change) -> None:
    pictures = [with_object(backdrop(0), number) for number in range(8)]
    hashes = [[dhash(rgb)] for rgb in pictures] + [[dhash(change(rgb))] for rgb in pictures]
    names = [f"{kind}{number}" for kind in ("old", "new") for number in range(8)]
    result = near_duplicates(hashes, names, ["train"] * 8 + ["test"] * 8)
    assert sorted((pair.one, pair.other) for pair in result.pairs) == [(f"new{k}", f"old{k}") for k in range(8)]


@pytest.mark.parametrize("kind", ["alike", "equal"])
def test_large_and_hard(kind: str) -> None:
    """40,000 hashes that share most bits, or all: neither quadratic memory nor minutes."""
    rng = np.random.default_rng(0)
    bits = related(rng, 40_000, 5, 0.4) if kind == "alike" else np.tile(rng.integers(0, 2, 256, dtype=np.uint8), (40_000, 1))
    hashes = [[text] for text in hexes(bits)]
    splits = rng.choice(SPLITS, len(hashes), p=[0.9, 0.05, 0.05]).tolist()
    begin = time.process_time()
    result = near_duplicates(hashes, [f"s{k}" for k in range(len(hashes))], splits)
    assert time.process_time() - begin < 30
    assert result.complete == (kind == "alike" and len(result.pairs) < module.MOST_PAIRS)
    assert len(result.pairs) == module.MOST_PAIRS if kind == "equal" else result.pairs
