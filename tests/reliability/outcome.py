"""What may come of a fault, and counting it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

NAMED = "named"
"""An error of ours said what is wrong and where, and nothing was changed."""
RECOVERED = "recovered"
"""The same command again ended with the bytes of an undisturbed run."""
SAME = "all bytes right"
"""Every byte that was read was the right one."""
SILENT = "SILENT"
"""Something wrong went through without a word."""


@dataclass
class Tally:
    """One kind of fault: how often it was made and how each ended; ``silent`` says where it went through."""

    fault: str
    where: str
    outcomes: Counter[str] = field(default_factory=Counter)
    silent: list[str] = field(default_factory=list)

    def add(self, outcome: str, what: str = "") -> None:
        """Count one."""
        self.outcomes[outcome] += 1
        if outcome == SILENT:
            self.silent.append(what)


def named(work: Callable[[], object], *words: str) -> str:
    """`NAMED` if ``work`` raises an error of ours that says one of ``words``, `SILENT` if it raises nothing."""
    from cat_dataset.errors import CatError

    try:
        work()
    except CatError as error:
        return NAMED if any(word in str(error) for word in words) else f"said something else: {error}"
    return SILENT


def tree(root: Path) -> dict[str, str]:
    """SHA-256 of every file of a dataset below ``root``, its unfinished parts apart."""
    found = {}
    for name in ("shards", "manifests"):
        for path in sorted((root / name).rglob("*")):
            if path.is_file() and ".staging" not in path.parts and path.name != ".lock" and not path.name.endswith(".partial"):
                found[path.relative_to(root).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
