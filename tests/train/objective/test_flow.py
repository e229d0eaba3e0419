from __future__ import annotations

import math

import pytest
import torch
from scipy import stats

from cat_dataset.errors import UsageError
from train.bases.nano import NanoBase, NanoShape
from train.objective.draws import Use, draws, normals, uniform
from train.objective.flow import add_noise, losses, times
from train.objective.options import ObjectiveOptions
from train.objective.step import training_guidance

COUNT, TOKENS = 4000, 1024


class Shifts(NanoBase):
    """nano with a large base's schedule at 1024 tokens and frozen weights, as far as times and weights of losses ask."""

    learns_all = False
    training_guidance = 1.0

    def time_shift(self, image_tokens: int, steps: int = 0) -> float:
        return math.exp(0.63)


@pytest.fixture(scope="module")
def nano() -> NanoBase:
    return NanoBase(NanoShape(size=16))


@pytest.fixture(scope="module")
def frozen() -> Shifts:
    return Shifts(NanoShape(size=16))


def drawn(options: ObjectiveOptions, base: NanoBase) -> torch.Tensor:
    return times(options, base, normals(5, range(COUNT), Use.NOISE, (1,))[0], TOKENS)


def logit(t: torch.Tensor) -> torch.Tensor:
    return torch.logit(t.double())


@pytest.mark.parametrize(
    ("options", "mean", "std"),
    [
        (ObjectiveOptions(density="logit-normal"), 0.0, 1.0),
        (ObjectiveOptions(density="logit-normal", density_mean=-0.7, density_std=1.6), -0.7, 1.6),
        (ObjectiveOptions(density="shifted"), 0.63, 1.0),
        (ObjectiveOptions(density="shifted", density_mean=0.2, density_std=0.5), 0.83, 0.5),
        (ObjectiveOptions(), 0.63, 1.0),
    ],
)
def test_the_logit_of_times_is_normal(frozen: Shifts, options: ObjectiveOptions, mean: float, std: float) -> None:
    """A shift by exp(μ) moves the logit by μ."""
    assert stats.kstest(logit(drawn(options, frozen)).numpy(), "norm", args=(mean, std)).pvalue > 0.01


def test_uniform_times_and_nanos_own(frozen: Shifts, nano: NanoBase) -> None:
    assert stats.kstest(drawn(ObjectiveOptions(density="uniform"), frozen).numpy(), "uniform").pvalue > 0.01
    assert stats.kstest(logit(drawn(ObjectiveOptions(), nano)).numpy(), "norm", args=(0.3, 1)).pvalue > 0.01


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_999_times_give_999_noisy_pictures(dtype: torch.dtype) -> None:
    t = torch.arange(1, 1000) / 1000
    noisy = add_noise(torch.full((999, 1, 1), 2.0, dtype=dtype), t, torch.full((999, 1, 1), -1.0, dtype=dtype))
    assert (noisy.x.dtype, noisy.t.dtype, noisy.velocity.dtype) == (torch.float32,) * 3
    assert len(noisy.x.unique()) == len(noisy.t.unique()) == 999
    assert torch.allclose(noisy.x.flatten(), 2 - 3 * t, atol=1e-6)
    assert torch.allclose(noisy.clean(noisy.velocity), torch.tensor(2.0), atol=1e-5)


def test_losses_are_of_the_velocity_or_of_the_picture(nano: NanoBase, frozen: Shifts) -> None:
    target, noise, wrong = (torch.randn(3, 4, 8, generator=torch.Generator().manual_seed(i)) for i in range(3))
    noisy = add_noise(target, torch.tensor([0.2, 0.5, 0.9]), noise)
    predicted = noisy.velocity + wrong
    assert torch.allclose(losses(ObjectiveOptions(), frozen, predicted, noisy), wrong.square().mean((1, 2)), atol=1e-5)
    picture = (noisy.clean(predicted) - target).square().mean((1, 2))
    assert torch.allclose(losses(ObjectiveOptions(), nano, predicted, noisy), picture, atol=1e-5)


def test_draws_depend_on_seed_pair_and_use_alone() -> None:
    one, noise = normals(1, [7, 8], Use.NOISE, (2, 3))
    again, same = normals(1, [8], Use.NOISE, (2, 3))
    assert one[1] == again[0] and torch.equal(noise[1], same[0])
    values = [float(draws(seed, pair, use).random()) for seed in (0, 1) for pair in range(50) for use in Use]
    assert len(set(values)) == len(values)
    assert stats.kstest(uniform(3, range(2000), Use.TEXT), "uniform").pvalue > 0.01


def test_guidance_is_the_options_or_the_bases(nano: NanoBase, frozen: Shifts) -> None:
    assert training_guidance(ObjectiveOptions(), frozen) == 1.0
    assert training_guidance(ObjectiveOptions(training_guidance=3.5), frozen) == 3.5
    assert training_guidance(ObjectiveOptions(), nano) is None
    with pytest.raises(UsageError, match="means nothing to nano"):
        training_guidance(ObjectiveOptions(training_guidance=3.5), nano)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("density", "beta"),
        ("density_std", 0.0),
        ("text_dropout", 1.0),
        ("source_noise", -1.0),
        ("consistency_share", 0.0),
        ("weighting", "x"),
    ],
)
def test_impossible_options_are_named(field: str, value: object) -> None:
    with pytest.raises(UsageError, match=field):
        ObjectiveOptions(**{field: value})  # type: ignore[arg-type]
