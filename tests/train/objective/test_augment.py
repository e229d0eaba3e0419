from __future__ import annotations

import pytest
import torch

from tests.train.requests import ISO, TURN, ask
from train.bases.nano import NanoBase, NanoShape
from train.objective.augment import drop_text, noise_source
from train.requests import collate

PAIRS = range(600)


def test_a_share_of_sentences_is_dropped_and_numbers_stay() -> None:
    told = [ask(ISO, TURN) for _ in PAIRS]
    shown = drop_text(told, 3, PAIRS, 0.3)
    dropped = [one.parts == ("",) for one in shown]
    assert sum(dropped) == pytest.approx(180, abs=40)
    assert all((one.tasks, one.numbers) == (told[0].tasks, told[0].numbers) for one in shown)
    assert all(one == told[0] for one, gone in zip(shown, dropped, strict=True) if not gone)
    assert drop_text(told[:1], 3, [dropped.index(True)], 0.3)[0].parts == ("",)
    assert drop_text(told, 3, PAIRS, 0.0) == told
    base = NanoBase(NanoShape(size=16))
    both = collate([shown[dropped.index(True)], shown[dropped.index(False)]], base.encode_text)
    assert both.edits.tolist() == [2, 2] and both.words[0] < both.words[1]


def test_source_noise_has_a_uniform_strength_per_pair() -> None:
    source = torch.zeros(len(PAIRS), 8, 16)
    noisy = noise_source(source, 3, PAIRS, 0.4)
    strength = noisy.flatten(1).std(1)
    assert strength.max() < 0.5 and strength.mean() == pytest.approx(0.2, abs=0.03)
    assert torch.equal(noise_source(source[5:6], 3, [5], 0.4)[0], noisy[5])
    assert noise_source(source, 3, PAIRS, 0.0) is source
