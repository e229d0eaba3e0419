"""Attention processors for FLUX.1's blocks: what diffusers' own does, but for who sees whom (`train.attention.two_calls`)."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.embeddings import apply_rotary_emb
from diffusers.models.transformers.transformer_flux import FluxAttention, _get_qkv_projections
from torch import Tensor, nn

from train.attention.two_calls import attend


class NumericFluxAttention:
    """For FLUX.1's double and single blocks; takes ``numeric`` and ``keys`` from ``joint_attention_kwargs``."""

    _attention_backend = None
    _parallel_config = None

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Tensor | None = None,
        numeric: int = 0,
        keys: Tensor | None = None,
        modulation: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Streams [B, S, D] in and out, text first where there are two.

        ``keys`` [B, S] bool, false on padding; ``attention_mask`` [.., S, S] replaces both. ``modulation`` is the blocks'
        own affair (`train.adapter.modulation`) and comes along with the rest.
        """
        query, key, value, *text = _get_qkv_projections(attn, hidden_states, encoder_hidden_states)
        query, key, value = (part.unflatten(-1, (-1, attn.head_dim)) for part in (query, key, value))
        query, key = attn.norm_q(query), attn.norm_k(key)
        if attn.added_kv_proj_dim is not None:
            more_query, more_key, more_value = (part.unflatten(-1, (-1, attn.head_dim)) for part in text)
            query = torch.cat([attn.norm_added_q(more_query), query], dim=1)
            key = torch.cat([attn.norm_added_k(more_key), key], dim=1)
            value = torch.cat([more_value, value], dim=1)
        if image_rotary_emb is not None:
            query, key = (apply_rotary_emb(part, image_rotary_emb, sequence_dim=1) for part in (query, key))
        out = attend(query, key, value, numeric=numeric, keys=keys, dense=attention_mask, backend=self._attention_backend)
        out = out.flatten(2, 3).to(query.dtype)
        if encoder_hidden_states is None:
            return out
        words, out = out.split_with_sizes([encoder_hidden_states.shape[1], out.shape[1] - encoder_hidden_states.shape[1]], dim=1)
        out = attn.to_out[1](attn.to_out[0](out.contiguous()))
        return out, attn.to_add_out(words.contiguous())


def install_flux(transformer: nn.Module) -> None:
    """Put the processor into every attention of a FLUX.1 transformer."""
    for module in transformer.modules():
        if isinstance(module, FluxAttention):
            module.set_processor(NumericFluxAttention())
