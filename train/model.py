"""A base and its adapter as one module: all that is trained, and one velocity out of one forward pass."""

from __future__ import annotations

from torch import Tensor, nn

from cat_dataset.errors import UsageError
from train.adapter.interface import Adapter
from train.adapter.lora import add_lora, lora_places
from train.adapter.make import make_adapter
from train.adapter.options import AdapterOptions
from train.bases.interface import Base
from train.requests import Request


class EditModel(nn.Module):
    """What DDP and FSDP wrap. ``base`` keeps codec, text encoder and schedule, which no gradient passes."""

    def __init__(self, base: Base, options: AdapterOptions, *, seed: int = 0) -> None:
        super().__init__()
        self.base, self.options = base, options
        self.transformer, self.words = base.transformer, base.words
        self.adapter: Adapter = make_adapter(options, base, seed).to(base.device)
        self.adapter.attach(self.transformer)
        if not base.learns_all and options.rank:
            add_lora(self.transformer, lora_places(base.lora_targets, options), options.rank, seed)

    def forward(self, noisy: Tensor, source: Tensor, t: Tensor, request: Request, grid: tuple[int, int], guidance: float | None) -> Tensor:
        """The velocity [B, N, C], float32, as in `Base.velocity`."""
        condition = self.adapter(request, self.words(request.texts))
        return self.base.velocity(noisy, source, t, condition, grid, guidance=guidance, mask=self.options.mask)

    def trained(self) -> dict[str, nn.Parameter]:
        """The parameters that training changes, by name.

        Raises:
            UsageError: there are none.
        """
        found = {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}
        if not found:
            raise UsageError(
                f"conditioning {self.options.conditioning} with rank 0 leaves nothing to train on base {self.base.name}; give a --rank"
            )
        return found
