"""How a run is spread over processes, kept, watched and logged."""

from __future__ import annotations

from dataclasses import dataclass, field

from cat_dataset.errors import UsageError

SHARDINGS = ("none", "fsdp2")
LOGGERS = ("tensorboard", "wandb")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningOptions:
    """Field names are the YAML keys and, with dashes, the flags. None of them changes what is learned."""

    sharding: str = "none"
    """Of several processes: ``none`` (DDP: each holds the whole model) or ``fsdp2`` (each holds a share of every weight)."""

    checkpoint_every: int = 200
    """Steps between checkpoints."""

    checkpoint_minutes: float = 5.0
    """Minutes after which a checkpoint is kept in any case."""

    keep: int = 1
    """Checkpoints kept, the newest ones."""

    validate_every: int = 500
    """Steps between validations: edits of fixed held-out pairs, measured and shown. The last step has one in any case."""

    validate_pairs: int = 4
    """Edits per attribute in a validation, shared by the processes."""

    log_every: int = 10
    """Steps between lines of log.jsonl."""

    log_to: list[str] = field(default_factory=list)
    """Where to log beside the run folder's own files: ``tensorboard``, ``wandb`` (offline unless you are logged in)."""

    def __post_init__(self) -> None:
        if self.sharding not in SHARDINGS:
            raise UsageError(f"sharding must be one of {', '.join(SHARDINGS)}, not {self.sharding!r}")
        for name in ("checkpoint_every", "keep", "validate_every", "log_every"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not self.checkpoint_minutes > 0:
            raise UsageError(f"checkpoint_minutes must be positive, not {self.checkpoint_minutes}")
        if self.validate_pairs < 2:
            raise UsageError(f"validate_pairs must be at least 2, not {self.validate_pairs}")
        for name in self.log_to:
            if name not in LOGGERS:
                raise UsageError(f"log_to knows {', '.join(LOGGERS)}, not {name!r}")
