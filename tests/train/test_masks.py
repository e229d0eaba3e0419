import torch

from train.masks import joint_mask


def test_one_number_each_needs_no_mask() -> None:
    assert joint_mask([1, 1], [1, 1], 8) is None


def test_numbers_are_blind_to_each_other_and_to_nothing_else() -> None:
    mask = joint_mask([3], [2], 4)
    assert mask is not None
    blind = {(q, k) for q in range(3) for k in range(3) if q != k}
    for q in range(9):
        for k in range(9):
            assert bool(mask[0, 0, q, k]) == ((q, k) not in blind)


def test_padding_is_seen_by_nobody_but_itself() -> None:
    mask = joint_mask([1, 2], [1, 2], 2)
    assert mask is not None
    first = mask[0, 0]
    for place in (1, 3):
        assert first[:, place].sum() == 1
        assert first[place, place]
    assert torch.equal(mask[1, 0].sum(0), torch.tensor([5, 5, 6, 6, 6, 6]))
