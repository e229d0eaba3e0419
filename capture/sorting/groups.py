"""Shots of a folder to groups that may each be one series, and strays with the reason.

First by what cannot change within a series: kind of file, body, lens, size, scene named in the file. Then by time and by
what the settings say. Pictures are compared only where these do not settle it: values that repeat, more than one setting
that varies, long pauses. A clean folder costs no previews.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capture.reading.shot import Shot
from capture.sorting.bursts import bursts
from capture.sorting.runs import clean_runs, is_clean, repeats, settled
from capture.sorting.same_view import Preview, Views
from capture.sorting.sequence import in_sequence
from capture.sorting.settings import FOCAL
from capture.sorting.which_varies import LeftOut, chosen_subset

LEAST_RUN = 3
_RECENT = 6


@dataclass(frozen=True)
class Group:
    """Shots in the order they were taken that may be one series. Groups of the same ``scene`` show the same place."""

    shots: tuple[Shot, ...]
    scene: int


@dataclass(frozen=True)
class Sorted:
    """Groups in the order of their first shots, strays, lines for the user, and how many previews it took."""

    groups: tuple[Group, ...]
    strays: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    previews: int = 0


_BODY: tuple[tuple[str, Callable[[Shot], str]], ...] = (
    ("kind of file", lambda shot: str(shot.kind)),
    ("camera", lambda shot: shot.camera or "an unknown camera"),
    ("lens", lambda shot: shot.lens or "no lens named"),
    ("size", lambda shot: f"{max(shot.width, shot.height)}×{min(shot.width, shot.height)}"),
    ("scene", lambda shot: shot.scene.get("scene", "no scene named")),
)


def split(shots: Sequence[Shot], preview: Preview, forced: str | None = None) -> Sorted:
    """Split ``shots``; every one ends in a group or among the strays.

    With an attribute ``forced`` by the user the settings are not asked: views and long pauses alone split.
    """
    views = Views(preview)
    unique, strays = _without_copies(shots)
    bodies: dict[tuple[str, ...], list[Shot]] = {}
    for shot in unique:
        bodies.setdefault(tuple(read(shot) for _, read in _BODY), []).append(shot)
    usual = max(bodies, key=lambda key: len(bodies[key]), default=())
    groups: list[Group] = []
    notes: list[str] = []
    for key, body in bodies.items():
        ordered = in_sequence(body)
        notes += ordered.notes
        if len(body) == 1:
            strays.append(LeftOut(body[0], _alone(key, usual)))
            continue
        edges = [0, *ordered.cuts, len(body)]
        segments = [list(ordered.shots[a:b]) for a, b in itertools.pairwise(edges)]
        parts = [_by_view(segment, views) if forced else _settle(segment, views) for segment in segments]
        for part in _rejoined(parts, views):
            if len(part) == 1:
                strays.append(LeftOut(part[0], "is the only picture of its view, time and settings; a series needs at least two"))
            else:
                groups.append(Group(tuple(part), 0))
    if len(bodies) > 1:
        notes.insert(0, _told(bodies))
    return Sorted(tuple(_scenes(sorted(groups, key=lambda group: group.shots[0].order), views)), tuple(strays), tuple(notes), views.asked)


def _without_copies(shots: Sequence[Shot]) -> tuple[list[Shot], list[LeftOut]]:
    first: dict[str, Shot] = {}
    unique, copies = [], []
    for shot in sorted(shots, key=lambda shot: shot.path.name):
        original = first.setdefault(shot.sha256, shot) if shot.sha256 else shot
        if original is shot:
            unique.append(shot)
        else:
            copies.append(LeftOut(shot, f"is byte for byte the same file as {original.path.name}"))
    return unique, copies


def _alone(key: Sequence[str], usual: Sequence[str]) -> str:
    odd = [f"{what} {own!r} where most have {other!r}" for (what, _), own, other in zip(_BODY, key, usual, strict=True) if own != other]
    return f"is the only picture of its kind ({', '.join(odd)})" if odd else "is the only picture; a series needs at least two"


def _told(bodies: dict[tuple[str, ...], list[Shot]]) -> str:
    differing = [(index, what) for index, (what, _) in enumerate(_BODY) if len({key[index] for key in bodies}) > 1]
    told = []
    for index, what in differing:
        counts: Counter[str] = Counter()
        for key, body in bodies.items():
            counts[key[index]] += len(body)
        told.append(f"{what}: {', '.join(f'{name} ({count}×)' for name, count in counts.most_common(4))}")
    return f"the pictures differ in {'; '.join(told)}; each is sorted by itself"


def _settle(shots: list[Shot], views: Views) -> list[list[Shot]]:
    """One segment without long pauses to groups; single shots are groups of one."""
    if len(shots) == 1 or settled(shots):
        return [shots]
    if is_clean(shots) and not repeats(shots):  # focal length: the one change that must be seen
        return [shots] if _zooms(shots, views) else _by_focal(shots, views)
    return [part for scene in _by_view(shots, views) for part in _by_settings(scene, views)]


def _zooms(shots: Sequence[Shot], views: Views) -> bool:
    """Whether the pictures are one view at several focal lengths, or nothing tells that they are not."""
    ordered = sorted(shots, key=lambda shot: FOCAL.read(shot) or 0.0)
    return all(views.same(one, [other]) is not False for one, other in itertools.pairwise(ordered))


def _by_focal(shots: Sequence[Shot], views: Views) -> list[list[Shot]]:
    """Groups of equal focal length."""
    parts: dict[int | None, list[Shot]] = {}
    for shot, level in zip(shots, FOCAL.levels(shots, held=True), strict=True):
        parts.setdefault(level, []).append(shot)
    return [part for group in parts.values() for part in _by_settings(group, views)]


def _by_view(shots: Sequence[Shot], views: Views) -> list[list[Shot]]:
    """Groups of shots that show one view. What cannot be compared stays with the shot before it."""
    scenes: list[list[Shot]] = []
    current: list[Shot] = []
    for shot in shots:
        if current and views.same(shot, [*current[-1:-4:-1], current[0]]) is not False:
            current.append(shot)
            continue
        back = next((s for s in scenes[-_RECENT:] if s is not current and views.same(shot, [s[-1], s[0]])), None)
        if back is None:
            back = []
            scenes.append(back)
        current = back
        current.append(shot)
    return scenes


def _by_settings(shots: list[Shot], views: Views) -> list[list[Shot]]:
    """One view to groups: whole, in runs of one varying setting each, less a few spoilers, by bursts, or by focal length."""
    if len(shots) == 1 or is_clean(shots):
        return [shots]
    runs = clean_runs(shots)
    if len(runs) > 1 and min(len(run) for run in runs) >= LEAST_RUN:
        return runs
    if chosen_subset(shots) is not None:
        return [shots]
    parts = bursts(shots)
    if len(parts) > 1 and any(len(part) > 1 and chosen_subset(part) is not None for part in parts):
        return [piece for part in parts for piece in _by_settings(part, views)]
    if FOCAL.differs(shots):
        return _by_focal(shots, views)
    return [shots]


def _rejoined(parts: Sequence[list[list[Shot]]], views: Views) -> list[list[Shot]]:
    """Groups of all segments; across a long pause two are one when they show one view and make one clean series together."""
    joined: list[list[Shot]] = []
    for segment in parts:
        for position, group in enumerate(segment):
            before = joined[-1] if joined and position == 0 else None
            if before is not None:
                both = [*before, *group]
                if is_clean(both) and not repeats(both) and views.same(group[0], before[-3:]):
                    joined[-1] = both
                    continue
            joined.append(list(group))
    return joined


def _scenes(groups: Sequence[Group], views: Views) -> list[Group]:
    """Number the places: groups of one folder show one unless their pictures were compared and differ."""
    numbered: list[Group] = []
    heads: list[Group] = []
    many = len(groups) > 1
    for group in groups:
        known = next((head.scene for head in heads if _same_place(head, group, views)), None) if many else None
        number = len(heads) if known is None else known
        numbered.append(Group(group.shots, number))
        if known is None:
            heads.append(numbered[-1])
    return numbered


def _same_place(one: Group, other: Group, views: Views) -> bool:
    named = one.shots[0].scene.get("scene"), other.shots[0].scene.get("scene")
    if named[0] or named[1]:
        return named[0] == named[1]
    return views.same(other.shots[0], [one.shots[0], one.shots[-1]]) is not False
