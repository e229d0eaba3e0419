"""The largest part of a group of shots in which one attribute varies and everything else is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capture.reading.shot import Shot
from capture.sorting.settings import COMPENSATED_EV, SHUTTER, Setting, brightness_ev, settings_of


@dataclass(frozen=True)
class Subset:
    """Indices of shots that form a clean series of ``attribute``, of those that spoil it, and of those that do not say enough.

    ``unlabelled`` are shots without a value of the attribute, or silent on a setting that the kept ones state. ``held`` says
    that the shutter holds the brightness. ``values`` counts the different values as stated.
    """

    attribute: str
    kept: tuple[int, ...]
    spoilers: tuple[int, ...]
    unlabelled: tuple[int, ...]
    values: int
    held: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing spoils the series."""
        return not self.spoilers


def clean_subsets(shots: Sequence[Shot]) -> list[Subset]:
    """The largest clean part for each attribute that has one, the best first: most shots kept, then most values."""
    settings = settings_of(shots)
    held = {setting.name: _filled(setting, setting.levels(shots, held=True)) for setting in settings}
    found: list[Subset] = []
    silent = [{setting.name for setting in settings if setting.strict and setting.read(shot) is None} for shot in shots]
    for setting in settings:
        if not setting.series or not setting.differs(shots):
            continue
        labels = setting.levels(shots, held=False)
        plain = _largest(labels, [held[name] for name in held if name != setting.name])
        best = _subset(setting, shots, labels, plain, silent)
        if setting.name in ("iso", "aperture") and SHUTTER in settings:
            free = _steady(shots, _largest(labels, [held[name] for name in held if name not in (setting.name, "exposure")]))
            compensated = _subset(setting, shots, labels, free, silent, held=True)
            if compensated is not None and (best is None or len(compensated.kept) > len(best.kept)):
                best = compensated
        if best is not None:
            found.append(best)
    return sorted(found, key=lambda subset: (-len(subset.kept), -subset.values))


def _filled(setting: Setting, levels: list[int | None]) -> list[int]:
    """Levels with unknowns as a level of their own where that matters, else as the most common level."""
    known = [level for level in levels if level is not None]
    usual = -1 if setting.strict or not known else Counter(known).most_common(1)[0][0]
    return [usual if level is None else level for level in levels]


def _largest(labels: Sequence[int | None], others: Sequence[Sequence[int]]) -> list[int]:
    """Indices of the labelled shots that share the most common combination of the other settings.

    Among combinations equally common the one over more different labels counts, then the first.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, label in enumerate(labels):
        if label is not None:
            groups.setdefault(tuple(levels[index] for levels in others), []).append(index)
    varied = [group for group in groups.values() if len({labels[index] for index in group}) > 1]
    return max(varied, key=lambda group: (len(group), len({labels[index] for index in group}), -group[0]), default=[])


def _steady(shots: Sequence[Shot], indices: Sequence[int]) -> list[int]:
    """Those of ``indices`` whose brightness t·ISO/N² lies in the fullest window of ±COMPENSATED_EV."""
    known = sorted((ev, index) for index in indices if (ev := brightness_ev(shots[index])) is not None)
    levels = np.array([ev for ev, _ in known])
    if not len(levels):
        return []
    ends = np.searchsorted(levels, levels + 2 * COMPENSATED_EV + 1e-6, side="right")
    start = int(np.argmax(ends - np.arange(len(levels))))
    return sorted(index for _, index in known[start : ends[start]])


def _subset(
    setting: Setting, shots: Sequence[Shot], labels: Sequence[int | None], kept: Sequence[int], silent: Sequence[set[str]],
    held: bool = False,
) -> Subset | None:  # fmt: skip
    if len({labels[index] for index in kept}) < 2:
        return None
    values = len({setting.read(shots[index]) for index in kept})
    inside = set(kept)
    said = set.intersection(*(silent[index] for index in kept)) | {setting.name}
    rest = [index for index in range(len(labels)) if index not in inside]
    unlabelled = tuple(index for index in rest if labels[index] is None or silent[index] - said)
    spoilers = tuple(index for index in rest if index not in unlabelled)
    return Subset(setting.name, tuple(kept), spoilers, unlabelled, values, held)
