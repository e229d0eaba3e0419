"""Edit requests: as words and numbers, and as the tensors of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

UNKNOWN = float("nan")
"""The absolute source value of an attribute that nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """What the model is told: per edit its task id, its encoded change, its sentence, and the encoded value in the source.

    ``sources`` are on the attribute's scale (`Attribute.place`), `UNKNOWN` where nobody knows.
    """

    tasks: tuple[int, ...]
    numbers: tuple[float, ...]
    parts: tuple[str, ...]
    sources: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A sentence as a base reads it.

    tokens [T, D] (or ids [T] for a base that learns its own words); pooled [P], None for a base without one.
    """

    tokens: Tensor
    pooled: Tensor | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A batch of instructions. Places beyond an instruction's own edits or words are padding.

    tasks [B, m] long; numbers, sources [B, m] float32; edits [B] long; texts [B, T, D] (or ids [B, T]); words [B] long, of
    the T places; pooled [B, P] (the mean over the parts) or None.
    """

    tasks: Tensor
    numbers: Tensor
    sources: Tensor
    edits: Tensor
    texts: Tensor
    words: Tensor
    pooled: Tensor | None
    padded: bool
    """Whether some instruction has fewer edits or words than there are places."""

    def to(self, device: torch.device) -> Request:
        """The same on ``device``."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        moved: dict[str, Any] = {k: v.to(device, non_blocking=True) for k, v in values.items() if isinstance(v, Tensor)}
        return replace(self, **moved)

    def __len__(self) -> int:
        return len(self.tasks)


def collate(instructions: Sequence[Instruction], encode: Callable[[str], Text]) -> Request:
    """The batch of some instructions; ``encode`` gives the text of each sub-instruction, encoded on its own."""
    most = max(len(item.tasks) for item in instructions)
    parts = [[encode(part) for part in item.parts] for item in instructions]
    texts = [torch.cat([text.tokens for text in own]) for own in parts]
    longest = max(len(text) for text in texts)
    pooled = [torch.stack([text.pooled for text in own if text.pooled is not None]).mean(0) for own in parts if own[0].pooled is not None]
    return Request(
        tasks=torch.tensor([_padded(item.tasks, most, 0) for item in instructions], dtype=torch.long),
        numbers=torch.tensor([_padded(item.numbers, most, 0.0) for item in instructions], dtype=torch.float32),
        sources=torch.tensor(
            [_padded(item.sources or (UNKNOWN,) * len(item.tasks), most, UNKNOWN) for item in instructions], dtype=torch.float32
        ),
        edits=torch.tensor([len(item.tasks) for item in instructions]),
        texts=torch.stack([torch.cat([text, text.new_zeros(longest - len(text), *text.shape[1:])]) for text in texts]),
        words=torch.tensor([len(text) for text in texts]),
        pooled=torch.stack(pooled) if pooled else None,
        padded=any(len(i.tasks) < most or len(t) < longest for i, t in zip(instructions, texts, strict=True)),
    )


def _padded(values: Sequence[float], length: int, filling: float) -> list[float]:
    return [*values, *[filling] * (length - len(values))]
