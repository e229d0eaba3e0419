"""``kontext``: FLUX.1 Kontext.

FLUX.1 gives text tokens the position (0, 0, 0), so the order of numeric tokens in front of them means nothing and no change
to the diffusers transformer is needed. Every sub-instruction is encoded on its own, so the order of several edits cannot
matter either.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from train.attention.flux import install_flux
from train.bases.flux import ATTENTION, position_ids
from train.bases.frozen import TEXT_TOKENS, FrozenBase
from train.bases.interface import Condition
from train.requests import Text


class KontextBase(FrozenBase):
    """See the module and `FrozenBase`."""

    name = "kontext"
    guidance: float | None = 2.5
    training_guidance: float | None = 1.0
    noise_fold = 2

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self._embeds_guidance:
            self.guidance = self.training_guidance = None

    @classmethod
    def targets(cls, single_blocks: int) -> tuple[str, ...]:
        """The same names in double and single blocks."""
        return ATTENTION

    @torch.no_grad()
    def encode_text(self, sentence: str) -> Text:
        """T5 tokens [TEXT_TOKENS, D] and the pooled CLIP vector."""
        tokens, pooled, _ = self.pipeline.encode_prompt(sentence, None, device=self.device, max_sequence_length=TEXT_TOKENS)
        return Text(tokens=tokens[0].cpu(), pooled=pooled[0].cpu())

    def _install(self, transformer: nn.Module) -> None:
        install_flux(transformer)

    def _pack(self, latents: Tensor) -> Tensor:
        config = self.pipeline.vae.config
        packed: Tensor = self.pipeline._pack_latents((latents - config.shift_factor) * config.scaling_factor, *latents.shape)
        return packed

    def _unpack(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        config = self.pipeline.vae.config
        height, width = (side * self.cell for side in grid)
        latents: Tensor = self.pipeline._unpack_latents(tokens, height, width, self.folder.vae_scale)
        latents = latents / config.scaling_factor + config.shift_factor
        return latents

    def _positions(self, grid: tuple[int, int], condition: Condition) -> tuple[Tensor, Tensor]:
        device = condition.tokens.device
        return position_ids(grid, device), torch.zeros(condition.tokens.shape[1], 3, device=device)

    def _mu(self, image_tokens: int, steps: int) -> float:
        """From 0.5 at 256 to 1.15 at 4096 image tokens, in FLUX.1's own scheduler."""
        from diffusers.pipelines.flux.pipeline_flux_kontext import calculate_shift

        names = ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift")
        config = self.pipeline.scheduler.config
        return float(calculate_shift(image_tokens, *(config[name] for name in names)))

    def _pooled(self, condition: Condition) -> dict[str, Tensor]:
        return {} if condition.pooled is None else {"pooled_projections": condition.pooled.to(self.dtype)}
