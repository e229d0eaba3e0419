"""What the trainer and the editor ask of a base model: transformer, picture codec, text encoder, schedule, positions."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cat_dataset.images import Rgb, resize_area
from train.requests import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """Everything the transformer sees beside the noisy picture and the reference.

    tokens [B, m + T, D], the m numeric ones first; pooled [B, P] or None; present [B, m + T] bool, false on padding, None
    where nothing is padded; numeric is m; modulation [B, 2 W] shifts the text stream's (`train.adapter.modulation`), W being
    the transformer's inner width, or None.
    """

    tokens: Tensor
    pooled: Tensor | None
    present: Tensor | None
    numeric: int
    modulation: Tensor | None = None


class Base(ABC):
    """A flow-matching editor: x_t = (1 - t) x_0 + t noise, velocity = noise - x_0, t in (0, 1]."""

    name: str
    cell: int
    """Pixels on a side of one picture token."""
    size: int
    """Side in pixels of the square pictures it trains on."""
    keeps_detail: bool = False
    """Whether it works so small that its change is better added to the full picture than shown by itself."""
    learns_all: bool = False
    """Whether all its weights are trained, and saved with the adapter; else LoRA's alone."""
    lora_targets: Sequence[str] = ()
    """Ends of the names of the linears that LoRA changes."""
    pipeline: Any = None
    """diffusers' pipeline of a base from a folder; its class saves and loads LoRA."""
    transformer: nn.Module
    words: nn.Module
    """From a request's texts [B, T, ...] to text tokens [B, T, D]: the identity where an encoder made them."""
    text_width: int
    token_rms: float = 1.0
    """Root mean square of the text tokens."""
    device: torch.device = torch.device("cpu")
    dtype: torch.dtype = torch.float32
    """Of the transformer's activations."""
    guidance: float | None = None
    """What an edit is guided with unless told: an embedded value, or the weight of classifier-free guidance; None: nothing to guide."""
    training_guidance: float | None = None
    """The embedded guidance value while training."""
    classifier_free: bool = False
    """Whether guidance is classifier-free: a second prediction without instruction."""
    noise_fold: int = 1
    """Side of the square of latents that one token holds, where the base's own pipeline draws an edit's noise before it packs latents."""
    steps: int = 28
    """Velocity evaluations of an edit unless told."""

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) of the tokens of a height × width picture."""
        return height // self.cell, width // self.cell

    def fit(self, picture: Rgb) -> Rgb:
        """The picture resized to about size² pixels, both sides multiples of a token, its aspect ratio kept as nearly as that allows."""
        height, width = picture.shape[:2]
        scale = self.size / math.sqrt(height * width)
        rows, columns = (max(1, round(side * scale / self.cell)) for side in (height, width))
        return resize_area(picture, columns * self.cell, rows * self.cell)

    @abstractmethod
    def to_latents(self, pictures: Sequence[Rgb]) -> Tensor:
        """Packed latents [B, N, C], float32 on the base's device, of uint8 RGB pictures [H, W, 3] of one size."""

    @abstractmethod
    def to_pictures(self, latents: Tensor, height: int, width: int) -> list[Rgb]:
        """Inverse of `to_latents`: uint8 RGB pictures [height, width, 3]."""

    @abstractmethod
    def encode_text(self, sentence: str) -> Text:
        """A sentence as the transformer wants it, on the CPU."""

    @abstractmethod
    def velocity(
        self,
        noisy: Tensor,
        source: Tensor,
        t: Tensor,
        condition: Condition,
        grid: tuple[int, int],
        *,
        guidance: float | None,
        mask: str = "blind",
    ) -> Tensor:
        """Predicted velocity [B, N, C], float32, at times t [B]; ``grid`` is (rows, columns) of the latents, ``mask`` of
        `train.attention.masks`."""

    @abstractmethod
    def time_shift(self, image_tokens: int, steps: int = 0) -> float:
        """The factor s by which the schedule moves times towards noise at this picture size, t → s t / (1 + (s - 1) t).

        Args:
            steps: of the edit, on which FLUX.2's factor depends; 0 means the base's own number, as in training.
        """

    def sigmas(self, steps: int, image_tokens: int) -> list[float]:
        """Editing times from 1 down to 0, ``steps`` + 1 of them: uniform from 1 to 1/steps, shifted, then 0."""
        times = torch.linspace(1.0, 1.0 / steps, steps)
        return [*shifted(times, self.time_shift(image_tokens, steps)).tolist(), 0.0]

    def about(self) -> dict[str, Any]:
        """What adapter.json says of the base beside its name."""
        return {}


def shifted(t: Tensor, factor: float) -> Tensor:
    """Times moved towards noise (factor above 1), as FLUX's schedules do: s t / (1 + (s - 1) t)."""
    return factor * t / (1 + (factor - 1) * t)
