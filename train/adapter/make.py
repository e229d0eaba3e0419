"""The adapter that some options name."""

from __future__ import annotations

import torch

from train.adapter.interface import Adapter
from train.adapter.kontinuous import PAPER_WIDTHS, KontinuousAdapter
from train.adapter.numeric import NumericAdapter
from train.adapter.options import AdapterOptions
from train.adapter.plain import PlainAdapter
from train.bases.interface import Base


def make_adapter(options: AdapterOptions, base: Base, seed: int) -> Adapter:
    """A fresh adapter for ``base``; its weights are a function of ``seed``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if options.conditioning == "numeric":
            return NumericAdapter(options, width=base.text_width, token_rms=base.token_rms)
        if options.conditioning == "plain":
            return PlainAdapter()
        pooled = getattr(base.transformer.config, "pooled_projection_dim", None) or base.text_width
        widths = PAPER_WIDTHS if options.conditioning == "kontinuous-paper" else None
        inner: int = base.transformer.inner_dim  # type: ignore[assignment]
        return KontinuousAdapter(pooled=pooled, inner=inner, widths=widths)
