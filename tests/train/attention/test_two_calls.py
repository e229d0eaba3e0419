import pytest
import torch

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
