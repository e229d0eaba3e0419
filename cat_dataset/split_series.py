"""What the pairs of a split need to know of its series, beside their labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cat_dataset.attributes import attribute
from cat_dataset.errors import UsageError
from cat_dataset.instructions import object_phrase
from cat_dataset.manifests import Dataset
from cat_dataset.rotation_vectors import AXES


class SplitSeries:
    """Facts of each series by its number in the dataset; texts are kept once, however many series share them.

    ``chosen`` [series] are those of the split, ``composite`` those that vary several attributes.

    Raises:
        UsageError: the split is empty.
    """

    def __init__(self, dataset: Dataset, split: str) -> None:
        self.chosen: NDArray[np.bool_] = (dataset.series["split"] == split).to_numpy(bool)
        if not self.chosen.any():
            filled = ", ".join(sorted(set(dataset.series["split"]))) or "none"
            raise UsageError(f"the dataset has no series in its {split!r} split (filled: {filled}); build it with another --split")
        self._names: list[str] = dataset.series["series"].tolist()
        self._starts = dataset.starts
        objects, texts = pd.factorize(dataset.series["object"])
        self._object = objects
        self._phrases: list[str] = [object_phrase(str(text)) for text in texts]
        kinds, sets = pd.factorize(dataset.series["varies"].map(tuple))
        self._kind = kinds
        self._varies: list[tuple[str, ...]] = [tuple(sorted(names, key=lambda name: attribute(name).task)) for names in sets]
        self._turns = [sum(axis in names for axis in AXES) for names in self._varies]
        several: NDArray[np.bool_] = np.array([len(names) > 1 for names in self._varies], bool)
        self.composite: NDArray[np.bool_] = several[kinds] if len(kinds) else np.zeros(0, bool)
        self._mirrors = [all(attribute(name).mirror for name in names) for names in self._varies]

    @property
    def numbers(self) -> list[int]:
        """Numbers of the split's series, by name."""
        return sorted(np.flatnonzero(self.chosen).tolist(), key=self._names.__getitem__)

    def name(self, number: int) -> str:
        """The id."""
        return self._names[number]

    def object(self, number: int) -> str:
        """What an instruction calls the thing that changes."""
        return self._phrases[int(self._object[number])]

    def varies(self, number: int) -> tuple[str, ...]:
        """The attributes that change, by task id."""
        return self._varies[int(self._kind[number])]

    def turns(self, number: int) -> int:
        """About how many axes its object turns."""
        return self._turns[int(self._kind[number])]

    def most_varied(self, numbers: NDArray[np.bool_]) -> int:
        """The most attributes that change between two frames of one of the marked series.

        Two turns about different axes may differ by one about the third as well.
        """
        kinds = np.unique(self._kind[numbers]).tolist()
        return max(len(self._varies[kind]) + int(self._turns[kind] == 2) for kind in kinds)

    def may_mirror(self, number: int) -> bool:
        """Whether all its attributes allow that its pictures are flipped."""
        return self._mirrors[int(self._kind[number])]

    def start(self, number: int) -> int:
        """Row of its first frame."""
        return int(self._starts[number])

    def of_row(self, row: int) -> int:
        """The number of the series that a row is of."""
        return int(np.searchsorted(self._starts, row, side="right")) - 1
