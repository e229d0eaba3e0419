from __future__ import annotations

import pytest
import torch
from torch import nn

from train.optimising.average import Average


def parameter(value: float, dtype: torch.dtype = torch.float32) -> dict[str, nn.Parameter]:
    return {"w": nn.Parameter(torch.full((3,), value, dtype=dtype))}


def test_the_start_is_soon_forgotten_and_then_the_decay_holds() -> None:
    own = parameter(0.0)
    average = Average(own, 0.9)
    with torch.no_grad():
        own["w"].fill_(1.0)
    kept = 1.0
    for step in range(200):
        average.update(step)
        kept *= min(0.9, (1 + step) / (10 + step))
        assert float(average.weights["w"][0]) == pytest.approx(1 - kept, abs=1e-6)


def test_without_decay_it_is_the_weights() -> None:
    own = parameter(0.0)
    average = Average(own, 0.0)
    with torch.no_grad():
        own["w"].fill_(3.0)
    average.update(1000)
    assert torch.equal(average.weights["w"], own["w"])


def test_applied_holds_the_average_and_puts_the_weights_back_after_an_error_too() -> None:
    own = parameter(1.0)
    average = Average(own, 0.9)
    average.weights["w"].fill_(5.0)
    with pytest.raises(RuntimeError), average.applied():
        assert own["w"].tolist() == [5.0] * 3
        raise RuntimeError
    assert own["w"].tolist() == [1.0] * 3


def test_16_bit_weights_are_averaged_as_their_masters() -> None:
    """Steps of a hundredth of bfloat16's spacing still count."""
    own, masters = parameter(1.0, torch.bfloat16), {"w": torch.ones(3)}
    average = Average(own, 0.5, masters)
    for step in range(40):
        masters["w"] += 1e-4
        average.update(step)
    assert average.weights["w"].dtype == torch.float32
    assert float(average.weights["w"][0]) == pytest.approx(1 + 40e-4 - 1e-4, abs=3e-5)
