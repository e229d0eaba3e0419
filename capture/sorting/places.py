"""Which groups show the same place: their series share scene keys, so that no split tears them apart."""

from __future__ import annotations

from collections.abc import Sequence

from capture.reading.shot import Shot
from capture.sorting.same_view import Views

MOST_COMPARED = 16
"""A group is compared with the places of so many groups before it; beyond, it counts as a new place."""


def places_of(groups: Sequence[Sequence[Shot]], views: Views) -> list[int]:
    """The number of the place of each group, counted from 0.

    A scene named in the file decides. Otherwise groups of one folder show one place unless their pictures, compared, differ.
    """
    if len(groups) < 2:
        return [0] * len(groups)
    views.foresee([group[0] for group in groups if not _named(group)])
    heads: list[Sequence[Shot]] = []
    numbers = []
    for group in groups:
        recent = range(len(heads) - 1, max(-1, len(heads) - 1 - MOST_COMPARED), -1)
        if _named(group):
            recent = range(len(heads) - 1, -1, -1)
        number = next((index for index in recent if _same_place(heads[index], group, views)), len(heads))
        if number == len(heads):
            heads.append(group)
        numbers.append(number)
    return numbers


def _same_place(one: Sequence[Shot], other: Sequence[Shot], views: Views) -> bool:
    if _named(one) or _named(other):
        return _named(one) == _named(other)
    return views.same(other[0], [one[0]]) is not False


def _named(group: Sequence[Shot]) -> str | None:
    return group[0].scene.get("scene")
