"""Runs of consecutive shots in each of which one setting varies."""

from __future__ import annotations

from collections.abc import Sequence

from capture.reading.shot import Shot
from capture.sorting.clean_subset import Subset, clean_subsets
from capture.sorting.settings import settings_of
from capture.sorting.which_varies import LEFT_OUT_SHARE, chosen_subset

LEAST_RUN = 3
"""Shots in the shortest run that counts as a series of its own among others of the same view."""
MOST_CUT = 60
"""Shots of one view up to which ways to cut are tried; the cost grows with the square."""
ALONE, SPOILER = 1.5, 0.5


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


def spoilt_runs(shots: Sequence[Shot]) -> list[list[Shot]]:
    """Runs of consecutive shots that are series less a few spoilers, and single shots between them; empty where there is no gain.

    Of the ways to cut, the cheapest: a series costs 1, a spoiler ½, a shot alone 1½ (dynamic programming over where runs end).
    Lengths too short to make up for the spoilers already in a run are passed over.
    """
    count = len(shots)
    if count > MOST_CUT:
        return []
    cost: list[float] = [0.0]
    begin: list[int] = [0]
    for end in range(1, count + 1):
        best, at = cost[end - 1] + ALONE, end - 1
        start = end - LEAST_RUN
        while start >= 0:
            subset = chosen_subset(shots[start:end]) if cost[start] + 1 < best else None
            if subset is not None and len(subset.kept) >= LEAST_RUN:
                total = cost[start] + 1 + (end - start - len(subset.kept)) * SPOILER
                if total < best:
                    best, at = total, start
            start = end - (_next_length(shots[start:end]) if subset is None else end - start + 1)
        cost.append(best)
        begin.append(at)
    runs: list[list[Shot]] = []
    end = count
    while end:
        runs.insert(0, list(shots[begin[end] : end]))
        end = begin[end]
    return runs if any(len(run) > 1 for run in runs) else []


def _next_length(shots: Sequence[Shot]) -> int:
    """The next length worth trying for a run that ends with ``shots``: where its spoilers may be fewer than a quarter."""
    found = clean_subsets(shots)
    if not found or found[0].unlabelled:
        return len(shots) + 1
    return max(len(shots), int(len(found[0].spoilers) / LEFT_OUT_SHARE)) + 1
