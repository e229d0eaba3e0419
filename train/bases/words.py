"""nano's reading of a sentence: words and single characters of numbers, learned from nothing."""

from __future__ import annotations

import re
from zlib import crc32

import torch
from torch import Tensor, nn

TEXT_PLACES = 24
"""Tokens of a sentence; longer ones are cut off."""
_NUMBER_SIGNS = "0123456789.+-"
_VOCABULARY = 512
_FIRST_WORD = 1 + len(_NUMBER_SIGNS)


def token_ids(sentence: str) -> Tensor:
    """[TEXT_PLACES] long: words by hash, each sign of a number by itself, 0 behind the end."""
    pieces = re.findall(r"[0-9.+-]|[^\W\d_]+|[^\w\s]", sentence.lower())[:TEXT_PLACES]
    ids = [_id(piece) for piece in pieces]
    return torch.tensor(ids + [0] * (TEXT_PLACES - len(ids)))


def _id(piece: str) -> int:
    if piece in _NUMBER_SIGNS:
        return 1 + _NUMBER_SIGNS.index(piece)
    return _FIRST_WORD + crc32(piece.encode()) % (_VOCABULARY - _FIRST_WORD)


class Words(nn.Module):
    """Ids [B, k * TEXT_PLACES] of k sentences each to tokens [B, k * TEXT_PLACES, width]: word plus place in its sentence."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.word = nn.Embedding(_VOCABULARY, width)
        self.place = nn.Embedding(TEXT_PLACES, width)

    def forward(self, ids: Tensor) -> Tensor:
        """See the class."""
        places = torch.arange(ids.shape[1], device=ids.device) % TEXT_PLACES
        tokens: Tensor = self.word(ids) + self.place(places)
        return tokens
