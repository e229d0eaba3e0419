"""How an edit is made: what all ways of editing take beside the picture and the edits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from cat_dataset.errors import UsageError
from train.editing.sampler import Cancel, Tell

_MOST_STEPS = 1000


class How(TypedDict, total=False):
    """The keyword arguments; `Ways` has their defaults."""

    values: Mapping[str, float] | None
    prompt: str
    steps: int | None
    seed: int
    guidance: float | None
    progress: Tell | None
    cancel: Cancel | None
    output: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """Checked.

    Raises:
        UsageError: a value out of its range.
    """

    values: Mapping[str, float] | None = field(default_factory=dict)
    """Natural values of attributes in the picture, for changes that depend on them (ISO, kelvins)."""

    prompt: str = ""
    """What else to do, in free words, for bases that understand them."""

    steps: int | None = None
    """Velocity evaluations; None is the base's own number."""

    seed: int = 0
    """Of the starting noise; the same seed gives the same picture, alone or in a batch."""

    guidance: float | None = None
    """How strongly the instruction is followed; None is the base's own."""

    progress: Tell | None = None
    """Called with (evaluations done, all of them)."""

    cancel: Cancel | None = None
    """An event, or a function that says whether to stop; looked at before each evaluation."""

    output: str = "pil"
    """``pil``, or ``np`` for uint8 arrays [H, W, 3]."""

    def __post_init__(self) -> None:
        if self.steps is not None and not 1 <= self.steps <= _MOST_STEPS:
            raise UsageError(f"steps must be from 1 to {_MOST_STEPS}, not {self.steps}")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed must be from 0 to 2^63 - 1, not {self.seed}")
        if self.guidance is not None and not (math.isfinite(self.guidance) and 0 <= self.guidance <= 100):
            raise UsageError(f"guidance must be from 0 to 100, not {self.guidance}")
        if self.output not in ("pil", "np"):
            raise UsageError(f"output must be pil or np, not {self.output!r}")
