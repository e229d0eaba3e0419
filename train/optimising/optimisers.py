"""The optimiser that some options name."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from train.optimising.options import OptimisingOptions


def make_optimiser(options: OptimisingOptions, parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
    """A fresh optimiser; its rate is set before every step."""
    return torch.optim.AdamW(parameters, lr=options.learning_rate, betas=(0.9, 0.95), weight_decay=options.weight_decay)
