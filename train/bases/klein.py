"""``klein``: FLUX.2 [klein], the undistilled base model (and its distilled sister, which needs no guidance).

FLUX.2 counts text tokens: (0, 0, 0, index). Here every sub-instruction counts from 0, and all numeric tokens share the
place behind the last word, so that neither edits nor numbers have an order. There is no pooled vector and no embedded
guidance: an edit is guided by a second prediction without instruction.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from train.attention.flux2 import install_flux2
from train.bases.flux import ATTENTION, position_ids
from train.bases.frozen import TEXT_TOKENS, FrozenBase
from train.bases.interface import Condition
from train.requests import Text

_REFERENCE = 10
"""First coordinate of the reference picture's tokens."""


class KleinBase(FrozenBase):
    """See the module and `FrozenBase`."""

    name = "klein"
    guidance: float | None = 4.0
    classifier_free = True
    steps = 50

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.pipeline.config.is_distilled:
            self.guidance, self.classifier_free, self.steps = None, False, 4

    @classmethod
    def targets(cls, single_blocks: int) -> tuple[str, ...]:
        """Single blocks fuse attention and feed-forward layer. The plain end "attn.to_out" would mean the double blocks' too."""
        fused = (f"single_transformer_blocks.{i}.attn.to_out" for i in range(single_blocks))
        return *ATTENTION, "attn.to_qkv_mlp_proj", *fused

    @torch.no_grad()
    def encode_text(self, sentence: str) -> Text:
        """Tokens [TEXT_TOKENS, 3 W]: Qwen3's hidden states after a quarter, a half and three quarters of its layers
        (9, 18 and 27 of 36), side by side."""
        layers = self.pipeline.text_encoder.config.num_hidden_layers
        tokens, _ = self.pipeline.encode_prompt(
            sentence,
            device=self.device,
            max_sequence_length=TEXT_TOKENS,
            text_encoder_out_layers=tuple(quarter * layers // 4 for quarter in (1, 2, 3)),
        )
        return Text(tokens=tokens[0].cpu())

    def _install(self, transformer: nn.Module) -> None:
        install_flux2(transformer)

    def _pack(self, latents: Tensor) -> Tensor:
        mean, std = self._statistics()
        packed: Tensor = self.pipeline._pack_latents((self.pipeline._patchify_latents(latents) - mean) / std)
        return packed

    def _unpack(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        mean, std = self._statistics()
        wide = tokens.transpose(1, 2).reshape(len(tokens), -1, *grid)
        latents: Tensor = self.pipeline._unpatchify_latents(wide * std + mean)
        return latents

    def _statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation [1, C, 1, 1] of patched latents, kept in the VAE's batch norm."""
        vae = self.pipeline.vae
        mean, variance = (part.view(1, -1, 1, 1) for part in (vae.bn.running_mean, vae.bn.running_var))
        return mean.to(vae.dtype), torch.sqrt(variance + vae.config.batch_norm_eps).to(vae.dtype)

    def _positions(self, grid: tuple[int, int], condition: Condition) -> tuple[Tensor, Tensor]:
        device = condition.tokens.device
        words = torch.arange(condition.tokens.shape[1] - condition.numeric, device=device) % TEXT_TOKENS
        index = torch.cat([words.new_full((condition.numeric,), TEXT_TOKENS), words]).float()
        text = torch.nn.functional.pad(index[:, None], (3, 0))
        return position_ids(grid, device, reference=_REFERENCE, coordinates=4), text

    def _mu(self, image_tokens: int, steps: int) -> float:
        from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu

        return float(compute_empirical_mu(image_tokens, steps))
