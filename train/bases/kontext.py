"""``kontext``: FLUX.1 Kontext from a diffusers folder.

FLUX.1 gives text tokens the position (0, 0, 0), so the order of numeric tokens in front of them means nothing and no change
to the diffusers transformer is needed. Every sub-instruction is encoded on its own, so the order of several edits cannot
matter either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cat_dataset.images import Rgb
from train.attention.flux import install_flux
from train.bases.flux import attention_arguments, flux_shift, position_ids
from train.bases.folder import BaseFolder
from train.bases.interface import Base, Condition
from train.requests import Text

TEXT_TOKENS = 128
"""T5 tokens per sub-instruction; ours are short, and 512 costs a sixth of the step."""


class KontextBase(Base):
    """See the module. Its weights are frozen.

    Args:
        encoders: whether VAE and text encoders are loaded; training from caches needs neither.
    """

    name = "kontext"
    text_width: int
    guidance: float | None = 2.5
    training_guidance: float | None = 1.0
    lora_targets = (
        "attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0",
        "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj", "attn.to_add_out",
    )  # fmt: skip
    """Attention projections of double and single blocks, text stream included: the numeric token lives there."""

    def __init__(self, folder: BaseFolder, *, size: int = 512, encoders: bool = True) -> None:
        self.folder, self.size = folder, size
        pipeline = folder.load(encoders=encoders)
        self.device, self.dtype = folder.device, pipeline.transformer.dtype
        self.pipeline: Any = pipeline
        self.transformer, self.words = pipeline.transformer, nn.Identity()
        install_flux(self.transformer)
        config = pipeline.transformer.config
        self.text_width = config.joint_attention_dim
        self.cell = 2 * folder.vae_scale
        if not config.guidance_embeds:
            self.guidance = self.training_guidance = None
        if encoders:
            self.token_rms = float(self.encode_text("Increase the exposure by 1 EV").tokens.float().pow(2).mean().sqrt())

    @torch.no_grad()
    def to_latents(self, pictures: Sequence[Rgb]) -> Tensor:
        """Packed, scaled VAE latents (the posterior's mode)."""
        vae = self.pipeline.vae
        x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).to(self.device, vae.dtype) / 127.5 - 1.0
        latents = (vae.encode(x).latent_dist.mode() - vae.config.shift_factor) * vae.config.scaling_factor
        b, c, h, w = latents.shape
        packed: Tensor = self.pipeline._pack_latents(latents, b, c, h, w)
        return packed.float()

    @torch.no_grad()
    def to_pictures(self, latents: Tensor, height: int, width: int) -> list[Rgb]:
        """Inverse of `to_latents`."""
        vae = self.pipeline.vae
        x = self.pipeline._unpack_latents(latents.to(vae.dtype), height, width, self.pipeline.vae_scale_factor)
        pictures = vae.decode(x / vae.config.scaling_factor + vae.config.shift_factor, return_dict=False)[0].float()
        return list(((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy())

    @torch.no_grad()
    def encode_text(self, sentence: str) -> Text:
        """T5 tokens [TEXT_TOKENS, D] and the pooled CLIP vector."""
        tokens, pooled, _ = self.pipeline.encode_prompt(sentence, None, device=self.device, max_sequence_length=TEXT_TOKENS)
        return Text(tokens=tokens[0].cpu(), pooled=pooled[0].cpu())

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
        """The transformer's prediction."""
        output: Tensor = self.transformer(
            hidden_states=torch.cat([noisy, source], dim=1).to(self.dtype),
            encoder_hidden_states=condition.tokens.to(self.dtype),
            pooled_projections=None if condition.pooled is None else condition.pooled.to(self.dtype),
            timestep=t,
            guidance=None if guidance is None else torch.full((len(t),), guidance, device=t.device),
            img_ids=position_ids(grid, noisy.device),
            txt_ids=torch.zeros(condition.tokens.shape[1], 3, device=noisy.device),
            joint_attention_kwargs=attention_arguments(condition, 2 * noisy.shape[1], mask),
            return_dict=False,
        )[0]
        return output[:, : noisy.shape[1]].float()

    def time_shift(self, image_tokens: int) -> float:
        """exp(μ), as at inference: 1.88 at 1024 tokens."""
        return flux_shift(image_tokens)

    def about(self) -> dict[str, Any]:
        """The folder it came from."""
        return {"folder": str(self.folder.source)}
