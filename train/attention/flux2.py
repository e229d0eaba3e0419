"""Attention processors for FLUX.2's blocks. Double blocks take FLUX.1's; single blocks fuse attention and feed-forward layer."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.embeddings import apply_rotary_emb
from diffusers.models.transformers.transformer_flux2 import Flux2Attention, Flux2ParallelSelfAttention
from torch import Tensor, nn

from train.attention.flux import NumericFluxAttention
from train.attention.two_calls import attend


class NumericFlux2Attention:
    """For FLUX.2's single blocks; takes ``numeric`` and ``keys`` from ``joint_attention_kwargs``."""

    _attention_backend = None
    _parallel_config = None

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Tensor | None = None,
        numeric: int = 0,
        keys: Tensor | None = None,
    ) -> Tensor:
        """Stream [B, S, D] in and out, text first; arguments as of `NumericFluxAttention`."""
        widths = [3 * attn.inner_dim, attn.mlp_hidden_dim * attn.mlp_mult_factor]
        projected, feed_forward = attn.to_qkv_mlp_proj(hidden_states).split(widths, dim=-1)
        query, key, value = (part.unflatten(-1, (-1, attn.head_dim)) for part in projected.chunk(3, dim=-1))
        query, key = attn.norm_q(query), attn.norm_k(key)
        if image_rotary_emb is not None:
            query, key = (apply_rotary_emb(part, image_rotary_emb, sequence_dim=1) for part in (query, key))
        out = attend(query, key, value, numeric=numeric, keys=keys, dense=attention_mask, backend=self._attention_backend)
        result: Tensor = attn.to_out(torch.cat([out.flatten(2, 3).to(query.dtype), attn.mlp_act_fn(feed_forward)], dim=-1))
        return result


def install_flux2(transformer: nn.Module) -> None:
    """Put the processors into every attention of a FLUX.2 transformer."""
    for module in transformer.modules():
        if isinstance(module, Flux2Attention):
            module.set_processor(NumericFluxAttention())
        elif isinstance(module, Flux2ParallelSelfAttention):
            module.set_processor(NumericFlux2Attention())
