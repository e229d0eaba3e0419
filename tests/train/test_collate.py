from __future__ import annotations

import math

import torch

from train.requests import Instruction, Text, collate

WORDS = {"": 1, "one": 2, "two": 3}


def encode(sentence: str) -> Text:
    """Tokens [n, 4] and pooled [3] that are the sentence's length throughout."""
    length = WORDS[sentence]
    return Text(tokens=torch.full((length, 4), float(length)), pooled=torch.full((3,), float(length)))


def test_places_beyond_an_instruction_are_padding() -> None:
    single = Instruction(tasks=(7,), numbers=(0.5,), parts=("one",), sources=(0.25,))
    double = Instruction(tasks=(1, 2), numbers=(0.1, -0.2), parts=("two", "one"))
    request = collate([single, double], encode)
    assert request.padded and len(request) == 2
    assert request.tasks.tolist() == [[7, 0], [1, 2]] and request.edits.tolist() == [1, 2]
    assert torch.equal(request.numbers, torch.tensor([[0.5, 0.0], [0.1, -0.2]]))
    assert request.sources[0, 0] == 0.25 and all(math.isnan(value) for value in [request.sources[0, 1], *request.sources[1]])
    assert request.words.tolist() == [2, 5]
    assert request.texts[..., 0].tolist() == [[2, 2, 0, 0, 0], [3, 3, 3, 2, 2]]
    assert request.pooled is not None and request.pooled[:, 0].tolist() == [2.0, 2.5]


def test_an_instruction_that_asks_for_nothing_has_places_of_the_right_type() -> None:
    request = collate([Instruction(tasks=(), numbers=(), parts=("",))], encode)
    assert request.tasks.shape == request.numbers.shape == (1, 0)
    assert (request.tasks.dtype, request.numbers.dtype, request.padded) == (torch.long, torch.float32, False)
