"""Texts of sentences, encoded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from train.requests import Text

_KEPT = 512
"""Sentences: about 0.5 GB of T5's tokens in bfloat16."""


class TextMemory:
    """``encode``, with the most recently used sentences kept."""

    def __init__(self, encode: Callable[[str], Text]) -> None:
        self._encode = encode
        self._texts: OrderedDict[str, Text] = OrderedDict()

    def __call__(self, sentence: str) -> Text:
        """The text of one sentence."""
        if sentence in self._texts:
            self._texts.move_to_end(sentence)
        else:
            self._texts[sentence] = self._encode(sentence)
            if len(self._texts) > _KEPT:
                self._texts.popitem(last=False)
        return self._texts[sentence]
