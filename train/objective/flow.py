"""Flow matching (NumeriKontrol, Eq. 4): the noisy pictures of a step, and the loss of the predicted velocity.

x_t and t are float32 whatever the base computes in: in bfloat16 only half of 1000 times would differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from train.bases.interface import Base, shifted
from train.objective.options import ObjectiveOptions

_NANO_MEAN = 0.3
"""nano's times lean towards noise, where its residual form has most to learn."""
_EDGE = 1e-5
"""Times keep this far from 0 and 1: at 0 there is nothing to predict."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Noisy:
    """x_t [B, N, C] = (1 - t) x_0 + t noise at times t [B], and the velocity noise - x_0 that leads there; all float32."""

    x: Tensor
    t: Tensor
    velocity: Tensor

    def clean(self, predicted: Tensor) -> Tensor:
        """The clean pictures x̂0 = x_t - t v̂ that ``predicted`` velocities [B, N, C] lead to in one step."""
        return self.x - self.t[:, None, None] * predicted


def add_noise(target: Tensor, t: Tensor, noise: Tensor) -> Noisy:
    """x_t of the pictures ``target`` [B, N, C], of any floating type."""
    target, t, noise = target.float(), t.float(), noise.float()
    wide = t[:, None, None]
    return Noisy(x=(1 - wide) * target + wide * noise, t=t, velocity=noise - target)


def times(options: ObjectiveOptions, base: Base, normal: Tensor, image_tokens: int) -> Tensor:
    """Training times in (0, 1), float32, from normal draws [B]; ``image_tokens`` are those of the target alone."""
    density, mean = options.density, options.density_mean
    if density == "auto":
        density, mean = ("logit-normal", mean + _NANO_MEAN) if base.learns_all else ("shifted", mean)
    normal = normal.double()
    if density == "uniform":
        drawn: Tensor = torch.special.ndtr(normal)
    else:
        drawn = torch.sigmoid(mean + options.density_std * normal)
        if density == "shifted":
            drawn = shifted(drawn, base.time_shift(image_tokens))
    return drawn.clamp(_EDGE, 1 - _EDGE).float()


def losses(options: ObjectiveOptions, base: Base, predicted: Tensor, noisy: Noisy) -> Tensor:
    """[B]: every pair's mean squared error."""
    error = predicted.float() - noisy.velocity
    weighting = options.weighting if options.weighting != "auto" else "picture" if base.learns_all else "velocity"
    if weighting == "picture":
        # The factor t turns the velocity's error into the clean picture's: (v - v̂) t = x̂0 - x0.
        error = error * noisy.t[:, None, None]
    return error.square().mean(dim=(1, 2))
