"""How workers are run: everything that changes how fast and how safely frames come, and nothing of the frames."""

from __future__ import annotations

from dataclasses import dataclass

from cat_dataset.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Options:
    """Flags of ``cat-render`` that a supervisor needs, wherever it runs."""

    workers: int = 1
    gpus_per_worker: int = 0
    threads: int | None = None
    """Cycles threads of each worker; None: the plan's, or an equal share of the cores."""
    retries: int = 2
    """Further tries of a series after one that brought it no frame further."""
    hang_timeout: float | None = None
    """Seconds of silence after which a worker is replaced; None: learnt from the plan's own frames."""
    recycle_series: int = 500
    """Series after which a worker is replaced; 0: never."""
    recycle_bytes: int | None = None
    """Memory at which a worker is replaced after its series; None: its share of three quarters of the machine's."""
    blender: str | None = None

    def __post_init__(self) -> None:
        limits = {"workers": (1, 1024), "gpus_per_worker": (0, 64), "retries": (0, 1000), "recycle_series": (0, 10**9)}
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)} is outside {low} to {high}")
        if self.threads is not None and not 1 <= self.threads <= 1024:
            raise UsageError(f"--cpus-per-worker {self.threads} is outside 1 to 1024")
        if self.hang_timeout is not None and not 1 <= self.hang_timeout <= 10**7:
            raise UsageError(f"--hang-timeout {self.hang_timeout:g} is outside 1 to 10000000 seconds")
        if self.recycle_bytes is not None and self.recycle_bytes < 0:
            raise UsageError("--recycle-memory must not be negative")
