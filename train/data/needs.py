"""Which pictures and sentences a run can ask for: pairs are pure functions of their number, so all is known before it begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cat_dataset.attributes import attribute
from cat_dataset.instructions import Edit, build, templates_of
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import Pair, PairIndex
from train.adapter.options import AdapterOptions
from train.data.instructions import of_pair


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A frame as training shows it: its row, and whether it is mirrored."""

    row: int
    mirrored: bool


class FrameKeys:
    """Names of frames in a latent cache: the SHA-256 of the picture file, ``:mirrored`` behind it where it is flipped."""

    def __init__(self, dataset: Dataset) -> None:
        self._sums: list[str] = dataset.column("sha256").tolist()

    def __call__(self, shown: Shown) -> str:
        """The key of a frame."""
        return f"{self._sums[shown.row]}{':mirrored' if shown.mirrored else ''}"


def frames(dataset: Dataset, index: PairIndex, keys: FrameKeys) -> dict[str, Shown]:
    """The frames that pairs of ``index`` can show, by key, in the order in which they lie in the shards; equal ones once."""
    found: dict[str, Shown] = {}
    for number in np.flatnonzero(index.usable).tolist():
        ways = index.ways(number)
        for row in range(int(dataset.starts[number]), int(dataset.starts[number + 1])):
            for mirrored in ways:
                shown = Shown(row=row, mirrored=mirrored)
                found.setdefault(keys(shown), shown)
    return found


def sentences(index: PairIndex, options: AdapterOptions, pairs: Iterable[Pair]) -> set[str]:
    """The sentences of some pairs of ``index``; where they say no numbers, those of all its pairs, from templates, signs and objects."""
    if options.says_numbers:
        return {part for pair in pairs for part in of_pair(pair, options).parts}
    return {
        build(Edit(name, sign, thing), variant, numbers=False)
        for name, thing in index.spoken
        for sign in (1.0, -1.0)
        for variant in range(len(templates_of(attribute(name), relative=False)))
    }
