"""Instructions and velocities for the trainer's tests."""

from __future__ import annotations

import torch

from train.model import EditModel
from train.requests import Instruction, collate


def ask(*parts: tuple[str, int, float]) -> Instruction:
    """An instruction of (sentence, task id, number) parts."""
    return Instruction(tasks=tuple(p[1] for p in parts), numbers=tuple(p[2] for p in parts), parts=tuple(p[0] for p in parts))


ISO, TURN = ("Increase the ISO", 1, 0.4), ("Rotate the car about the vertical axis", 10, 0.2)


def velocity(model: EditModel, *instructions: Instruction, side: int = 4) -> torch.Tensor:
    """The velocity [B, N, C] of random latents of side × side tokens at t = 0.5, the same for every instruction."""
    channels = model.transformer.config.in_channels
    source = torch.randn(1, side**2, channels, generator=torch.Generator().manual_seed(0)).expand(len(instructions), -1, -1)
    noisy = torch.randn(1, side**2, channels, generator=torch.Generator().manual_seed(1)).expand(len(instructions), -1, -1)
    request = collate(instructions, model.base.encode_text)
    times = torch.full((len(instructions),), 0.5)
    result: torch.Tensor = model(noisy, source, times, request, (side, side), model.base.training_guidance)
    return result
