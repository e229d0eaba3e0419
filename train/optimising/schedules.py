"""The learning rate over the steps."""

from __future__ import annotations

import math

from train.optimising.options import OptimisingOptions

_LAST = 0.05


def rate(options: OptimisingOptions, step: int, max_steps: int) -> float:
    """The learning rate of ``step``: linear warm-up, then the schedule from the peak to a twentieth of it."""
    peak = options.learning_rate
    if step < options.warmup:
        return peak * (step + 1) / options.warmup
    share = min(1.0, (step - options.warmup) / max(1, max_steps - options.warmup))
    fall = {"constant": 0.0, "linear": share, "cosine": 0.5 * (1 - math.cos(math.pi * share))}[options.schedule]
    return peak * (1 - (1 - _LAST) * fall)
