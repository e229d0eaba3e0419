"""How weights move."""

from __future__ import annotations

from dataclasses import dataclass

from cat_dataset.errors import UsageError

OPTIMISERS = ("adamw", "adamw8bit", "prodigy")
SCHEDULES = ("cosine", "constant", "linear")


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimisingOptions:
    """Field names are the YAML keys and, with dashes, the flags."""

    optimiser: str = "adamw"
    """``adamw``; ``adamw8bit`` (moments of 8 bits: a quarter of their memory; needs bitsandbytes); ``prodigy`` (finds its own
    rate; needs prodigyopt)."""

    learning_rate: float = 0.0
    """Peak of the schedule; 0 means the base's own default, and 1 for prodigy, whose rate is a factor."""

    schedule: str = "cosine"
    """After the warm-up: ``cosine`` or ``linear`` down to ``last_rate``, or ``constant``."""

    warmup: int = 50
    """Steps of linear rise to the peak."""

    last_rate: float = 0.05
    """The last step's rate as a share of the peak's, for cosine and linear."""

    weight_decay: float = 0.01
    """Decoupled weight decay, of matrices alone: gains, biases and embeddings are left as they are."""

    beta1: float = 0.9
    """Decay of the gradient's running mean."""

    beta2: float = 0.95
    """Decay of the running mean of its square."""

    eps: float = 1e-8
    """Added to the root of that."""

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
        for name in ("ema", "beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"{name} must be in [0, 1), not {getattr(self, name)}")
        if not 0 <= self.last_rate <= 1:
            raise UsageError(f"last_rate must be from 0 to 1, not {self.last_rate}")
        if self.warmup < 1:
            raise UsageError(f"warmup must be at least 1, not {self.warmup}")
        for name in ("clip", "eps"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} must be positive, not {getattr(self, name)}")
