"""Shapes of published bases, so that a plan can be made before their weights are here."""

from __future__ import annotations

from typing import Any

KONTEXT_TRANSFORMER: dict[str, Any] = {
    "patch_size": 1, "in_channels": 64, "num_layers": 19, "num_single_layers": 38, "attention_head_dim": 128, "num_attention_heads": 24,
    "joint_attention_dim": 4096, "pooled_projection_dim": 768, "guidance_embeds": True, "axes_dims_rope": (16, 56, 56),
}  # fmt: skip
"""FLUX.1-Kontext-dev's transformer/config.json: 11.9 billion parameters."""
KONTEXT_VAE_SCALE = 8
"""Pixels per latent of its VAE."""
