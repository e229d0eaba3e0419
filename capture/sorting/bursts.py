"""Bursts: shots that follow each other faster than the photographer's hand does between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from capture.reading.shot import Shot
from capture.sorting.sequence import in_sequence

BURST_S = 2.0
BURST_RATIO = 4.0


def bursts(shots: Sequence[Shot]) -> list[list[Shot]]:
    """``shots`` cut at every pause over 2 s that is over four times the median pause."""
    ordered = in_sequence(shots)
    known = [pause for pause in ordered.pauses if pause is not None]
    limit = max(BURST_S, BURST_RATIO * float(np.median(known))) if known else BURST_S
    parts: list[list[Shot]] = [[]]
    for index, shot in enumerate(ordered.shots):
        if index and (pause := ordered.pauses[index - 1]) is not None and pause > limit:
            parts.append([])
        parts[-1].append(shot)
    return parts
