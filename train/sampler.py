"""Editing: integrate the learned velocity from noise to a picture, given the source and the numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch

from cat_dataset.images import Rgb
from train.model import EditModel
from train.requests import Instruction, Text, collate

_CHUNK = 16


@torch.no_grad()
def edit_pictures(
    model: EditModel,
    sources: Sequence[Rgb],
    instructions: Sequence[Instruction],
    *,
    steps: int = 0,
    seed: int = 0,
    guidance: float | None = None,
    encode: Callable[[str], Text] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Rgb]:
    """Edited pictures, uint8 [H, W, 3] each, by Euler steps (flow matching, t from 1 to 0).

    Args:
        sources: uint8 RGB pictures of one size that the base can edit (`Base.fit`).
        instructions: one per source.
        steps: velocity evaluations; 0 is the base's own number.
        seed: of the starting noise, the same for every picture, so that only source and numbers tell edits apart.
        guidance: None is the base's own.
        encode: from sentences to texts; None is the base's encoder.
        progress: called with (evaluations done, all of them) after each; it may raise to cancel.
    """
    base, height, width = model.base, *sources[0].shape[:2]
    encode, steps = encode or base.encode_text, steps or base.steps
    guidance = base.guidance if guidance is None else guidance
    results: list[Rgb] = []
    was_training, starts = model.training, range(0, len(sources), _CHUNK)
    model.eval()
    for number, start in enumerate(starts):
        source = base.to_latents(sources[start : start + _CHUNK])
        noise = torch.randn(source.shape[1:], generator=torch.Generator().manual_seed(seed))
        x = noise.to(source).expand_as(source)
        request = collate(instructions[start : start + _CHUNK], encode).to(base.device)
        times = base.sigmas(steps, source.shape[1])
        for step, (now, after) in enumerate(pairwise(times)):
            t = torch.full((len(source),), now, device=source.device)
            x = x + (after - now) * model(x, source, t, request, base.grid(height, width), guidance)
            if progress:
                progress(number * steps + step + 1, len(starts) * steps)
        results += base.to_pictures(x, height, width)
    model.train(was_training)
    return results
