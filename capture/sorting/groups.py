"""Shots of a folder to groups that may each be one series, and strays with the reason.

First by what cannot change within a series: kind of file, body, lens, size, scene named in the file. Then by time and by
what the settings say. Pictures are compared only where these do not settle it: values that repeat, more than one setting
that varies, a focal length that changes, long pauses. A clean folder costs no previews.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from capture.reading.shot import Shot
from capture.sorting.parts import Part, parts_of
from capture.sorting.places import places_of
from capture.sorting.runs import once_each
from capture.sorting.same_view import Preview, Views
from capture.sorting.sequence import LONG_PAUSE_S, InSequence, in_sequence, natural
from capture.sorting.settings import some
from capture.sorting.which_varies import LeftOut


@dataclass(frozen=True)
class Group:
    """Shots in the order they were taken that may be one series. Groups of the same ``scene`` show the same place."""

    shots: tuple[Shot, ...]
    scene: int


@dataclass(frozen=True)
class Sorted:
    """Groups in the order of their first shots (by name where a clock is wrong), strays, lines for the user, previews asked for."""

    groups: tuple[Group, ...]
    strays: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    previews: int = 0


_BODY: tuple[tuple[str, Callable[[Shot], str]], ...] = (
    ("kind of file", lambda shot: str(shot.kind)),
    ("camera", lambda shot: shot.camera or "unknown"),
    ("lens", lambda shot: shot.lens or "not named"),
    ("size", lambda shot: f"{max(shot.width, shot.height)}×{min(shot.width, shot.height)}"),
    ("scene", lambda shot: shot.scene.get("scene", "none named")),
)


def split(
    shots: Sequence[Shot], preview: Preview, forced: str | None = None, foresee: Callable[[Sequence[Shot]], object] | None = None
) -> Sorted:
    """Split ``shots``; every one ends in a group or among the strays.

    With an attribute ``forced`` by the user the settings are not asked: views and long pauses alone split. ``foresee`` is
    told of shots whose previews will be asked for next, so that they can be made together.
    """
    views = Views(preview, foresee)
    unique, strays = _without_copies(shots)
    bodies: dict[tuple[str, ...], list[Shot]] = {}
    for shot in unique:
        bodies.setdefault(tuple(read(shot) for _, read in _BODY), []).append(shot)
    groups: list[tuple[Shot, ...]] = []
    notes: list[str] = []
    clocks = False
    for key, body in bodies.items():
        if len(body) == 1:
            strays.append(LeftOut(body[0], _alone(key, bodies)))
            continue
        ordered = in_sequence(body)
        notes += ordered.notes
        clocks = clocks or bool(ordered.notes)
        for part in _body_parts(ordered, views, forced):
            if len(part.shots) == 1:
                why = part.why or "stands alone"
                strays.append(LeftOut(part.shots[0], f"{why}; a series needs at least two"))
            else:
                groups.append(part.shots)
    if len(bodies) > 1:
        notes.insert(0, _told(bodies))
    groups.sort(key=lambda group: natural(group[0].path.name) if clocks else group[0].order)
    numbers = places_of(groups, views)
    found = tuple(Group(group, number) for group, number in zip(groups, numbers, strict=True))
    return Sorted(found, tuple(strays), tuple(notes), views.asked)


def _without_copies(shots: Iterable[Shot]) -> tuple[list[Shot], list[LeftOut]]:
    first: dict[str, Shot] = {}
    unique, copies = [], []
    for shot in sorted(shots, key=lambda shot: shot.path.name):
        original = first.setdefault(shot.sha256, shot) if shot.sha256 else shot
        if original is shot:
            unique.append(shot)
        else:
            copies.append(LeftOut(shot, f"is byte for byte the same file as {original.path.name}"))
    return unique, copies


def _body_parts(ordered: InSequence, views: Views, forced: str | None) -> list[Part]:
    """Parts of all stretches between long pauses. Across a pause two are one where they show one view and together make
    one clean series without repeats; where pictures do not tell, a pause under LONG_PAUSE_S does not part them."""
    edges = [0, *ordered.cuts, len(ordered.shots)]
    joined: list[Part] = []
    for start, end in itertools.pairwise(edges):
        pause = ordered.pauses[start - 1] if start else None
        for position, part in enumerate(parts_of(ordered.shots[start:end], views, forced)):
            before = joined[-1] if joined and position == 0 else None
            if before is not None and _continues(before, part, pause, views, forced):
                joined[-1] = Part((*before.shots, *part.shots), before.why)
                continue
            told = "" if pause is None else f"was taken {_long(pause)} after the picture before it and makes no series with that"
            if start == 0 and end < len(ordered.shots) and (after := ordered.pauses[end - 1]) is not None:
                told = f"was taken {_long(after)} before the next picture and makes no series with that"
            joined.append(part if part.why else Part(part.shots, told))
    return joined


def _continues(before: Part, part: Part, pause: float | None, views: Views, forced: str | None) -> bool:
    if forced is None and not once_each((*before.shots, *part.shots)):
        return False
    views.foresee((*part.shots[:3], *before.shots[-3:]))
    told = [views.same(shot, before.shots[-3:]) for shot in part.shots[:3]]
    if True in told:
        return True
    return False not in told and (pause is None or pause <= LONG_PAUSE_S)


def _alone(key: tuple[str, ...], bodies: dict[tuple[str, ...], list[Shot]]) -> str:
    """Why a shot whose body made no other: in what it differs from most, or where none is usual, from any."""
    usual = max(bodies, key=lambda one: len(bodies[one]))
    odd = [f"{what}: {own}, others have {other}" for (what, _), own, other in zip(_BODY, key, usual, strict=True) if own != other]
    if key == usual:
        odd = [
            f"{what}: {own}"
            for index, ((what, _), own) in enumerate(zip(_BODY, key, strict=True))
            if len({one[index] for one in bodies}) > 1
        ]
    return f"is the only picture of its kind ({'; '.join(odd)})" if odd else "is the only picture"


def _told(bodies: dict[tuple[str, ...], list[Shot]]) -> str:
    told = []
    for index, (what, _) in enumerate(_BODY):
        counts: Counter[str] = Counter()
        for key, body in bodies.items():
            counts[key[index]] += len(body)
        if len(counts) > 1:
            told.append(f"{what}: {some([f'{name} ({count}×)' for name, count in counts.most_common()], 4)}")
    return f"the pictures differ in {'; '.join(told)}; each is sorted by itself"


def _long(seconds: float) -> str:
    """A pause in words: ``95 s``, ``12 min``, ``3 h``, ``2 days``."""
    for unit, size, upto in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172800)):
        if seconds < upto:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"
