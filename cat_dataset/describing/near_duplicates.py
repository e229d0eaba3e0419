"""Pictures that look alike although a split keeps them apart: a scene that came in twice under two names.

Every series has difference hashes (`cat_dataset.fingerprint.dhash`) of a few of its frames; two series of different
splits whose nearest hashes differ in at most `THRESHOLD` of 256 bits are reported. The threshold rests on 48 rendered
series of the four built-in objects, 256², under two skies, three frames each 60° apart:

    the same frame            as JPEG of quality 60   0 to 16 bits
                              at other sizes          0 to 11
                              10 % brighter           0 to 12
                              with noise of σ 5       0 to 13
    another object            in the same place under the same sky    36 to 85
                              elsewhere                               93 to 178
    the same object           turned by 60° or 120°                   20 to 85
    crops of 2 % on each side                                         21 to 53   (not found)

Nothing is compared twice and nothing left out: hashes that differ in at most t bits agree wholly in one of t + 1 bands
of them (the pigeonhole principle), so only hashes that share a band are candidates. Where that spares nothing, because
everything looks alike, each pair across splits is compared once. Memory is bounded either way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cat_dataset.errors import ManifestError
from cat_dataset.fingerprint import BITS

THRESHOLD = 20
"""Bits that differ at most between two near-duplicates."""
LEAST_BITS = 32
"""Hashes with fewer set, or fewer unset, bits are of nearly flat pictures, which all look alike: they are left out."""
MOST_PAIRS = 10_000
"""Pairs after which the search ends."""
_CHUNK = 1 << 18
"""Candidates that are compared at once: what still lies in a processor's cache."""

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class NearPair:
    """Two series of different splits and the least number of bits in which their hashes differ."""

    one: str
    one_split: str
    other: str
    other_split: str
    bits: int

    def __str__(self) -> str:
        return f"{self.one} ({self.one_split}) and {self.other} ({self.other_split}) differ in {self.bits} of {BITS} bits"


@dataclass(frozen=True)
class NearDuplicates:
    """What was found, nearest first; ``compared`` and ``flat`` count the hashes that were compared and left out.

    ``complete`` is false where the search ended early, with `MOST_PAIRS` pairs.
    """

    pairs: tuple[NearPair, ...]
    compared: int
    flat: int
    complete: bool


def near_duplicates(
    hashes: Sequence[Sequence[str]], series: Sequence[str], splits: Sequence[str], threshold: int = THRESHOLD
) -> NearDuplicates:
    """Pairs of series in different splits that look alike; one entry of each argument per series.

    Raises:
        ManifestError: a hash is not one of ours.
    """
    series, splits = list(series), list(splits)
    words, owner = _parse(hashes, series)
    ones = np.stack([_ones(column) for column in words.T]).sum(axis=0, dtype=np.int64)
    telling = (ones >= LEAST_BITS) & (ones <= BITS - LEAST_BITS)
    words, owner = words[telling], owner[telling]
    names, split_of_series = np.unique(np.array(splits, dtype=str), return_inverse=True)
    found: dict[int, int] = {}
    complete = True
    for one, other, bits in _near(words, split_of_series[owner], threshold):
        least = np.unique((owner[one] * len(series) + owner[other]) * (BITS + 1) + bits)  # one number per pair and distance
        keys, distances = least // (BITS + 1), least % (BITS + 1)
        first = np.flatnonzero(np.r_[True, np.diff(keys) > 0])[: MOST_PAIRS + 1]
        for key, distance in zip(keys[first].tolist(), distances[first].tolist(), strict=True):
            found[key] = min(found.get(key, BITS), distance)
        if len(found) > MOST_PAIRS:
            complete = False
            break
    pairs = [
        NearPair(*side[0], *side[1], bits)
        for key, bits in found.items()
        for side in [sorted((str(series[number]), str(names[split_of_series[number]])) for number in divmod(key, len(series)))]
    ]
    pairs.sort(key=lambda pair: (pair.bits, pair.one, pair.other))
    return NearDuplicates(tuple(pairs[:MOST_PAIRS]), len(words), int((~telling).sum()), complete)


