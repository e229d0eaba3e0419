"""Editing: integrate the learned velocity from noise to a picture, given the source and the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch

from cat_dataset.images import Rgb
from train.base import Base, Instruction

DEFAULT_STEPS = 8
"""Velocity evaluations of an edit unless told."""
_CHUNK = 16


@torch.no_grad()
def edit_pictures(base: Base, sources: Sequence[Rgb], instructions: Sequence[Instruction], *, steps: int, seed: int = 0) -> list[Rgb]:
    """Edited pictures, uint8 [H, W, 3] each, by ``steps`` Euler steps (flow matching, t from 1 to 0).

    Args:
        sources: uint8 RGB pictures of one size that the base can edit (`Base.fit`).
        instructions: one per source.
        steps: number of velocity evaluations.
        seed: of the starting noise, the same for every picture, so that only source and numbers tell edits apart.
    """
    height, width = sources[0].shape[:2]
    results: list[Rgb] = []
    for module in base.modules().values():
        module.eval()
    for start in range(0, len(sources), _CHUNK):
        source = base.to_latents(sources[start : start + _CHUNK])
        noise = torch.randn(source.shape[1:], generator=torch.Generator().manual_seed(seed))
        x = noise.to(source).expand_as(source)
        condition = base.condition(instructions[start : start + _CHUNK], 2 * source.shape[1])
        times = base.sigmas(steps, source.shape[1])
        for now, after in pairwise(times):
            t = torch.full((len(source),), now, device=source.device)
            x = x + (after - now) * base.velocity(x, source, t, condition, base.grid(height, width))
        results += base.to_pictures(x, height, width)
    return results
