"""Flow matching (NumeriKontrol, Eq. 4): the noisy pictures of a step, and the loss of the predicted velocity.

Noise and time of a pair are functions of (seed, pair number), so neither the number of processes nor an interruption
changes them. x_t and t are float32: in bfloat16 only half of 1000 times would differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from train.bases.interface import Base, shifted
from train.objective.options import ObjectiveOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class Noisy:
    """x_t [B, N, C] = (1 - t) x_0 + t noise at times t [B], and the velocity noise - x_0 that leads there."""

    x: Tensor
    t: Tensor
    velocity: Tensor


def add_noise(target: Tensor, t: Tensor, noise: Tensor) -> Noisy:
    """x_t of the pictures ``target`` [B, N, C]."""
    wide = t[:, None, None]
    return Noisy(x=(1 - wide) * target + wide * noise, t=t, velocity=noise - target)


def draw_noise(seed: int, pairs: Sequence[int], shape: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Per pair: noise [B, *shape] and one more normal draw [B] for its time; functions of (seed, pair)."""
    noise, normal = [], []
    for pair in pairs:
        generator = torch.Generator().manual_seed(mix(seed, pair))
        normal.append(torch.randn((), generator=generator))
        noise.append(torch.randn(tuple(shape), generator=generator))
    return torch.stack(noise), torch.stack(normal)


def times(options: ObjectiveOptions, base: Base, normal: Tensor, image_tokens: int) -> Tensor:
    """Training times in (0, 1) from normal draws."""
    density = options.density
    if density == "auto":
        if base.learns_all:
            return torch.sigmoid(normal + 0.3)
        density = "shifted"
    if density == "uniform":
        uniform: Tensor = torch.special.ndtr(normal).clamp(1e-5, 1 - 1e-5)
        return uniform
    plain = torch.sigmoid(normal)
    return plain if density == "logit-normal" else shifted(plain, base.time_shift(image_tokens))


def losses(options: ObjectiveOptions, base: Base, predicted: Tensor, noisy: Noisy) -> Tensor:
    """[B]: every pair's mean squared error."""
    error = predicted - noisy.velocity
    weighting = options.weighting if options.weighting != "auto" else "picture" if base.learns_all else "velocity"
    if weighting == "picture":
        # The factor t turns the velocity's error into the clean picture's: (v - v̂) t = x̂0 - x0.
        error = error * noisy.t[:, None, None]
    return error.square().mean(dim=(1, 2))


def mix(seed: int, number: int) -> int:
    """A 63-bit seed of two numbers: SplitMix64's finaliser."""
    z = (seed * 0x9E3779B97F4A7C15 + number + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    z = (z ^ z >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
    return (z ^ z >> 31) >> 1
