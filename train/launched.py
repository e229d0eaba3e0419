"""Which of a launcher's processes this is, as torchrun and accelerate say it in the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass

from cat_dataset.errors import UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class Launched:
    """Its ``rank`` among ``world`` processes, and ``local`` among those of this machine."""

    rank: int = 0
    world: int = 1
    local: int = 0


def launched(*, meet: bool = True) -> Launched:
    """From RANK, WORLD_SIZE and LOCAL_RANK; without them, the one process that there is.

    Args:
        meet: whether the processes talk to each other; those that only share work need no MASTER_ADDR, and may be anybody's.

    Raises:
        UsageError: they do not fit together, as where somebody set them by hand.
    """
    names = {"rank": "RANK", "world": "WORLD_SIZE", "local": "LOCAL_RANK"}
    given = {name: os.environ[variable] for name, variable in names.items() if variable in os.environ}
    whole = all(value.isdecimal() and len(value) < 8 for value in given.values())
    if whole and int(given.get("world", "1")) == 1:
        return Launched()
    if whole and (not meet or (len(given) == len(names) and "MASTER_ADDR" in os.environ)):
        found = Launched(**{name: int(value) for name, value in given.items()})
        if found.rank < found.world:
            return found
    said = ", ".join(f"{names[name]}={value[:20]!r}" for name, value in given.items())
    raise UsageError(f"the environment has {said}, as no launcher sets it; unset that, or start with torchrun --nproc-per-node N")