def _parse(hashes: Sequence[Sequence[str]], series: Sequence[str]) -> tuple[Hashes, Numbers]:
    """All hashes as uint64 [hashes, 4], and the number of the series of each."""
    owner = np.repeat(np.arange(len(series)), [len(own) for own in hashes])
    flat = [text for own in hashes for text in own]
    try:
        if any(len(text) != BITS // 4 for text in flat):
            raise ValueError
        raw = bytes.fromhex("".join(flat))
    except (TypeError, ValueError):
        raise ManifestError(f"series.parquet holds a dhash that is not {BITS // 4} hex digits; run cat-build-shards again") from None
    return np.frombuffer(raw, np.uint64).reshape(len(flat), BITS // 64), owner


def _near(words: Hashes, split: Numbers, threshold: int) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    """Pairs of hashes in different splits, and the bits in which they differ, at most ``threshold``; some pairs twice."""
    counts = [int(count) for count in np.bincount(split, minlength=1)]
    across = (sum(counts) ** 2 - sum(count**2 for count in counts)) // 2
    buckets = [_Buckets(keys, split) for keys in _bands(words, threshold + 1)]
    if sum(each.candidates for each in buckets) > across:
        buckets = [_Buckets(np.zeros(len(words), np.int64), split)]
    for each in buckets:
        columns = [np.ascontiguousarray(words[each.order, word]) for word in range(words.shape[1])]
        for one, other in each.pairs():
            apart = np.zeros(len(one), np.uint8)
            for column in columns:  # most differ too much in the first word already
                apart = apart + _ones(column[one] ^ column[other])
                close = np.flatnonzero(apart <= threshold)
                one, other, apart = one[close], other[close], apart[close]
            if len(one):
                yield each.order[one], each.order[other], apart.astype(np.int64)


def _bands(words: Hashes, count: int) -> Iterator[Numbers]:
    """For each of ``count`` bands, the key of every hash: every ``count``-th bit, so that neighbours come apart."""
    for band in range(count):
        keys = [np.empty(0, np.int64)]
        for begin in range(0, len(words), 1 << 16):
            bits = np.unpackbits(words[begin : begin + (1 << 16)].view(np.uint8), axis=1)[:, band::count]
            keys.append(bits.astype(np.int64) @ (1 << np.arange(bits.shape[1], dtype=np.int64)))
        yield np.concatenate(keys)


class _Buckets:
    """The hashes of each key of a band, ordered by split, so that the partners of each lie in one run behind it.

    ``order`` are their numbers; `pairs` counts in that order, in which partners lie close together in memory.
    """

    def __init__(self, keys: Numbers, split: Numbers) -> None:
        self.order = np.lexsort((split, keys))
        keys, split = keys[self.order], split[self.order]
        new_key = np.flatnonzero(np.diff(keys)) + 1
        new_run = np.flatnonzero((np.diff(keys) != 0) | (np.diff(split) != 0)) + 1
        place = np.arange(len(keys))
        self._begin = np.r_[new_run, len(keys)][np.searchsorted(new_run, place, side="right")].astype(np.int32)
        end = np.r_[new_key, len(keys)][np.searchsorted(new_key, place, side="right")]
        self._count = (end - self._begin).astype(np.int32)
        self.candidates = int(self._count.sum(dtype=np.int64))

    def pairs(self) -> Iterator[tuple[Numbers, Numbers]]:
        """Candidates, a chunk at a time."""
        total = np.cumsum(self._count, dtype=np.int64)
        first = 0
        while first < len(total):
            done = int(total[first - 1]) if first else 0
            last = max(first + 1, int(np.searchsorted(total, done + _CHUNK, side="right")))
            count = self._count[first:last].astype(np.int64)
            one = np.repeat(np.arange(first, last), count)
            step = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
            other = np.repeat(self._begin[first:last].astype(np.int64), count) + step
            yield one, other
            first = last


def _ones(words: Hashes) -> NDArray[np.uint8]:
    """Set bits of each of uint64 [rows] (numpy 1 has no popcount; Warren, Hacker's Delight, section 5-1)."""
    x = words - ((words >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.asarray((x * np.uint64(0x0101010101010101)) >> np.uint64(56), np.uint8)
