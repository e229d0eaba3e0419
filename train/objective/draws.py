"""Random numbers of a pair: functions of (seed, pair number, use), so that no use shifts or repeats another's.

Neither the number of processes nor an interruption changes them, and an option that is switched on leaves all other draws
as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import torch
from torch import Tensor


class Use(IntEnum):
    """What numbers are drawn for. Streams 0 (the pairs themselves) and 0xC409 (crops) belong to cat_dataset."""

    NOISE = 0x7A01
    """Time and noise of the flow."""
    TEXT = 0x7A02
    """Whether a pair's sentence is dropped."""
    SOURCE = 0x7A03
    """Noise on the source."""
    SECOND = 0x7A04
    """Time and noise of the second edit (a → b → c)."""
    STEP = 0x7A05
    """Whether a step has second edits; its number counts steps, not pairs."""


def draws(seed: int, number: int, use: Use) -> np.random.Generator:
    """Numbers of pair (or step) ``number``: Philox, keyed by all three."""
    return np.random.Generator(np.random.Philox(key=np.array([seed ^ (use << 32), number], np.uint64)))


def uniform(seed: int, numbers: Sequence[int], use: Use) -> list[float]:
    """One number in [0, 1) each."""
    return [float(draws(seed, number, use).random()) for number in numbers]


def normals(seed: int, numbers: Sequence[int], use: Use, shape: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Per pair one normal number [B], float64, and normal noise [B, *shape], float32."""
    single, noise = [], []
    for number in numbers:
        generator = draws(seed, number, use)
        single.append(generator.standard_normal())
        noise.append(generator.standard_normal(tuple(shape), dtype=np.float32))
    return torch.tensor(single, dtype=torch.float64), torch.from_numpy(np.stack(noise))
