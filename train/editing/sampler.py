"""Editing: integrate the learned velocity from noise to a picture, given the source and the numbers.

Euler steps of the probability flow, t from 1 to 0, as diffusers' ``FlowMatchEulerDiscreteScheduler`` takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from threading import Event

import torch
from torch import Tensor
from torch.nn import functional

from cat_dataset.errors import RunFailed, Stopped, UsageError
from cat_dataset.images import Rgb
from train.bases.interface import Base
from train.data.texts import TextMemory
from train.model import EditModel
from train.requests import Instruction, Text, collate

BATCH = 16
"""Pictures that go through the model together unless told."""

Cancel = Callable[[], bool] | Event
Tell = Callable[[int, int], None]


def edit_pictures(
    model: EditModel,
    sources: Sequence[Rgb],
    instructions: Sequence[Instruction],
    *,
    steps: int = 0,
    seed: int = 0,
    guidance: float | None = None,
    encode: Callable[[str], Text] | None = None,
    progress: Tell | None = None,
    cancel: Cancel | None = None,
    batch: int = BATCH,
) -> list[Rgb]:
    """Edited pictures, uint8 [H, W, 3] each.

    Args:
        sources: uint8 RGB pictures of one size that the base can edit (`Base.fit`); one that stands there several times
            is encoded once.
        instructions: one per source.

    The others are those of `edit_latents`.
    """
    height, width = sources[0].shape[:2]
    different = {id(source): source for source in sources}
    places = {key: place for place, key in enumerate(different)}
    distinct = list(different.values())
    encoded = torch.cat([model.base.to_latents(distinct[at : at + batch]) for at in range(0, len(distinct), batch)])
    edited = edit_latents(
        model, encoded[[places[id(source)] for source in sources]], instructions, model.base.grid(height, width), steps=steps,
        seed=seed, guidance=guidance, encode=encode, progress=progress, cancel=cancel, batch=batch,
    )  # fmt: skip
    parts = (edited[at : at + batch] for at in range(0, len(edited), batch))
    return [picture for part in parts for picture in model.base.to_pictures(part, height, width)]


@torch.no_grad()
def edit_latents(
    model: EditModel,
    sources: Tensor,
    instructions: Sequence[Instruction],
    grid: tuple[int, int],
    *,
    steps: int = 0,
    seed: int = 0,
    guidance: float | None = None,
    encode: Callable[[str], Text] | None = None,
    progress: Tell | None = None,
    cancel: Cancel | None = None,
    batch: int = BATCH,
) -> Tensor:
    """Edited latents [B, N, C], float32, of the source latents [B, N, C]; ``grid`` is (rows, columns) of N.

    Args:
        instructions: one per source.
        steps: velocity evaluations; 0 is the base's own number.
        seed: of the starting noise, the same for every picture, so that only source and numbers tell edits apart.
        guidance: None is the base's own. Of classifier-free bases w in v(∅) + w (v(instruction) - v(∅)), where ∅ is the empty
            sentence without a number; 1 spares the second evaluation.
        encode: from sentences to texts; None is the base's encoder.
        progress: called with (evaluations done, all of them) after each; it may raise to cancel.
        cancel: an event, or a function that says whether to stop; looked at before each evaluation.
        batch: pictures at a time.

    Raises:
        Stopped: ``cancel`` said so.
        UsageError: guidance for a base that has none.
        RunFailed: the result is not finite.
    """
    base = model.base
    if guidance is not None and base.guidance is None:
        raise UsageError(f"base {base.name} has no guidance to set; leave it out")
    weight = base.guidance if guidance is None else guidance
    asks = cancel.is_set if isinstance(cancel, Event) else cancel
    encode, steps = TextMemory(encode or base.encode_text), steps or base.steps
    noise = starting_noise(base, grid, sources.shape[2], seed)
    was_training, starts, results = model.training, range(0, len(sources), batch), []
    model.eval()
    try:
        for number, start in enumerate(starts):
            source = sources[start : start + batch]
            request = collate(instructions[start : start + batch], encode).to(base.device)
            nothing = None
            if base.classifier_free and weight not in (None, 1.0):
                nothing = collate([Instruction(tasks=(), numbers=(), parts=("",))] * len(source), encode).to(base.device)
            x = noise.to(source).expand_as(source)
            for step, (now, after) in enumerate(pairwise(base.sigmas(steps, source.shape[1]))):
                if asks is not None and asks():
                    raise Stopped("the edit was cancelled; nothing was written")
                t = torch.full((len(source),), now, device=source.device)
                velocity = model(x, source, t, request, grid, None if base.classifier_free else weight)
                if nothing is not None:
                    free = model(x, source, t, nothing, grid, None)
                    velocity = free + weight * (velocity - free)
                x = x + (after - now) * velocity
                if progress:
                    progress(number * steps + step + 1, len(starts) * steps)
            if not x.isfinite().all():
                raise RunFailed("the model gives numbers that are not finite; check the weights of its base, or choose smaller changes")
            results.append(x)
    finally:
        model.train(was_training)
    return torch.cat(results)


def starting_noise(base: Base, grid: tuple[int, int], channels: int, seed: int) -> Tensor:
    """[N, channels] float32: the numbers that the base's own diffusers pipeline draws for one picture from a CPU generator."""
    rows, columns = grid
    fold = base.noise_fold
    shape = (1, channels // fold**2, rows * fold, columns * fold)
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return functional.pixel_unshuffle(drawn, fold)[0].flatten(1).T
