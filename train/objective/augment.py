"""What a model is made robust against: missing sentences, and sources that are not quite clean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from train.objective.draws import Use, draws, uniform
from train.requests import Instruction


def drop_text(instructions: Sequence[Instruction], seed: int, pairs: Sequence[int], share: float) -> list[Instruction]:
    """The instructions, a ``share`` of them with one empty sentence; tasks and numbers stay."""
    if not share:
        return list(instructions)
    drawn = uniform(seed, pairs, Use.TEXT)
    return [replace(one, parts=("",)) if draw < share else one for one, draw in zip(instructions, drawn, strict=True)]


def noise_source(source: Tensor, seed: int, pairs: Sequence[int], most: float) -> Tensor:
    """``source`` [B, N, C] with normal noise, its standard deviation uniform from 0 to ``most`` for each pair."""
    if not most:
        return source
    noisy = []
    for own, pair in zip(source, pairs, strict=True):
        generator = draws(seed, pair, Use.SOURCE)
        amount = most * float(generator.random())
        noise = torch.from_numpy(generator.standard_normal(tuple(own.shape), dtype="float32"))
        noisy.append(own + amount * noise.to(own))
    return torch.stack(noisy)
