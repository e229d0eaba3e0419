"""One stretch of shots of one body, without long pauses, to parts that may each be a series."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from capture.reading.shot import Shot
from capture.sorting.bursts import bursts
from capture.sorting.runs import LEAST_RUN, clean_runs, is_clean, once_each, settled, spoilt_runs
from capture.sorting.same_view import Views
from capture.sorting.settings import FOCAL
from capture.sorting.which_varies import chosen_subset

RECENT_VIEWS = 4
"""Views to which a photographer may come back without a long pause."""


@dataclass(frozen=True)
class Part:
    """Shots that belong together, and why they were parted from the rest (told of a shot that is left alone)."""

    shots: tuple[Shot, ...]
    why: str = ""


def parts_of(shots: Sequence[Shot], views: Views, forced: str | None = None) -> list[Part]:
    """``shots`` in parts. Pictures are compared only where the settings do not show one series.

    With an attribute ``forced`` by the user the views alone part them.
    """
    if len(shots) == 1 or settled(shots, forced):
        return [Part(tuple(shots))]
    views.foresee(shots)
    if forced is None and once_each(shots):  # focal length: the one change that must be seen
        return [Part(tuple(shots))] if _zooms(shots, views) else _by_focal(shots)
    found = by_view(shots, views)
    return found if forced else [piece for part in found for piece in _by_settings(part)]


def by_view(shots: Sequence[Shot], views: Views) -> list[Part]:
    """Parts that each show one view. What cannot be compared stays with the shot before it."""
    scenes: list[list[Shot]] = []
    why: list[str] = []
    current: list[Shot] = []
    for shot in shots:
        if current and views.same(shot, [*current[-1:-4:-1], current[0]]) is not False:
            current.append(shot)
            continue
        back = next((scene for scene in scenes[-RECENT_VIEWS:] if scene is not current and views.same(shot, [scene[-1]])), None)
        if back is None:
            back = []
            scenes.append(back)
            why.append(f"shows another view than {current[-1].path.name}, the picture before it" if current else "")
        current = back
        current.append(shot)
    if len(scenes) > 1 and not why[0]:
        why[0] = f"shows another view than {scenes[1][0].path.name}, the picture after it"
    return [Part(tuple(scene), reason) for scene, reason in zip(scenes, why, strict=True)]


def _zooms(shots: Sequence[Shot], views: Views) -> bool:
    """Whether the pictures are one view at several focal lengths, or nothing tells that they are not."""
    ordered = sorted(shots, key=lambda shot: FOCAL.read(shot) or 0.0)
    return all(views.same(one, [other]) is not False for one, other in itertools.pairwise(ordered))


def _by_settings(part: Part) -> list[Part]:
    """One view in parts: whole, in runs of one varying setting each, less a few spoilers, by bursts, or by focal length."""
    shots = part.shots
    if len(shots) == 1 or is_clean(shots):
        return [part]
    runs = clean_runs(shots)
    if len(runs) > 1 and min(len(run) for run in runs) >= LEAST_RUN:
        return [Part(tuple(run)) for run in runs]
    if chosen_subset(shots) is not None:
        return [part]
    pieces = bursts(shots)
    if len(pieces) > 1 and any(len(piece) > 1 and chosen_subset(piece) is not None for piece in pieces):
        why = "was taken apart from the others, and its settings make no series with them"
        return [found for piece in pieces for found in _by_settings(Part(tuple(piece), why))]
    if cut := spoilt_runs(shots):
        return [Part(tuple(run), "makes no series with the pictures around it") for run in cut]
    return _by_focal(shots) if FOCAL.differs(shots) else [part]


def _by_focal(shots: Sequence[Shot]) -> list[Part]:
    """Parts of equal focal length."""
    parts: dict[int | None, list[Shot]] = {}
    for shot, level in zip(shots, FOCAL.levels(shots, held=True), strict=True):
        parts.setdefault(level, []).append(shot)
    told = {level: f"has {FOCAL.tell(group[0])}, and no other picture with it makes a series" for level, group in parts.items()}
    return [found for level, group in parts.items() for found in _by_settings(Part(tuple(group), told[level]))]
