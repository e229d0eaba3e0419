"""How a base is held: its frozen weights, and nano's form."""

from __future__ import annotations

from dataclasses import dataclass

from cat_dataset.errors import UsageError

PRECISIONS = ("auto", "fp32", "bf16")
STORAGES = ("same", "fp8", "nf4")


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseOptions:
    """Field names are the YAML keys and, with dashes, the flags. The first two are about frozen weights, which nano has none of."""

    precision: str = "auto"
    """What the base computes in: ``fp32``, ``bf16``, or ``auto``: bf16 on a GPU, else fp32. Losses, times and x_t are fp32 anyhow."""

    base_weights: str = "same"
    """How the transformer's frozen weights are stored: ``same`` (as ``precision``), ``fp8`` (half of bf16's memory, computed in
    ``precision``) or ``nf4`` (a quarter; needs bitsandbytes)."""

    nano_residual: bool = True
    """Whether nano predicts the picture as the source and a change; off is for study: plain velocity prediction, as FLUX's."""

    def __post_init__(self) -> None:
        for name, allowed in {"precision": PRECISIONS, "base_weights": STORAGES}.items():
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")


USUAL = BaseOptions()
