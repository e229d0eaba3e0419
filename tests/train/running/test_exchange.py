from __future__ import annotations

import math
import signal

import pytest
import torch

from train.running.distributed import Team
from train.running.exchange import exchange


@pytest.mark.parametrize("sent", [0, signal.SIGTERM, signal.SIGINT])
def test_what_is_told_is_heard(sent: int) -> None:
    told = exchange(Team(cpu=True), torch.tensor([1.0, 3.0]), torch.tensor(0.5), heard=sent, due=True, failed=False)
    assert (told.losses, told.loss, told.norm, told.signal, told.due, told.failed) == ([1.0, 3.0], 2.0, 0.5, sent, True, [])
    assert told.finite


@pytest.mark.parametrize(("loss", "norm"), [(math.nan, 1.0), (math.inf, 1.0), (1.0, math.nan), (1.0, math.inf)])
def test_what_is_not_finite_is_seen(loss: float, norm: float) -> None:
    told = exchange(Team(cpu=True), torch.tensor([0.0, loss]), torch.tensor(norm), heard=0, due=False, failed=True)
    assert not told.finite
    assert told.failed == [0]
