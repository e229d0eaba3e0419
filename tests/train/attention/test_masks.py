import torch

from train.attention.masks import dense_mask


def test_numbers_are_blind_to_each_other_and_to_nothing_else() -> None:
    mask = dense_mask("blind", 3, torch.ones(1, 9, dtype=torch.bool))
    blind = {(q, k) for q in range(3) for k in range(3) if q != k}
    for q in range(9):
        for k in range(9):
            assert bool(mask[0, 0, q, k]) == ((q, k) not in blind)


def test_padding_is_seen_by_nobody_but_itself() -> None:
    keys = torch.tensor([[True, False, True, False, True, True], [True] * 6])
    mask = dense_mask("blind", 2, keys)
    for place in (1, 3):
        assert mask[0, 0][:, place].sum() == 1
        assert mask[0, 0][place, place]
    assert torch.equal(mask[1, 0].sum(0), torch.tensor([5, 5, 6, 6, 6, 6]))


def test_eq6_cuts_numbers_off_and_easycontrol_only_blinds_them() -> None:
    keys = torch.ones(1, 5, dtype=torch.bool)
    own = torch.eye(2, dtype=torch.bool)
    literal, easy = dense_mask("eq6", 2, keys)[0, 0], dense_mask("easycontrol", 2, keys)[0, 0]
    assert torch.equal(literal[:2, :2], own) and not literal[:2, 2:].any() and not literal[2:, :2].any() and literal[2:, 2:].all()
    assert torch.equal(easy[:2, :2], own) and not easy[:2, 2:].any() and easy[2:].all()
