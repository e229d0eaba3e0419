import torch

from cat_dataset.attributes import TASKS
from train.adapter.projector import NumericProjector


def test_one_token_per_number_at_the_asked_rms() -> None:
    projector = NumericProjector(64, token_rms=0.37)
    tokens = projector(torch.linspace(-1, 1, 10).view(2, 5), torch.full((2, 5), 4))
    assert tokens.shape == (2, 5, 64)
    assert torch.allclose(tokens.pow(2).mean(-1).sqrt(), torch.tensor(0.37), rtol=1e-3)


def test_every_task_gives_the_same_number_another_token() -> None:
    torch.manual_seed(0)
    tokens = NumericProjector(64)(torch.full((1, len(TASKS)), 0.5), torch.tensor([list(TASKS)]))[0]
    distance = torch.cdist(tokens, tokens) + torch.eye(len(tokens)) * 1e3
    assert distance.min() > 0.05


def test_both_signs_differ_and_zero_is_smooth() -> None:
    torch.manual_seed(0)
    tokens = NumericProjector(64)(torch.tensor([[-0.5, -0.01, 0.0, 0.01, 0.5]]), torch.full((1, 5), 10))[0]
    assert (tokens[0] - tokens[4]).norm() > 5 * (tokens[1] - tokens[3]).norm()
