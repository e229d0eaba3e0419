"""What the processes tell each other once in a step, in one gathered row: so that all of them go on, save and stop together."""

from __future__ import annotations

import math
import signal
from dataclasses import dataclass

import torch
from torch import Tensor

from train.running.distributed import Team

_SIGNALS = (0, int(signal.SIGTERM), int(signal.SIGINT))
"""Signals by their place in a row; of two, the later one here counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What all processes know of a step.

    ``losses`` are those of all its pairs in order, ``norm`` the gradient's, ``signal`` what some process was sent (0: nothing),
    ``due`` whether the leading one wants a checkpoint, ``failed`` the processes that cannot go on.
    """

    losses: list[float]
    loss: float
    norm: float
    signal: int
    due: bool
    failed: list[int]

    @property
    def finite(self) -> bool:
        """Whether losses and gradient are."""
        return math.isfinite(self.norm) and all(map(math.isfinite, self.losses))


def exchange(team: Team, losses: Tensor, norm: Tensor, *, heard: int, due: bool, failed: bool) -> Told:
    """Tell the others this process's ``losses`` [b] and all else of `Told`, and hear theirs. The one wait for the device in a step."""
    place = _SIGNALS.index(heard) if heard in _SIGNALS else len(_SIGNALS) - 1
    flags = torch.tensor([place, due, failed], dtype=torch.float32)
    rows = team.rows(torch.cat([losses.float(), norm.float().reshape(1).to(losses.device), flags.to(losses.device)]))
    every = rows[:, :-4].flatten()
    norms, places, dues, fails = rows[:, -4:].T.tolist()
    return Told(
        losses=every.tolist(),
        loss=float(every.mean()),
        norm=max(norms, key=lambda value: math.inf if math.isnan(value) else value),
        signal=_SIGNALS[int(max(places))],
        due=any(dues),
        failed=[rank for rank, fail in enumerate(fails) if fail],
    )
