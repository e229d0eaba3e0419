"""``nano``: a small FLUX-shaped base that trains on a CPU in minutes, so that everything runs on a laptop.

It works on pixels instead of VAE latents and learns to read sentences by itself. The picture is predicted as
``x̂0 = source + f(·)`` with f's last layer zero at the start, which gives nano the prior that Kontext has from
pretraining: where nothing is to be edited, return the source.

Three more differences from FLUX.1 Kontext make it learn in minutes (docs/nano.md). Reference and noisy picture are one
token per patch, side by side, not two. Sentences and numeric tokens are also added up into the pooled vector, which
modulates every block. And f is a residual plus a colour curve: quadratic in the source's colours, its coefficients
given per patch and interpolated between patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from diffusers import FluxTransformer2DModel
from torch import Tensor, nn
from torch.nn import functional

from cat_dataset.errors import UsageError
from cat_dataset.images import Rgb
from train.attention.flux import install_flux
from train.bases.flux import attention_arguments, position_ids
from train.bases.interface import Base, Condition
from train.bases.words import Words, token_ids
from train.requests import Text

_TEXT_WIDTH = 64
_GAIN = 0.2
"""Scale of f: with 1, Adam's first steps throw the pictures further from the source than the edit is."""
_LARGEST = 1024
_SMALLEST_T = 0.02
"""Below this time the velocity (x_t - x̂0)/t would only amplify rounding."""
_TERMS = 10
"""Of a quadratic in three colours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NanoShape:
    """nano's size; saved with the adapter.

    Raises:
        UsageError: no such shape can be.
    """

    size: int = 64
    patch: int = 8
    heads: int = 2
    double: int = 1
    single: int = 3
    residual: bool = True
    """Whether x̂0 = source + f; else the transformer predicts the velocity itself, as FLUX's does."""

    def __post_init__(self) -> None:
        if not (0 < self.patch <= self.size <= _LARGEST and self.size % self.patch == 0):
            raise UsageError(f"nano's size must be a multiple of {self.patch} from {self.patch} to {_LARGEST}, not {self.size}")
        if not all(0 < count <= 64 for count in (self.heads, self.double, self.single)):
            raise UsageError(f"nano has 1 to 64 heads and blocks, not {self.heads}, {self.double} and {self.single}")


class NanoBase(Base):
    """See the module. Parameters are float32; about 1.7 million at the default size."""

    name = "nano"
    keeps_detail = True
    learns_all = True
    text_width = _TEXT_WIDTH
    steps = 8

    def __init__(self, shape: NanoShape = NanoShape(), *, seed: int = 0) -> None:
        self.shape, self.size, self.cell = shape, shape.size, shape.patch
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.transformer = FluxTransformer2DModel(
                patch_size=1,
                in_channels=3 * shape.patch**2,
                num_layers=shape.double,
                num_single_layers=shape.single,
                attention_head_dim=64,
                num_attention_heads=shape.heads,
                joint_attention_dim=_TEXT_WIDTH,
                pooled_projection_dim=_TEXT_WIDTH,
                guidance_embeds=False,
                axes_dims_rope=(8, 28, 28),
            )
            # Reference and noisy picture come side by side; what comes out is the residual, then the curve.
            inner, channels = 64 * shape.heads, 3 * shape.patch**2
            self.transformer.x_embedder = nn.Linear(2 * channels, inner)
            self.transformer.proj_out = nn.Linear(inner, channels + (3 * _TERMS if shape.residual else 0))
            self.words = Words(_TEXT_WIDTH)
        install_flux(self.transformer)
        if shape.residual:
            for parameter in self.transformer.proj_out.parameters():
                nn.init.zeros_(parameter)

    def to_latents(self, pictures: Sequence[Rgb]) -> Tensor:
        """[B, rows * columns, 3 patch²] in [-1, 1]."""
        return _patches(torch.from_numpy(np.stack(pictures)).float() / 127.5 - 1.0, self.cell).to(self.device)

    def to_pictures(self, latents: Tensor, height: int, width: int) -> list[Rgb]:
        """Inverse of `to_latents`; values outside the range are clipped."""
        x = _pixels(latents, self.grid(height, width), self.cell)
        return list(((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy())

    def encode_text(self, sentence: str) -> Text:
        """Ids of words; nano's ``words`` make one token of them."""
        return Text(tokens=token_ids(sentence))

    def velocity(
        self,
        noisy: Tensor,
        source: Tensor,
        t: Tensor,
        condition: Condition,
        grid: tuple[int, int],
        *,
        guidance: float | None,
        mask: str = "blind",
    ) -> Tensor:
        """(x_t - x̂0) / t with x̂0 = source + f. The pooled vector is the sum of all tokens, numeric ones and sentences."""
        tokens = condition.tokens
        told = tokens if condition.present is None else tokens * condition.present[..., None].to(tokens.dtype)
        output = self.transformer(
            hidden_states=torch.cat([noisy, source], dim=2),
            encoder_hidden_states=tokens,
            pooled_projections=told.sum(1),
            timestep=t,
            img_ids=position_ids(grid, noisy.device)[: noisy.shape[1]],
            txt_ids=torch.zeros(tokens.shape[1], 3, device=noisy.device),
            joint_attention_kwargs=attention_arguments(condition, noisy.shape[1], mask),
            return_dict=False,
        )[0]
        if not self.shape.residual:
            return output  # type: ignore[no-any-return]
        residual, coefficients = output.split([noisy.shape[2], 3 * _TERMS], dim=2)
        clean = source + _GAIN * (residual + _curve(source, coefficients, grid, self.cell))
        velocity: Tensor = (noisy - clean) / t.clamp_min(_SMALLEST_T)[:, None, None]
        return velocity

    def time_shift(self, image_tokens: int, steps: int = 0) -> float:
        """None: nano's editing times are uniform."""
        return 1.0

    def about(self) -> dict[str, object]:
        """Its shape."""
        return {"shape": asdict(self.shape)}


def _patches(pixels: Tensor, side: int) -> Tensor:
    """[B, rows * columns, 3 side²] of pixels [B, H, W, 3]."""
    b, h, w, _ = pixels.shape
    return pixels.view(b, h // side, side, w // side, side, 3).permute(0, 1, 3, 2, 4, 5).reshape(b, -1, 3 * side**2)


def _pixels(patches: Tensor, grid: tuple[int, int], side: int) -> Tensor:
    """Inverse of `_patches`."""
    rows, columns = grid
    return patches.view(-1, rows, columns, side, side, 3).permute(0, 1, 3, 2, 4, 5).reshape(-1, rows * side, columns * side, 3)


def _curve(source: Tensor, coefficients: Tensor, grid: tuple[int, int], side: int) -> Tensor:
    """A quadratic in the source's colours, [B, N, 3 side²].

    Args:
        coefficients: [B, N, 3 * _TERMS], those of each patch's centre; in between they are interpolated bilinearly.
    """
    rows, columns = grid
    size = (rows * side, columns * side)
    maps = coefficients.transpose(1, 2).reshape(len(coefficients), -1, rows, columns)
    wide: Tensor = functional.interpolate(maps, size=size, mode="bilinear", align_corners=False).view(-1, 3, _TERMS, *size)
    r, g, b = _pixels(source, grid, side).unbind(-1)
    terms = torch.stack([r, g, b, r * r, g * g, b * b, r * g, g * b, b * r, torch.ones_like(r)], dim=1)
    return _patches((wide * terms[:, None]).sum(2).permute(0, 2, 3, 1), side)
