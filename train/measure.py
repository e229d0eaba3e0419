"""Edits of held-out series, measured: how the achieved change follows the asked one, and how near the picture comes.

The achieved change is `cat_dataset.achieved`'s, which does not know what was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cat_dataset.achieved import achieved_value, agreement, psnr
from cat_dataset.attributes import Attribute, attribute
from cat_dataset.command import warn
from cat_dataset.images import Rgb
from cat_dataset.loading.framing import centre_square, cut_square
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import Pair, PairIndex
from train.adapter.options import AdapterOptions
from train.data.instructions import of_pair
from train.data.loader import FrameCache
from train.requests import Instruction

_SEED = 1
"""Of the pairs that are measured: the same ones for every run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """An edit to be made: pictures uint8 [size, size, 3]."""

    pair: Pair
    source: Rgb
    target: Rgb
    instruction: Instruction


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """What an edit did: asked and achieved change on the attribute's scale, PSNR (dB) of the edit and of copying the source."""

    series: str
    asked: float
    achieved: float
    psnr: float
    copied: float


class HeldOut:
    """The series of one split that vary one attribute alone, as pictures at the model's size.

    Args:
        size: side of the square pictures.
        megabytes: of decoded frames that are kept.
    """

    def __init__(self, dataset: Dataset, split: str, size: int, *, megabytes: int = 512) -> None:
        self._dataset, self._split, self._size = dataset, split, size
        self._cache = FrameCache(dataset, megabytes=megabytes)
        self._values = {name: dataset.values(name) for name in dataset.attributes}
        chosen = dataset.series[dataset.series["split"] == split]
        varies: list[list[str]] = [list(names) for names in chosen["varies"]]
        self.series = {str(s): names[0] for s, names in zip(chosen["series"], varies, strict=True) if len(names) == 1}
        self.left_out = len(chosen) - len(self.series)
        """Series that vary several attributes at once."""
        self.series = {s: name for s, name in self.series.items() if self._moves(s, attribute(name))}

    def _moves(self, series: str, chosen: Attribute) -> bool:
        """Whether any two frames differ on the attribute's scale: 0 and 360 degrees do not."""
        values = self.rows(series)[1]
        return any(abs(chosen.scale.difference(values[0], value)) > 1e-9 for value in values)

    def warn_left_out(self) -> None:
        """Say how many series are not measured."""
        if self.left_out:
            warn(f"{self.left_out} series of the {self._split} split vary several attributes at once and are left out of the measurement")

    def picture(self, row: int) -> Rgb:
        """The frame of a row as the model sees it, uint8 [size, size, 3]."""
        frame = self._cache.get(row, self._size)
        return cut_square(frame, centre_square(frame.shape), self._size)

    def rows(self, series: str) -> tuple[list[int], list[float]]:
        """Rows and natural values of a series, by rising value; of equal values the first."""
        values = self._values[self.series[series]]
        found: dict[float, int] = {}
        for row in self._dataset.rows(series):
            found.setdefault(float(values[row]), row)
        ranked = sorted(found)
        return [found[value] for value in ranked], ranked

    def trials(self, name: str, count: int, options: AdapterOptions) -> list[Trial]:
        """``count`` edits of one attribute, always the same ones; fewer where hardly any series varies it alone."""
        index = PairIndex(self._dataset, split=self._split, seed=_SEED, attributes=[name], zero_share=0.0, plain=options.plain)
        drawn = [pair for pair in map(index.pair, range(4 * count)) if pair.series in self.series][:count]
        return [
            Trial(pair=pair, source=self.picture(pair.source), target=self.picture(pair.target), instruction=of_pair(pair, options))
            for pair in drawn
        ]

    def score(self, trial: Trial, edit: Rgb) -> Score:
        """What ``edit`` did."""
        pair, chosen = trial.pair, attribute(self.series[trial.pair.series])
        values = self._values[chosen.name]
        start, end = float(values[pair.source]), float(values[pair.target])
        rows, ranked = self.rows(pair.series)
        reached = achieved_value(edit, [self.picture(row) for row in rows], ranked, chosen)
        asked, achieved = changes(chosen, start, end, reached)
        return Score(
            series=pair.series,
            asked=asked,
            achieved=achieved,
            psnr=psnr(edit, trial.target),
            copied=psnr(trial.source, trial.target),
        )


def changes(chosen: Attribute, start: float, end: float, reached: float) -> tuple[float, float]:
    """Asked and achieved change of an edit from ``start`` to ``end`` that ``reached`` (natural values).

    The achieved change is the short way round, unless the way past half a turn is nearer to the asked change than no change is:
    asked for 180°, two degrees more are 182° and not −178°, which would count as 358° of error.
    """
    asked, short = chosen.scale.difference(start, end), chosen.scale.difference(start, reached)
    past = asked + chosen.scale.difference(end, reached)
    return asked, past if abs(past - asked) < abs(asked) / 2 else short


def summary(chosen: Attribute, scores: Sequence[Score]) -> dict[str, Any]:
    """One attribute's scores together, in the scale's unit: Spearman, slope, mean absolute error, mean PSNR."""
    found = agreement([score.asked for score in scores], [score.achieved for score in scores])
    return {
        "unit": chosen.scale.unit or chosen.unit,
        "pairs": len(scores),
        "series": len({score.series for score in scores}),
        "psnr": float(np.mean([score.psnr for score in scores])),
        "psnr_copy": float(np.mean([score.copied for score in scores])),
        "spearman": found.spearman,
        "slope": found.slope,
        "error": found.error,
        "points": [[score.asked, score.achieved] for score in scores],
    }
