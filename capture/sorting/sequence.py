"""The order in which shots were taken, and where the photographer paused.

The clock orders them. Where it is missing or runs against the file numbers (set back, wrong in one file), the numbers do:
cameras count upwards and start again after 9999.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capture.reading.shot import Shot
from capture.sorting.settings import SHUTTER, some

PAUSE_S = 20.0
PAUSE_RATIO = 8.0
LONG_PAUSE_S = 1800.0
"""A pause is long when it is over 20 s and over eight times the median pause, or over 30 minutes."""
FALLING_SHARE = 0.34
"""Where more of the steps in time go down in number, the numbers are no counter (files named by value, two cameras)."""


@dataclass(frozen=True)
class InSequence:
    """Shots in order, the seconds between each and the next (None where the clock does not tell), and lines for the user."""

    shots: tuple[Shot, ...]
    pauses: tuple[float | None, ...]
    notes: tuple[str, ...] = ()

    @property
    def cuts(self) -> list[int]:
        """Indices of shots before which there is a long pause."""
        known = [pause for pause in self.pauses if pause is not None]
        rhythm = float(np.median(known)) if known else 0.0
        return [index + 1 for index, pause in enumerate(self.pauses) if pause is not None and is_long(pause, rhythm)]


def is_long(pause: float, rhythm: float) -> bool:
    """Whether a pause in seconds is long against the median pause ``rhythm``."""
    return pause > LONG_PAUSE_S or pause > max(PAUSE_S, PAUSE_RATIO * rhythm)


def in_sequence(shots: Sequence[Shot]) -> InSequence:
    """``shots`` in the order in which they were taken."""
    by_time = sorted(shots, key=lambda shot: (shot.order[0], natural(shot.path.name)))
    broken = _against_the_clock(by_time)
    if broken is None:
        return InSequence(tuple(by_time), tuple(_pauses(by_time)))
    by_number = _by_number(shots)
    return InSequence(tuple(by_number), tuple(_pauses(by_number)), (broken,))


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """A key that sorts names by the numbers in them: IMG_9 before IMG_10."""
    parts = re.findall(r"([^0-9]*)([0-9]{0,18})", name.lower())
    return tuple((text, int(number or -1)) for text, number in parts)


def number_of(shot: Shot) -> tuple[str, int, int] | None:
    """The file number at the end of a name: what stands before it, the number, and how many digits it has."""
    found = re.fullmatch(r"(.*?)([0-9]{1,9})", shot.path.stem.lower(), re.DOTALL)
    return (found[1], int(found[2]), len(found[2])) if found else None


def _pauses(shots: Sequence[Shot]) -> list[float | None]:
    """Seconds from the end of each exposure to the start of the next; None when unknown or backwards.

    A long pause beside a step backwards is a clock that was wrong for a while, and not believed either.
    """
    pauses: list[float | None] = []
    backwards = set()
    for index, (one, other) in enumerate(itertools.pairwise(shots)):
        between = None if one.seconds is None or other.seconds is None else other.seconds - one.seconds
        if between is not None and between < 0:
            backwards.add(index)
            between = None
        pauses.append(None if between is None else max(0.0, between - (SHUTTER.read(one) or 0.0)))
    doubted = {near for index in backwards for near in (index - 1, index + 1)}
    return [None if index in doubted and pause is not None and pause > PAUSE_S else pause for index, pause in enumerate(pauses)]


def _against_the_clock(by_time: Sequence[Shot]) -> str | None:
    """What is wrong with the clock, in words; None where it can be followed."""
    timeless = [shot for shot in by_time if shot.seconds is None]
    if timeless:
        if len(timeless) == len(by_time):
            return "no picture says when it was taken; the order is that of the file names"
        few = some([shot.path.name for shot in timeless], 3)
        return f"{len(timeless)} of {len(by_time)} pictures do not say when they were taken ({few}); the order is that of the file names"
    pairs = [(one, other, number_of(one), number_of(other)) for one, other in itertools.pairwise(by_time) if one.seconds != other.seconds]
    counted = [(one, other, a, b) for one, other, a, b in pairs if a is not None and b is not None and a[0] == b[0]]
    falling = [(one, other) for one, other, a, b in counted if b[1] < a[1] and not _starts_again(a, b)]
    if not falling or len(falling) > FALLING_SHARE * len(counted):
        return None
    one, other = falling[0]
    return (
        f"the clock runs against the file numbers ({one.path.name} is dated before {other.path.name}); "
        "the order is that of the file numbers"
    )


def _starts_again(a: tuple[str, int, int], b: tuple[str, int, int]) -> bool:
    """Whether a camera's counter went from 9999 (or 99999 …) to the start."""
    return a[2] == b[2] >= 4 and a[1] - b[1] > 10 ** a[2] // 2


def _by_number(shots: Sequence[Shot]) -> list[Shot]:
    """By name, and where the numbers of one counter span its end, from behind the widest hole on."""
    ordered = sorted(shots, key=lambda shot: natural(shot.path.name))
    numbers = [number_of(shot) for shot in ordered]
    first, last = numbers[0], numbers[-1]
    if (
        first is None
        or last is None
        or any(n is None or n[0] != first[0] or n[2] != first[2] for n in numbers)
        or not _starts_again(last, first)
    ):
        return ordered
    values = np.array([n[1] for n in numbers if n is not None])
    hole = int(np.argmax(np.diff(values))) + 1
    return [*ordered[hole:], *ordered[:hole]] if np.diff(values).max() > 10 ** first[2] // 2 else ordered
