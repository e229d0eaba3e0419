"""``nano``: a small FLUX-shaped base that trains on a CPU in minutes, so that everything runs on a laptop.

It works on pixels instead of VAE latents and knows instructions only through the attribute they name: its text token is
an embedding of the task id, looked up after `cat_dataset.instructions` has read the sentence. The picture is predicted
as ``x̂0 = source + f(·)`` with f's last layer zero at the start, which gives nano the prior that Kontext has from
pretraining: where nothing is to be edited, return the source.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import FluxTransformer2DModel
from torch import Tensor, nn

from cat_dataset.attributes import TASK_LIMIT
from cat_dataset.errors import AdapterError, UsageError
from cat_dataset.files import read_json, write_json
from cat_dataset.images import Rgb, resize_area
from train.base import Condition, Instruction
from train.masks import joint_mask
from train.projector import PROJECTOR_FILE, NumericProjector
from train.tensors import load_tensors, save_tensors

TRANSFORMER_FILE = "transformer.safetensors"
CONFIG_FILE = "nano.json"
_TEXT_WIDTH = 64
_GAIN = 0.2
"""Scale of f: with 1, Adam's first steps throw the pictures further from the source than the edit is."""
_TIME_SHIFT = 0.3
_LARGEST = 1024
_SMALLEST_T = 0.02
"""Below this time the velocity (x_t - x̂0)/t would only amplify rounding."""


