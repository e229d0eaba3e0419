"""What a look into an asset file finds, and the faults it may have. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cat_dataset.errors import InputError


@dataclass
class Contents:
    """Names of the files that an asset refers to (``parts`` without which it cannot be read, and textures), and its triangles.

    ``triangles`` counts those the file itself says it has, 0 where it does not say.
    """

    parts: list[str] = field(default_factory=list)
    textures: list[str] = field(default_factory=list)
    triangles: int = 0


def cut_off(path: Path) -> InputError:
    """The error for a file that ends too early."""
    return InputError(f"{path} is cut off: its data ends too early; copy or export it again")


def not_a(path: Path, kind: str) -> InputError:
    """The error for a file that is not ``kind``."""
    return InputError(f"{path} is not {kind}, whatever its name says; export it again")


def faceless(path: Path) -> InputError:
    """The error for a file of points or curves alone."""
    return InputError(f"{path} holds no mesh with a face (or is cut off before the first); export it again with its geometry")
