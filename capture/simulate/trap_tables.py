"""What a trap is: a named fault that is done to frames, with a strength, and the truth about it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from capture.simulate.press import Press

ALL, MIDDLE, LAST, LATTER = "all frames", "the middle frame", "the last frame", "the middle frame and all after it"


@dataclass(frozen=True)
class Trap:
    """``spoil`` gives the spoilt press and what was done as JSON values; ``frames`` are spoilt where none are listed.

    ``strength`` holds the default(s), ``limits`` (lowest, highest) of each, ``meaning`` says what the numbers are.
    """

    name: str
    spoil: Callable[[Press, Order, Sequence[Press]], tuple[Press, dict[str, Any]]]
    meaning: str
    strength: tuple[float, ...] = ()
    limits: tuple[tuple[float, float], ...] = ()
    frames: str = MIDDLE


@dataclass(frozen=True)
class Order:
    """A trap that was asked for; ``frames`` count from 0, None means the trap's own."""

    trap: Trap
    strength: tuple[float, ...]
    frames: tuple[int, ...] | None = None

    def chance(self, press: Press) -> np.random.Generator:
        """Random numbers of this trap in this frame of this scene."""
        text = f"{self.trap.name}|{press.shoot.name}|{press.index}"
        return np.random.Generator(np.random.Philox(key=[press.shoot.seed, number(text)]))


def number(text: str) -> int:
    """A stable 40-bit number of a text."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:5], "big")


def position(press: Press, presses: Sequence[Press]) -> float:
    """Where a frame stands in its folder, 0 (first) to 1 (last)."""
    return press.index / max(len(presses) - 1, 1)
