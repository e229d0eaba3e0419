"""Training pairs: pair i is a pure function of (seed, i), so a loader's whole state is one integer.

Any number of workers and ranks sees the same stream, every rank gets equally many steps, and resuming is exact.
Pairs are balanced over attributes and over the size of the change (uniform pairs of frames would under-train large edits),
run in both directions, and include a share that asks for no change.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cat_dataset.attributes import ATTRIBUTES, Attribute, attribute
from cat_dataset.errors import UsageError
from cat_dataset.grid import Grids
from cat_dataset.instructions import Edit, build, said, templates_of
from cat_dataset.manifests import Dataset
from cat_dataset.rotation_vectors import AXES, turn_between
from cat_dataset.series_choice import SeriesChoice, checked_weights
from cat_dataset.split_series import SplitSeries

STREAM = 3
"""Version of the stream: raised when the same seed would give other pairs."""
DRAWS = 9
"""Random numbers per pair."""
BLOCK = 64
"""Pairs whose numbers are drawn at once."""
_UNIT = 2.0**-53
_ONWARD = 0x0B2C
"""Separates the third frames' random numbers from every other use of the seed."""


@dataclass(frozen=True, slots=True)
class PairEdit:
    """One change from source to target: ``delta`` in the natural unit, to six digits; ``encoded`` as the model sees it, exact.

    ``start`` is the attribute's natural value in the source; None where the change is part of a composed turn, whose parts do
    not add to it.
    """

    attribute: str
    task: int
    delta: float
    encoded: float
    object: str
    start: float | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Rows ``source`` and ``target`` of the dataset, the edits that lead from one to the other, and their sentence.

    ``variant`` is the number of the templates of the sentence (`cat_dataset.instructions.build`).

    Where ``mirrored``, both pictures are to be flipped left to right; edits and sentence are those of the flipped ones.
    """

    index: int
    series: str
    source: int
    target: int
    edits: tuple[PairEdit, ...]
    instruction: str
    mirrored: bool = False
    variant: int = 0


def may_crop(edits: Sequence[PairEdit]) -> bool:
    """Whether pictures that differ by these edits may be cropped: whether all their attributes allow it."""
    return all(ATTRIBUTES[edit.attribute].may_crop for edit in edits)


def rank_batch(step: int, batch: int, rank: int, world: int) -> range:
    """Pair indices that ``rank`` of ``world`` takes in ``step``; ``batch`` counts all ranks together.

    Step s is always pairs s·batch to (s+1)·batch, whatever the number of ranks, so a run may go on with another.

    Raises:
        UsageError: ``batch`` cannot be shared equally.
    """
    if world < 1 or batch < 1 or batch % world:
        raise UsageError(f"a batch of {batch} cannot be shared equally by {world} processes; make it a multiple of {world}")
    if not 0 <= rank < world or step < 0:
        raise UsageError(f"rank {rank} of {world} at step {step} does not exist")
    share = batch // world
    return range(step * batch + rank * share, step * batch + (rank + 1) * share)


class PairIndex:
    """The endless stream of pairs of one split.

    Args:
        dataset: from `cat_dataset.manifests.open_dataset`.
        split: train, validation or test.
        seed: the stream's number.
        attributes: only these; None means all that vary in the split.
        zero_share: share of pairs whose target is their source.
        plain: encode the paper's plain differences.
        weights: how often each attribute is picked, relative to the others' 1.
        mirror: share of pairs that are mirrored left to right, of series all of whose attributes allow it.
        composite_share: share of pairs from series that vary several attributes at once; None leaves it to how many series do.

    Raises:
        UsageError: an empty split, an unknown or absent attribute, or impossible shares or weights.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        split: str = "train",
        seed: int = 0,
        attributes: Sequence[str] | None = None,
        zero_share: float = 0.05,
        plain: bool = False,
        weights: Mapping[str, float] | None = None,
        mirror: float = 0.0,
        composite_share: float | None = None,
    ) -> None:
        for option, share in (("zero_share", zero_share), ("mirror", mirror), ("composite_share", composite_share or 0.0)):
            if not 0 <= share <= 1:
                raise UsageError(f"{option} must be between 0 and 1, not {share:g}")
        if not 0 <= seed < 2**64:
            raise UsageError(f"seed must be between 0 and 2**64 - 1, not {seed}")
        self.split, self.seed, self.zero_share, self.plain, self.mirror = split, seed, zero_share, plain, mirror
        self.composite_share = composite_share
        self._series = SplitSeries(dataset, split)
        self._image_format: str = dataset.info["image_format"]
        self._digests: list[str] = dataset.series["digest"].tolist()
        self.attributes = self._choose(dataset, attributes)
        self._weights = checked_weights(self.attributes, weights or {})
        self._choice = SeriesChoice(
            {name: self._able[name] for name in self.attributes}, self._weights, self._series.composite, composite_share
        )
        self._block: tuple[int, NDArray[np.float64]] = (-1, np.empty((0, DRAWS)))

    def pair(self, i: int) -> Pair:
        """Pair number ``i`` ≥ 0."""
        draw = self._draws(i)
        return self._pair_of(i, *self._choice.pick(draw[0], draw[1]), draw)

    def pair_within(self, i: int, series: Sequence[int]) -> Pair:
        """Pair number ``i`` when only the series with these numbers are at hand: same draws, same balance among them.

        Raises:
            UsageError: none of them varies an attribute that is drawn from.
        """
        draw = self._draws(i)
        return self._pair_of(i, *self._choice.pick_within(series, self._place, draw[0], draw[1]), draw)

    def onward(self, pair: Pair) -> Pair:
        """The pair with the number of ``pair`` that goes on from its target to a third frame; a function of (seed, number).

        The third may be the first again. It is so where else only one of the two pairs might be cropped.
        """
        number = self._series.of_row(pair.target)
        start, end = self._series.start(number), self._series.start(number + 1)
        draw = np.random.Generator(np.random.Philox(key=np.array([self.seed ^ (_ONWARD << 32), pair.index], np.uint64))).random(2)
        third = start + int(draw[0] * (end - start - 1))
        third += third >= pair.target
        edits = self._edits(number, pair.target - start, third - start, pair.mirrored)
        if may_crop(edits) != may_crop(pair.edits):
            third = pair.source
            edits = self._edits(number, pair.target - start, third - start, pair.mirrored)
        if not edits:
            varies = self._series.varies(number)
            name = next((edit.attribute for edit in pair.edits if edit.attribute in varies), varies[0])
            value = self._value(name, number, third - start)
            edits = (self._edit(name, value, value, number, pair.mirrored),)
        return self._said(pair.index, number, pair.target, third, edits, pair.mirrored, float(draw[1]))

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """[series]: whether pairs are drawn from a series of the dataset."""
        found = np.zeros(len(self._digests), bool)
        found[self._choice.series()] = True
        return found

    @cached_property
    def most_edits(self) -> int:
        """The largest number of edits that a pair can have."""
        return self._series.most_varied(self.usable)

    @cached_property
    def spoken(self) -> frozenset[tuple[str, str]]:
        """Every attribute that a pair's edits can name, with the objects that it can be said of."""
        found: set[tuple[str, str]] = set()
        for number in np.flatnonzero(self.usable).tolist():
            names = {*self._series.varies(number), *(AXES if self._series.turns(number) > 1 else ())}
            found.update((name, self._series.object(number)) for name in names)
        return frozenset(found)

    def ways(self, number: int) -> tuple[bool, ...]:
        """How pairs show the pictures of a series: as they are (False), mirrored (True), or either way."""
        if not self.mirror or not self._series.may_mirror(number):
            return (False,)
        return (True,) if self.mirror == 1 else (False, True)

    def is_of(self, dataset: Dataset) -> bool:
        """Whether the rows of its pairs are those of ``dataset``: the same series in the same order."""
        return self._digests == dataset.series["digest"].tolist()

    def fingerprint(self) -> str:
        """SHA-256 of all that determines the stream: series, options. A run may resume only on the same one.

        A series counts by the SHA-256 of its series.json, which holds its labels and the hashes of its frames.
        """
        digest = hashlib.sha256()
        options: list[object] = [STREAM, self.split, self.seed, self.zero_share, self.plain, self.mirror, self.attributes, self._shares]
        if self.composite_share is not None:
            options.append(self.composite_share)
        digest.update(json.dumps([*options, self._image_format]).encode())
        for number in self._series.numbers:
            digest.update(json.dumps([self._series.name(number), self._digests[number], self._series.object(number)]).encode())
        return digest.hexdigest()

    @property
    def _shares(self) -> list[float]:
        """Upper ends of each attribute's share of [0, 1)."""
        total = list(itertools.accumulate(self._weights.values()))
        return [upper / total[-1] for upper in total]

    def _pair_of(self, i: int, name: str, number: int, draw: list[float]) -> Pair:
        """The pair of series ``number`` that differs in attribute ``name``."""
        start = self._series.start(number)
        mirrored = draw[8] < self.mirror and self._series.may_mirror(number)
        if draw[2] < self.zero_share:
            source = target = int(draw[4] * (self._series.start(number + 1) - start))
            value = self._value(name, number, source)
            edits: tuple[PairEdit, ...] = (self._edit(name, value, value, number, mirrored),)
        else:
            source, target = self._grids[name].pick(self._place[name][number], draw[3], draw[5], draw[4], draw[6])
            edits = self._edits(number, source, target, mirrored)
        return self._said(i, number, start + source, start + target, edits, mirrored, draw[7])

    def _said(self, i: int, number: int, source: int, target: int, edits: tuple[PairEdit, ...], mirrored: bool, draw: float) -> Pair:
        """The pair of rows ``source`` and ``target`` in series ``number``, in words that ``draw`` in [0, 1) chooses."""
        variant = int(draw * math.lcm(*(self._variants[edit.attribute] for edit in edits)))
        sentence = build([Edit(edit.attribute, edit.delta, edit.object) for edit in edits], variant)
        return Pair(i, self._series.name(number), source, target, edits, sentence, mirrored, variant)

    def _choose(self, dataset: Dataset, wanted: Sequence[str] | None) -> tuple[str, ...]:
        """Attributes to draw from, in registry order; lays out their values and finds the series that vary each."""
        self._grids: dict[str, Grids] = {}
        self._labels = {name: (dataset.labels(name).values, dataset.labels(name).first) for name in dataset.attributes}
        self._able: dict[str, NDArray[np.int64]] = {}
        self._place: dict[str, NDArray[np.int64]] = {}
        for name in wanted or ():
            attribute(name)
        for name in dataset.attributes:
            labels = dataset.labels(name)
            numbers = np.flatnonzero(labels.first >= 0)
            numbers = numbers[self._series.chosen[numbers]]
            if not len(numbers):
                continue
            counts = np.diff(dataset.starts)[numbers]
            values = labels.values
            if counts.sum() < len(values):
                values = values[np.repeat(labels.first[numbers], counts) + _ranges(counts)]
            grids = Grids(attribute(name), values, np.r_[0, np.cumsum(counts)])
            able = numbers[grids.varies]
            if not len(able):
                continue
            place = np.full(len(dataset.series), -1)
            place[able] = np.flatnonzero(grids.varies)
            self._grids[name], self._able[name], self._place[name] = grids, able, place
        for name in wanted or ():
            if name not in self._able:
                raise UsageError(f"no series of the {self.split!r} split varies {name}; it has {', '.join(self._able) or 'none'}")
        chosen = tuple(name for name in self._able if wanted is None or name in wanted)
        if not chosen:
            raise UsageError(f"there is no attribute to draw from in the {self.split!r} split; name one that a series of it varies")
        self._variants = {name: len(templates_of(a, relative=False)) for name, a in ATTRIBUTES.items()}
        return chosen

    def _draws(self, i: int) -> list[float]:
        """The uniform numbers of pair ``i``: counter-based, block i // 64 of the stream keyed by the seed."""
        if i < 0:
            raise UsageError(f"pair {i} does not exist; pairs count from 0")
        number, block = self._block
        if number != i // BLOCK:
            number = i // BLOCK
            raw = np.random.Philox(key=np.array([self.seed, number], np.uint64)).random_raw(BLOCK * DRAWS)
            block = ((raw >> np.uint64(11)) * _UNIT).reshape(BLOCK, DRAWS)
            self._block = (number, block)  # one assignment: threads may share the index
        draws: list[float] = block[i % BLOCK].tolist()  # not of the whole block: a pair taken here and there would pay for 64
        return draws

    def _edits(self, number: int, source: int, target: int, mirrored: bool) -> tuple[PairEdit, ...]:
        """One edit per attribute that differs between two frames of a series; turns about several axes are composed."""
        names = self._series.varies(number)
        changes = {name: (self._value(name, number, source), self._value(name, number, target)) for name in names}
        if self._series.turns(number) > 1:
            before, after = zip(*(changes.get(axis, (0.0, 0.0)) for axis in AXES), strict=True)
            changes.update({axis: (0.0, part) for axis, part in zip(AXES, turn_between(before, after), strict=True)})
            names = tuple(sorted(changes, key=lambda name: ATTRIBUTES[name].task))
        differing = (name for name in names if ATTRIBUTES[name].delta(*changes[name]) != 0)
        return tuple(self._edit(name, *changes[name], number, mirrored) for name in differing)

    def _value(self, name: str, number: int, frame: int) -> float:
        values, first = self._labels[name]
        return float(values[int(first[number]) + frame])

    def _edit(self, name: str, source: float, target: float, number: int, mirrored: bool) -> PairEdit:
        chosen: Attribute = ATTRIBUTES[name]
        if mirrored and chosen.mirror < 0:
            source, target = -source, -target
        start = None if name in AXES and self._series.turns(number) > 1 else source
        encoded = 0.0 if source == target else chosen.encode(source, target, plain=self.plain)
        return PairEdit(name, chosen.task, said(chosen.delta(source, target)), encoded, self._series.object(number), start)


def _ranges(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 … counts[0] − 1, 0 … counts[1] − 1 and so on, one behind the other."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
