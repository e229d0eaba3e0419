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

import numpy as np
from numpy.typing import NDArray

from cat_dataset.attributes import ATTRIBUTES, Attribute, attribute
from cat_dataset.errors import UsageError
from cat_dataset.grid import Grid
from cat_dataset.instructions import Edit, build, object_phrase, templates_of
from cat_dataset.manifests import Dataset

STREAM = 1
"""Version of the stream: raised when the same seed would give other pairs."""
DRAWS = 8
"""Random numbers per pair."""
BLOCK = 64
"""Pairs whose numbers are drawn at once."""
_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True)
class PairEdit:
    """One change from source to target: ``delta`` in the natural unit, ``encoded`` as the model sees it."""

    attribute: str
    task: int
    delta: float
    encoded: float
    object: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Rows ``source`` and ``target`` of ``dataset.frames``, the edits that lead from one to the other, and their sentence."""

    index: int
    series: str
    source: int
    target: int
    edits: tuple[PairEdit, ...]
    instruction: str


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

    Raises:
        UsageError: an empty split, an unknown or absent attribute, or impossible weights.
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
    ) -> None:
        if not 0 <= zero_share <= 1:
            raise UsageError(f"zero_share must be between 0 and 1, not {zero_share:g}")
        if not 0 <= seed < 2**64:
            raise UsageError(f"seed must be between 0 and 2**64 - 1, not {seed}")
        self.split, self.seed, self.zero_share, self.plain = split, seed, zero_share, plain
        self._read_tables(dataset)
        self.attributes = self._choose(attributes)
        self._cumulative = _cumulative(self.attributes, weights or {})
        self._grids: dict[tuple[str, str], Grid] = {}
        self._block: tuple[int, list[list[float]]] = (-1, [])

    def pair(self, i: int) -> Pair:
        """Pair number ``i`` ≥ 0."""
        draw = self._draws(i)
        name = self.attributes[int(np.searchsorted(self._cumulative, draw[0], side="right"))]
        able = self._able[name]
        series = able[int(draw[1] * len(able))]
        if draw[2] < self.zero_share:
            rows = self._rows[series]
            source = target = int(rows[int(draw[4] * len(rows))])
            edits: tuple[PairEdit, ...] = (self._edit(name, 0.0, 0.0, series),)
        else:
            source, target = self._grid(series, name).pick(draw[3], draw[5], draw[4], draw[6])
            edits = self._edits(series, source, target)
        variant = int(draw[7] * math.lcm(*(self._variants[edit.attribute] for edit in edits)))
        sentence = build([Edit(edit.attribute, edit.delta, edit.object) for edit in edits], variant)
        return Pair(i, series, source, target, edits, sentence)

    def fingerprint(self) -> str:
        """SHA-256 of all that determines the stream: frames, labels, options. A run may resume only on the same one."""
        digest = hashlib.sha256()
        options = [STREAM, self.split, self.seed, self.zero_share, self.plain, self.attributes, self._cumulative.tolist()]
        digest.update(json.dumps(options).encode())
        for series, rows in self._rows.items():
            digest.update(json.dumps([series, self._object[series], self._varies[series]]).encode())
            for row in rows.tolist():
                digest.update(self._sha256[row].encode())
            for name in self._varies[series]:
                digest.update(self._values[name][rows].astype("<f8").tobytes())
        return digest.hexdigest()

    def _read_tables(self, dataset: Dataset) -> None:
        """Per series of the split, by name: its rows, varying attributes and object."""
        chosen = dataset.series[dataset.series["split"] == self.split].sort_values("series")
        if chosen.empty:
            filled = ", ".join(sorted(set(dataset.series["split"]))) or "none"
            raise UsageError(f"the dataset has no series in its {self.split!r} split (filled: {filled}); build it with another --split")
        self._values: dict[str, NDArray[np.float64]] = {
            name: dataset.frames[f"value_{name}"].to_numpy(np.float64) for name in dataset.attributes
        }
        self._sha256: list[str] = dataset.frames["sha256"].tolist()
        self._object = {str(series): object_phrase(str(text)) for series, text in zip(chosen["series"], chosen["object"], strict=True)}
        self._varies = {
            str(series): tuple(sorted(varies, key=lambda name: attribute(name).task))
            for series, varies in zip(chosen["series"], chosen["varies"], strict=True)
        }
        positions = dataset.frames.groupby("series", sort=False).indices
        self._rows: dict[str, NDArray[np.int64]] = {series: np.sort(positions[series]) for series in self._object}

    def _choose(self, wanted: Sequence[str] | None) -> tuple[str, ...]:
        """Attributes to draw from, by task id; fills ``_able`` with the series that vary each."""
        self._able: dict[str, list[str]] = {}
        for name in ATTRIBUTES:
            able = [series for series, varies in self._varies.items() if name in varies and self._changes(series, name)]
            if able:
                self._able[name] = able
        for name in wanted or ():
            if attribute(name).name not in self._able:
                raise UsageError(f"no series of the {self.split!r} split varies {name}; it has {', '.join(self._able) or 'none'}")
        chosen = tuple(name for name in self._able if wanted is None or name in wanted)
        if not chosen:
            raise UsageError(f"there is no attribute to draw from in the {self.split!r} split; name one that a series of it varies")
        self._variants = {name: len(templates_of(a, relative=False)) for name, a in ATTRIBUTES.items()}
        return chosen

    def _changes(self, series: str, name: str) -> bool:
        period = attribute(name).scale.period
        values = self._values[name][self._rows[series]]
        return len(np.unique(np.round(values if period is None else values % period, 9))) > 1

    def _draws(self, i: int) -> list[float]:
        """The uniform numbers of pair ``i``: counter-based, block i // 64 of the stream keyed by the seed."""
        if i < 0:
            raise UsageError(f"pair {i} does not exist; pairs count from 0")
        number, block = self._block
        if number != i // BLOCK:
            number = i // BLOCK
            raw = np.random.Philox(key=np.array([self.seed, number], np.uint64)).random_raw(BLOCK * DRAWS)
            block = ((raw >> np.uint64(11)) * _UNIT).reshape(BLOCK, DRAWS).tolist()
            self._block = (number, block)  # one assignment: threads may share the index
        return block[i % BLOCK]

    def _grid(self, series: str, name: str) -> Grid:
        found = self._grids.get((series, name))
        if found is None:
            rows = self._rows[series]
            found = self._grids[series, name] = Grid(attribute(name), self._values[name][rows], rows)
        return found

    def _edits(self, series: str, source: int, target: int) -> tuple[PairEdit, ...]:
        """One edit per attribute that differs between two frames."""
        edits = []
        for name in self._varies[series]:
            values = self._values[name]
            one, other = float(values[source]), float(values[target])
            if ATTRIBUTES[name].delta(one, other) != 0:
                edits.append(self._edit(name, one, other, series))
        return tuple(edits)

    def _edit(self, name: str, source: float, target: float, series: str) -> PairEdit:
        chosen: Attribute = ATTRIBUTES[name]
        encoded = 0.0 if source == target else chosen.encode(source, target, plain=self.plain)
        return PairEdit(name, chosen.task, chosen.delta(source, target), encoded, self._object[series])


def _cumulative(names: Sequence[str], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Upper ends of each attribute's share of [0, 1)."""
    for name, weight in weights.items():
        if name not in names:
            raise UsageError(f"weights name {name}, which is not drawn from; attributes are {', '.join(names)}")
        if not math.isfinite(weight) or weight < 0:
            raise UsageError(f"the weight of {name} must be 0 or more, not {weight}")
    total = list(itertools.accumulate(float(weights.get(name, 1.0)) for name in names))
    if total[-1] <= 0:
        raise UsageError("every attribute has weight 0; give at least one more")
    return np.array(total) / total[-1]
