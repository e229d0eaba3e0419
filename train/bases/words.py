"""nano's reading of a sentence: words and single characters of numbers, learned from nothing."""

from __future__ import annotations

import re
from zlib import crc32

import torch
from torch import Tensor, nn

TEXT_PLACES = 24
"""Signs of a sentence, its start included; longer ones are cut off."""
_START = 1
_NUMBER_SIGNS = "0123456789.+-"
_FIRST_SIGN = 2
_FIRST_WORD = _FIRST_SIGN + len(_NUMBER_SIGNS)
_VOCABULARY = 2048


def token_ids(sentence: str) -> Tensor:
    """[1, TEXT_PLACES] long: a start, words by hash, each sign of a number by itself, 0 behind the end."""
    pieces = re.findall(r"[0-9.+-]|[^\W\d_]+|[^\w\s]", sentence.lower())
    ids = [_START, *map(_id, pieces)][:TEXT_PLACES]
    return torch.tensor([ids + [0] * (TEXT_PLACES - len(ids))])


def _id(piece: str) -> int:
    if piece in _NUMBER_SIGNS:
        return _FIRST_SIGN + _NUMBER_SIGNS.index(piece)
    return _FIRST_WORD + crc32(piece.encode()) % (_VOCABULARY - _FIRST_WORD)


class Words(nn.Module):
    """Ids [B, k, TEXT_PLACES] of k sentences each to one token per sentence, [B, k, width].

    One transformer layer reads a sentence by itself: what a digit is worth depends on the others, which a sum of words cannot tell.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.word = nn.Embedding(_VOCABULARY, width)
        self.place = nn.Embedding(TEXT_PLACES, width)
        self.layer = nn.TransformerEncoderLayer(width, nhead=2, dim_feedforward=2 * width, dropout=0.0, batch_first=True, norm_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(self, ids: Tensor) -> Tensor:
        """See the class."""
        flat = ids.flatten(0, 1)
        # The first place is never taken for empty: a sentence that only pads the batch would have nothing to attend to.
        empty = (flat == 0) & (torch.arange(TEXT_PLACES, device=ids.device) > 0)
        read = self.layer(self.word(flat) + self.place.weight, src_key_padding_mask=empty)
        there = (~empty).to(read.dtype)[..., None]
        tokens: Tensor = self.norm((read * there).sum(1) / there.sum(1))
        return tokens.view(*ids.shape[:2], -1)
