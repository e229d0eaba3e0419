"""FLUX.1 Kontext in miniature: the real classes with random weights, saved in diffusers format."""

from __future__ import annotations

from pathlib import Path

from train.bench.random_folder import Sizes, write_folder
from train.planning.known import KONTEXT_TRANSFORMER

TINY = Sizes(
    transformer={
        **KONTEXT_TRANSFORMER, "in_channels": 16, "num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16,
        "num_attention_heads": 2, "joint_attention_dim": 32, "pooled_projection_dim": 16, "axes_dims_rope": (4, 6, 6),
    },
    vae=(4, 4),
    norm_groups=2,
)  # fmt: skip


def save_tiny_kontext(folder: Path) -> Path:
    """Write the pipeline into ``folder / "kontext"`` and return that."""
    return write_folder(folder / "kontext", TINY)
