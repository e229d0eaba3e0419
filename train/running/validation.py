"""Validation while training: the same held-out pairs edited again and again, measured and shown.

The processes share the edits, equally many each (FSDP2 needs all of them for every forward pass).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from cat_dataset.attributes import attribute
from cat_dataset.command import note, warn
from cat_dataset.images import Rgb
from cat_dataset.manifests import Dataset
from cat_dataset.progress import Progress
from cat_dataset.sheets import sheet
from train.data.feed import Feed, held_out_split
from train.editing.sampler import BATCH, edit_pictures
from train.measure import HeldOut, Score, Trial, summary
from train.model import EditModel
from train.running.distributed import Team

_SHOWN = 8
_CACHE_MB = 64
_LOGGED = ("psnr", "psnr_copy", "spearman", "slope", "error")


class Validation:
    """Edits of fixed pairs: of the validation split, else test, else train.

    Args:
        attributes: that are trained.
        count: pairs per attribute.
    """

    def __init__(self, dataset: Dataset, feed: Feed, model: EditModel, attributes: Sequence[str], count: int, team: Team) -> None:
        self._feed, self._model, self._team = feed, model, team
        split = held_out_split(dataset)
        if split == "train" and team.leads:
            warn("the dataset has no held-out split: validation is of training pairs, and train.evaluate has nothing to measure")
        self._held_out = HeldOut(dataset, split, model.base.size, megabytes=_CACHE_MB)
        each = [self._held_out.trials(name, count, model.options) for name in attributes if name in self._held_out.series.values()]
        # In turns, so that the first few show every attribute.
        self._trials: list[Trial] = [trial for trial in chain.from_iterable(zip_longest(*each)) if trial is not None]
        self._measured = bool(self._trials)
        if not self._measured:
            if team.leads:
                note(f"the {split} split has no series of one of the attributes alone: its edits are shown, not measured")
            shown = feed.held_out(_SHOWN)
            self._trials = [
                Trial(pair=pair, source=source, target=target, instruction=instruction)
                for pair, source, target, instruction in zip(shown.pairs, shown.sources, shown.targets, shown.instructions, strict=True)
            ]

    def run(self, show: Callable[[Rgb], None]) -> dict[str, Mapping[str, Any]]:
        """PSNR (dB), Spearman, slope and error per attribute, None where undefined; ``show`` gets the strip in the leading process.

        The strip has three rows: source, ground truth, edit.
        """
        world, total = self._team.world, len(self._trials)
        numbers = [min(place, total - 1) for place in range(self._team.rank, world * math.ceil(total / world), world)]
        own = [self._trials[number] for number in numbers]
        evaluations = math.ceil(len(own) / BATCH) * self._model.base.steps
        progress = Progress("validate", evaluations, "evaluations") if self._team.leads else None
        edits = edit_pictures(
            self._model, [t.source for t in own], [t.instruction for t in own], encode=self._feed.encode,
            progress=(lambda *_: progress.advance()) if progress else None,
        )  # fmt: skip
        pictures = dict(zip(numbers, edits, strict=True))
        scores = {number: self._held_out.score(self._trials[number], edit) for number, edit in pictures.items()} if self._measured else {}
        shown = {number: edit for number, edit in pictures.items() if number < _SHOWN}
        all_scores, all_shown = dict[int, Score](), dict[int, Rgb]()
        for some_scores, some_shown in self._team.share((scores, shown)):
            all_scores |= some_scores
            all_shown |= some_shown
        if self._team.leads:
            show(_strip(self._trials[:_SHOWN], [all_shown[number] for number in sorted(all_shown)]))
        return self._summaries(all_scores)

    def _summaries(self, scores: Mapping[int, Score]) -> dict[str, Mapping[str, Any]]:
        by_name: dict[str, list[Score]] = {}
        for number in sorted(scores):
            by_name.setdefault(self._held_out.series[self._trials[number].pair.series], []).append(scores[number])
        found = {name: summary(attribute(name), own) for name, own in by_name.items()}
        return {
            name: {key: values[key] if math.isfinite(values[key]) else None for key in _LOGGED} | {"pairs": values["pairs"]}
            for name, values in found.items()
        }


def _strip(trials: Sequence[Trial], edits: Sequence[Rgb]) -> Rgb:
    captions = [", ".join(attribute(e.attribute).spell_delta(e.delta) for e in trial.pair.edits) for trial in trials]
    rows = [[trial.source for trial in trials], [trial.target for trial in trials], list(edits)]
    return sheet(rows, row_names=("source", "ground truth", "edit"), captions=captions, side=128)
