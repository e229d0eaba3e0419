"""``nano``: a small FLUX-shaped base that trains on a CPU in minutes, so that everything runs on a laptop.

It works on pixels instead of VAE latents and learns to read sentences by itself. The picture is predicted as
``x̂0 = source + f(·)`` with f's last layer zero at the start, which gives nano the prior that Kontext has from
pretraining: where nothing is to be edited, return the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from diffusers import FluxTransformer2DModel
from torch import Tensor

from cat_dataset.errors import UsageError
from cat_dataset.images import Rgb
from train.attention.flux import install_flux
from train.bases.flux import attention_arguments, position_ids
from train.bases.interface import Base, Condition
from train.bases.words import Words, token_ids
from train.requests import Text

_TEXT_WIDTH = 64
_GAIN = 0.2
"""Scale of f: with 1, Adam's first steps throw the pictures further from the source than the edit is."""
_LARGEST = 1024
_SMALLEST_T = 0.02
"""Below this time the velocity (x_t - x̂0)/t would only amplify rounding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NanoShape:
    """nano's size; saved with the adapter.

    Raises:
        UsageError: no such shape can be.
    """

    size: int = 64
    patch: int = 8
    heads: int = 2
    double: int = 1
    single: int = 3
    residual: bool = True
    """Whether x̂0 = source + f; else the transformer predicts the velocity itself."""

    def __post_init__(self) -> None:
        if not (0 < self.patch <= self.size <= _LARGEST and self.size % self.patch == 0):
            raise UsageError(f"nano's size must be a multiple of {self.patch} from {self.patch} to {_LARGEST}, not {self.size}")
        if not all(0 < count <= 64 for count in (self.heads, self.double, self.single)):
            raise UsageError(f"nano has 1 to 64 heads and blocks, not {self.heads}, {self.double} and {self.single}")


class NanoBase(Base):
    """See the module. Parameters are float32; about 1.7 million at the default size."""

    name = "nano"
    keeps_detail = True
    learns_all = True
    text_width = _TEXT_WIDTH
    steps = 8

    def __init__(self, shape: NanoShape = NanoShape(), *, seed: int = 0) -> None:
        self.shape, self.size, self.cell = shape, shape.size, shape.patch
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.transformer = FluxTransformer2DModel(
                patch_size=1,
                in_channels=3 * shape.patch**2,
                num_layers=shape.double,
                num_single_layers=shape.single,
                attention_head_dim=64,
                num_attention_heads=shape.heads,
                joint_attention_dim=_TEXT_WIDTH,
                pooled_projection_dim=_TEXT_WIDTH,
                guidance_embeds=False,
                axes_dims_rope=(8, 28, 28),
            )
            self.words = Words(_TEXT_WIDTH)
        install_flux(self.transformer)
        if shape.residual:
            for parameter in self.transformer.proj_out.parameters():  # type: ignore[union-attr]
                torch.nn.init.zeros_(parameter)

    def to_latents(self, pictures: Sequence[Rgb]) -> Tensor:
        """[B, rows * columns, 3 patch²] in [-1, 1]."""
        x = torch.from_numpy(np.stack(pictures)).float() / 127.5 - 1.0
        b, h, w, _ = x.shape
        p = self.cell
        x = x.view(b, h // p, p, w // p, p, 3).permute(0, 1, 3, 2, 4, 5).reshape(b, -1, 3 * p * p)
        return x.to(self.device)

    def to_pictures(self, latents: Tensor, height: int, width: int) -> list[Rgb]:
        """Inverse of `to_latents`; values outside the range are clipped."""
        p = self.cell
        x = latents.view(len(latents), height // p, width // p, p, p, 3).permute(0, 1, 3, 2, 4, 5).reshape(-1, height, width, 3)
        return list(((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy())

    def encode_text(self, sentence: str) -> Text:
        """Ids of words; nano's ``words`` make tokens of them."""
        return Text(tokens=token_ids(sentence))

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
        """(x_t - x̂0) / t with x̂0 = source + f. The pooled vector is the mean of the words."""
        words = condition.tokens[:, condition.numeric :]
        if condition.present is None:
            pooled = words.mean(1)
        else:
            there = condition.present[:, condition.numeric :, None].to(words.dtype)
            pooled = (words * there).sum(1) / there.sum(1)
        output = self.transformer(
            hidden_states=torch.cat([noisy, source], dim=1),
            encoder_hidden_states=condition.tokens,
            pooled_projections=pooled,
            timestep=t,
            img_ids=position_ids(grid, noisy.device),
            txt_ids=torch.zeros(condition.tokens.shape[1], 3, device=noisy.device),
            joint_attention_kwargs=attention_arguments(condition, 2 * noisy.shape[1], mask),
            return_dict=False,
        )[0][:, : noisy.shape[1]]
        if not self.shape.residual:
            return output  # type: ignore[no-any-return]
        clean = source + _GAIN * output
        velocity: Tensor = (noisy - clean) / t.clamp_min(_SMALLEST_T)[:, None, None]
        return velocity

    def time_shift(self, image_tokens: int, steps: int = 0) -> float:
        """None: nano's editing times are uniform."""
        return 1.0

    def about(self) -> dict[str, object]:
        """Its shape."""
        return {"shape": asdict(self.shape)}
