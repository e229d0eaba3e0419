"""Runs of consecutive shots in each of which one setting varies."""

from __future__ import annotations

from collections.abc import Sequence

from capture.reading.shot import Shot
from capture.sorting.clean_subset import Subset, clean_subsets
from capture.sorting.settings import settings_of


def whole_subset(shots: Sequence[Shot]) -> Subset | None:
    """The clean series that all ``shots`` make, None when something spoils it or a label is missing."""
    return next((subset for subset in clean_subsets(shots) if subset.whole and not subset.unlabelled), None)


def is_clean(shots: Sequence[Shot]) -> bool:
    """Whether one setting varies over ``shots``, all have a label, and the rest is held."""
    return whole_subset(shots) is not None


def settled(shots: Sequence[Shot], forced: str | None = None) -> bool:
    """Whether the settings alone show one series (of ``forced``): clean, and no value twice.

    A change of focal length never does: it must be seen in the pictures.
    """
    subset = whole_subset(shots)
    if subset is None or subset.attribute == "focal_length" or forced not in (None, subset.attribute):
        return False
    return subset.values == len(shots)


def once_each(shots: Sequence[Shot]) -> bool:
    """Whether ``shots`` are clean and no value comes twice."""
    subset = whole_subset(shots)
    return subset is not None and subset.values == len(shots)


def clean_runs(shots: Sequence[Shot]) -> list[list[Shot]]:
    """Runs of consecutive shots in each of which at most one setting varies, each as long as can be."""
    runs: list[list[Shot]] = []
    start = 0
    while start < len(shots):
        end = _reach(shots, start)
        runs.append(list(shots[start:end]))
        start = end
    return runs


def _reach(shots: Sequence[Shot], start: int) -> int:
    """One past the last shot of the longest clean run from ``start``: doubling, then halving (a part of a clean run is clean)."""
    good, bad, step = start + 1, len(shots) + 1, 1
    while good < len(shots):
        trial = min(len(shots), good + step)
        if not _may_run(shots[start:trial]):
            bad = trial
            break
        good, step = trial, step * 2
    while bad - good > 1 and good < len(shots):
        middle = (good + bad) // 2
        if _may_run(shots[start:middle]):
            good = middle
        else:
            bad = middle
    return good


def _may_run(shots: Sequence[Shot]) -> bool:
    return is_clean(shots) or not any(setting.differs(shots) for setting in settings_of(shots))
