"""What a step costs in memory and time; none of these changes what is learned, but for rounding."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cat_dataset.errors import UsageError

LORA_DTYPES = ("auto", "fp32", "bf16")
COMPILES = ("none", "blocks")
ATTENTIONS = ("auto", "native", "cudnn", "flash")


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryOptions:
    """Field names are the YAML keys and, with dashes, the flags."""

    checkpointing: str = "auto"
    """Which transformer blocks are computed again in the backward pass, so that their activations need no memory: ``none``,
    ``all``, ``N`` (every N-th block; in YAML in quotes), or ``auto``: on a GPU as few as fit, else none."""

    compile: str = "none"
    """``blocks`` compiles the transformer's repeated blocks (torch.compile; minutes at the start, then faster steps)."""

    attention: str = "auto"
    """Attention kernels: ``native`` (PyTorch's choice), ``cudnn``, ``flash`` (FlashAttention 3 or 2, whichever package is
    installed); ``auto`` is native."""

    lora_dtype: str = "auto"
    """LoRA's weights in the model: ``fp32`` or ``bf16`` with float32 masters, which spares a 12B model 18 GiB of activations;
    ``auto``: bf16 on a GPU, else fp32."""

    def __post_init__(self) -> None:
        choices = {"compile": COMPILES, "attention": ATTENTIONS, "lora_dtype": LORA_DTYPES}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        if self.checkpointing not in ("auto", "none", "all") and self.every < 1:
            raise UsageError(f"checkpointing must be none, all, auto or a whole number from 1, not {self.checkpointing!r}")

    @property
    def every(self) -> int:
        """N where checkpointing is a number, else 0."""
        return int(self.checkpointing) if re.fullmatch("[0-9]{1,6}", self.checkpointing) else 0
