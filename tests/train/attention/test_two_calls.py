import pytest
import torch
from diffusers.models.attention_dispatch import attention_backend

from train.attention.masks import dense_mask
from train.attention.two_calls import attend


@pytest.mark.parametrize("numeric", [0, 1, 2, 3])
@pytest.mark.parametrize("padded", [False, True])
def test_two_calls_equal_one_dense_mask(numeric: int, padded: bool) -> None:
    query, key, value = torch.randn(3, 2, 12, 2, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    keys = torch.ones(2, 12, dtype=torch.bool)
    if padded:
        keys[0, 1] = keys[1, 5] = False
    expected = attend(query, key, value, dense=dense_mask("blind", numeric, keys))
    found = attend(query, key, value, numeric=numeric, keys=keys if padded else None)
    assert torch.allclose(found[keys], expected[keys], atol=1e-12)


@pytest.mark.parametrize("padded", [False, True])
def test_a_flash_backend_loses_no_mask(padded: bool) -> None:
    """`_native_flash` takes no mask; its kernel runs on a CPU too."""
    query, key, value = torch.randn(3, 1, 12, 2, 8, generator=torch.Generator().manual_seed(0))
    keys = torch.ones(1, 12, dtype=torch.bool)
    keys[0, 5] = not padded
    expected = attend(query, key, value, dense=dense_mask("blind", 3, keys))
    with attention_backend("_native_flash"):
        found = attend(query, key, value, numeric=3, keys=keys if padded else None)
    assert torch.allclose(found[keys], expected[keys], atol=1e-6)
