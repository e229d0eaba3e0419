"""One step's forward and backward passes, and what is said when a loss is not finite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from cat_dataset.pairs import Pair, PairIndex
from train.bases.interface import Base
from train.data.feed import Feed
from train.data.loader import Batch
from train.objective.consistency import Second
from train.objective.step import Objective
from train.running.distributed import Team

_NAMED = 8


class Stepper:
    """Gradients of a batch: this process's share of it in ``accumulate`` equal parts."""

    def __init__(self, base: Base, feed: Feed, objective: Objective, wrapped: nn.Module, team: Team, accumulate: int) -> None:
        self._base, self._feed, self._objective, self._wrapped = base, feed, objective, wrapped
        self._team, self._accumulate = team, accumulate

    def backward(self, batch: Batch) -> Tensor:
        """The loss [b] of each pair of this process; the parameters' gradients are those of the mean over all processes."""
        share = len(batch.pairs) // self._accumulate
        found = []
        for start in range(0, len(batch.pairs), share):
            last = start + share >= len(batch.pairs)
            with nullcontext() if last else self._team.no_sync(self._wrapped):
                each = self._losses(batch, slice(start, start + share))
                (each.mean() / self._accumulate).backward()  # type: ignore[no-untyped-call]
            found.append(each.detach())
        return torch.cat(found)

    def _losses(self, batch: Batch, part: slice) -> Tensor:
        source, target = self._feed.latents(batch, part)
        numbers = [pair.index for pair in batch.pairs[part]]
        grid = self._base.grid(self._base.size, self._base.size)
        second = None
        if batch.second is not None:
            second = Second(target=self._feed.latents(batch.second, part)[1], instructions=batch.second.instructions[part])
        wrapped: Any = self._wrapped
        return self._objective.losses(wrapped, source, target, batch.instructions[part], numbers, grid, second)


def clip(parameters: Sequence[nn.Parameter], most: float) -> Tensor:
    """Scale gradients down to a norm of at most ``most``; the norm [] that they had, over all shards."""
    norm: Any = nn.utils.clip_grad_norm_(parameters, most)
    whole: Tensor = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
    return whole


def diverged(index: PairIndex, step: int, batch: int, losses: Sequence[float]) -> str:
    """What to say of a step whose losses, or else whose gradient, are not finite.

    Args:
        batch: pairs per step.
        losses: of all pairs of the step, in order.
    """
    bad = [place for place, loss in enumerate(losses) if not math.isfinite(loss)]
    what = "the loss" if bad else "the gradient"
    pairs = [index.pair(step * batch + place) for place in bad or range(len(losses))]
    named = [_name(pair) for pair in pairs[:_NAMED]] + ([f"and {len(pairs) - _NAMED} more"] if len(pairs) > _NAMED else [])
    return (
        f"{what} is not finite at step {step} ({', '.join(named)}); the checkpoints before it are kept; "
        "start a new run with a smaller --learning-rate, or without these series"
    )


def _name(pair: Pair) -> str:
    return f"pair {pair.index} of {pair.series}"
