"""How weights move."""

from __future__ import annotations

from dataclasses import dataclass

from cat_dataset.errors import UsageError

OPTIMISERS = ("adamw",)
SCHEDULES = ("cosine", "constant", "linear")


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimisingOptions:
    """Field names are the YAML keys and, with dashes, the flags."""

    optimiser: str = "adamw"
    """``adamw``."""

    learning_rate: float = 0.0
    """Peak of the schedule; 0 means the base's own default."""

    schedule: str = "cosine"
    """After the warm-up: ``cosine`` or ``linear`` to a twentieth of the peak, or ``constant``."""

    warmup: int = 50
    """Steps of linear rise to the peak."""

    weight_decay: float = 0.01
    """AdamW's decoupled weight decay."""

    clip: float = 1.0
    """Largest gradient norm."""

    ema: float = 0.99
    """Decay of the averaged weights that are saved; 0 saves the last ones."""

    def __post_init__(self) -> None:
        if self.optimiser not in OPTIMISERS:
            raise UsageError(f"optimiser must be one of {', '.join(OPTIMISERS)}, not {self.optimiser!r}")
        if self.schedule not in SCHEDULES:
            raise UsageError(f"schedule must be one of {', '.join(SCHEDULES)}, not {self.schedule!r}")
        for name in ("learning_rate", "weight_decay"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must not be negative, it is {getattr(self, name)}")
        if not 0 <= self.ema < 1:
            raise UsageError(f"ema must be in [0, 1), not {self.ema}")
        if self.warmup < 1:
            raise UsageError(f"warmup must be at least 1, not {self.warmup}")
        if not self.clip > 0:
            raise UsageError(f"clip must be positive, not {self.clip}")
