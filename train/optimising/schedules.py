"""The learning rate over the steps."""

from __future__ import annotations

import math

from train.optimising.options import OptimisingOptions


def rate(options: OptimisingOptions, step: int, max_steps: int) -> float:
    """The learning rate of ``step`` (the last is ``max_steps`` - 1): linear warm-up, then the schedule from the peak down."""
    peak = options.learning_rate
    if step < options.warmup:
        return peak * (step + 1) / options.warmup
    share = min(1.0, (step - options.warmup) / max(1, max_steps - 1 - options.warmup))
    fall = {"constant": 0.0, "linear": share, "cosine": 0.5 * (1 - math.cos(math.pi * share))}[options.schedule]
    return peak * (1 - (1 - options.last_rate) * fall)
