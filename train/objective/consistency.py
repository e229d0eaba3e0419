"""a → b → c: an edit of the model's own edit must lead where the direct way leads, so that chained edits do not drift.

The first edit's clean picture is predicted in one step and taken as it is (no gradient passes it): the second one learns to
edit what the model really makes. Steps, not pairs, are drawn, so that all processes run equally many forward passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from train.objective.draws import Use, uniform
from train.objective.options import ObjectiveOptions
from train.requests import Instruction


@dataclass(frozen=True, kw_only=True, slots=True)
class Second:
    """The second edits of a batch: latents [B, N, C] of the third frames c, and what is said of b → c."""

    target: Tensor
    instructions: Sequence[Instruction]


def is_second(options: ObjectiveOptions, seed: int, step: int) -> bool:
    """Whether a step has second edits; a function of (seed, step)."""
    return options.consistency > 0 and uniform(seed, [step], Use.STEP)[0] < options.consistency_share