class NanoBase:
    """See the module. Parameters are float32; about 1.7 million at the default size."""

    name = "nano"
    keeps_detail = True

    def __init__(self, *, size: int = 64, patch: int = 8, heads: int = 2, double: int = 1, single: int = 3, seed: int = 0) -> None:
        if not (patch <= size <= _LARGEST and size % patch == 0):
            raise UsageError(f"nano's size must be a multiple of {patch} from {patch} to {_LARGEST}, not {size}")
        self.shape = {"size": size, "patch": patch, "heads": heads, "double": double, "single": single}
        self.size, self.patch = size, patch
        channels = 3 * patch * patch
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.transformer = FluxTransformer2DModel(
                patch_size=1,
                in_channels=channels,
                num_layers=double,
                num_single_layers=single,
                attention_head_dim=64,
                num_attention_heads=heads,
                joint_attention_dim=_TEXT_WIDTH,
                pooled_projection_dim=_TEXT_WIDTH,
                guidance_embeds=False,
                axes_dims_rope=(8, 28, 28),
            )
            self.task_text = nn.Embedding(TASK_LIMIT, _TEXT_WIDTH)
            self.projector = NumericProjector(_TEXT_WIDTH)
        nn.init.zeros_(self.transformer.proj_out.weight)
        nn.init.zeros_(self.transformer.proj_out.bias)

    def modules(self) -> dict[str, nn.Module]:
        """Transformer, task embedding and numeric projector: nano trains all of itself."""
        return {"transformer": self.transformer, "task_text": self.task_text, "projector": self.projector}

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) of patches."""
        return height // self.patch, width // self.patch

    def fit(self, picture: Rgb) -> Rgb:
        """Resize to about size² pixels, both sides multiples of the patch."""
        height, width = picture.shape[:2]
        scale = self.size / math.sqrt(height * width)
        rows, columns = (max(1, round(side * scale / self.patch)) for side in (height, width))
        return resize_area(picture, columns * self.patch, rows * self.patch)

    def to_latents(self, pictures: Sequence[Rgb]) -> Tensor:
        """[B, rows * columns, 3 patch²] in [-1, 1]."""
        x = torch.from_numpy(np.stack(pictures)).float() / 127.5 - 1.0
        b, h, w, _ = x.shape
        p = self.patch
        return x.view(b, h // p, p, w // p, p, 3).permute(0, 1, 3, 2, 4, 5).reshape(b, -1, 3 * p * p)

    def to_pictures(self, latents: Tensor, height: int, width: int) -> list[Rgb]:
        """Inverse of `to_latents`; values outside the range are clipped."""
        p = self.patch
        x = latents.view(len(latents), height // p, width // p, p, p, 3).permute(0, 1, 3, 2, 4, 5).reshape(-1, height, width, 3)
        return list(((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy())

    def condition(self, instructions: Sequence[Instruction], image_tokens: int) -> Condition:
        """One numeric token and one task-name token per edit; pooled is the mean of the task names."""
        counts = [len(item.tasks) for item in instructions]
        most = max(counts)
        tasks = torch.tensor([[*item.tasks, *[0] * (most - len(item.tasks))] for item in instructions])
        numbers = torch.tensor([[*item.numbers, *[0.0] * (most - len(item.numbers))] for item in instructions], dtype=torch.float32)
        words = self.task_text(tasks)
        present = (torch.arange(most) < torch.tensor(counts)[:, None]).unsqueeze(-1).to(words.dtype)
        pooled = (words * present).sum(1) / present.sum(1)
        tokens = torch.cat([self.projector(numbers, tasks), words], dim=1)
        return Condition(tokens=tokens, pooled=pooled, mask=joint_mask(counts, counts, image_tokens))

    def velocity(self, noisy: Tensor, source: Tensor, t: Tensor, condition: Condition, grid: tuple[int, int]) -> Tensor:
        """(x_t - x̂0) / t with x̂0 = source + f."""
        output = self.transformer(
            hidden_states=torch.cat([noisy, source], dim=1),
            encoder_hidden_states=condition.tokens,
            pooled_projections=condition.pooled,
            timestep=t,
            img_ids=_position_ids(grid),
            txt_ids=torch.zeros(condition.tokens.shape[1], 3),
            joint_attention_kwargs=None if condition.mask is None else {"attention_mask": condition.mask},
            return_dict=False,
        )[0]
        clean = source + _GAIN * output[:, : noisy.shape[1]]
        velocity: Tensor = (noisy - clean) / t.clamp_min(_SMALLEST_T)[:, None, None]
        return velocity

    def timesteps(self, normal: Tensor, image_tokens: int) -> Tensor:
        """Logit-normal with mean 0.3: a little towards noise, where the number matters."""
        return torch.sigmoid(normal + _TIME_SHIFT)

    def sigmas(self, steps: int, image_tokens: int) -> list[float]:
        """Uniform."""
        return [1.0 - i / steps for i in range(steps + 1)]

    def save(self, folder: Path) -> None:
        """Write nano.json, transformer.safetensors (with the task names) and numeric_projector.safetensors."""
        write_json(folder / CONFIG_FILE, self.shape)
        whole = {f"transformer.{k}": v for k, v in self.transformer.state_dict().items()}
        whole |= {f"task_text.{k}": v for k, v in self.task_text.state_dict().items()}
        save_tensors(folder / TRANSFORMER_FILE, whole)
        save_tensors(folder / PROJECTOR_FILE, self.projector.state_dict())

    @classmethod
    def load(cls, folder: Path) -> NanoBase:
        """The base that `save` wrote.

        Raises:
            AdapterError: files are absent, damaged or of another shape.
        """
        shape = read_json(folder / CONFIG_FILE)
        if not isinstance(shape, dict) or not all(type(value) is int and 0 < value <= _LARGEST for value in shape.values()):
            raise AdapterError(f"{folder / CONFIG_FILE} is not what this trainer writes; train it again")
        try:
            base = cls(**shape)
            tensors = load_tensors(folder / TRANSFORMER_FILE)
            for prefix, module in (("transformer.", base.transformer), ("task_text.", base.task_text)):
                module.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
            base.projector.load_state_dict(load_tensors(folder / PROJECTOR_FILE))
        except Exception as error:
            raise AdapterError(f"{folder} holds no usable nano adapter ({str(error).splitlines()[0]}); train it again") from None
        return base


def _position_ids(grid: tuple[int, int]) -> Tensor:
    """Ids [2 N, 3] of picture, then reference; the reference differs in the first coordinate, as in FLUX.1 Kontext."""
    rows, columns = grid
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    place = torch.stack([torch.zeros_like(y), y, x], dim=-1).reshape(-1, 3).float()
    return torch.cat([place, place + torch.tensor([1.0, 0.0, 0.0])])
