"""What the training loop and the editor ask of a base model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from cat_dataset.images import Rgb


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One edit request for the model: the sentence, and per sub-edit its task id, its encoded number and its sentence."""

    text: str
    tasks: tuple[int, ...]
    numbers: tuple[float, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """Everything the transformer sees beside the noisy picture.

    tokens [B, m + T, D] numeric tokens first; pooled [B, P]; mask [B, 1, S, S] or None.
    """

    tokens: Tensor
    pooled: Tensor
    mask: Tensor | None


class Base(Protocol):
    """A flow-matching editor: x_t = (1 - t) x_0 + t noise, velocity = noise - x_0, t in (0, 1]."""

    name: str
    size: int
    """Side in pixels of the square pictures it trains on."""
    keeps_detail: bool
    """Whether it works so small that its change is better added to the full picture than shown by itself."""

    def modules(self) -> dict[str, nn.Module]:
        """The modules with trainable parameters, by the names they have in a checkpoint."""
        ...

    def to_latents(self, pictures: Sequence[Rgb]) -> Tensor:
        """Packed latents [B, N, C] of uint8 RGB pictures [H, W, 3] of one size."""
        ...

    def to_pictures(self, latents: Tensor, height: int, width: int) -> list[Rgb]:
        """Inverse of `to_latents`: uint8 RGB pictures [height, width, 3]."""
        ...

    def fit(self, picture: Rgb) -> Rgb:
        """The picture resized to a size the base can edit, aspect ratio kept as nearly as its grid allows."""
        ...

    def condition(self, instructions: Sequence[Instruction], image_tokens: int) -> Condition:
        """Numeric and text tokens for a batch; ``image_tokens`` counts picture plus reference."""
        ...

    def velocity(self, noisy: Tensor, source: Tensor, t: Tensor, condition: Condition, grid: tuple[int, int]) -> Tensor:
        """Predicted velocity [B, N, C] at time t [B]; ``grid`` is (rows, columns) of the latents."""
        ...

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) of the packed latents of a height × width picture."""
        ...

    def timesteps(self, normal: Tensor, image_tokens: int) -> Tensor:
        """Training times in (0, 1) from normal draws: the density that matches the base's inference schedule."""
        ...

    def sigmas(self, steps: int, image_tokens: int) -> list[float]:
        """Inference times from 1 down to 0, ``steps`` + 1 of them."""
        ...

    def save(self, folder: Path) -> None:
        """Write the adapter's files into an existing empty folder (safetensors and JSON only)."""
        ...
