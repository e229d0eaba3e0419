"""What the user may choose about how series are made."""

from __future__ import annotations

from dataclasses import dataclass

from cat_dataset.errors import UsageError


@dataclass(frozen=True)
class Options:
    """The flags of ``cat-ingest``. ``size`` is the side of a square frame, or the long side of a whole one.

    Raises:
        UsageError: a value that makes no sense.
    """

    size: int = 1024
    shape: str = "square"
    bits: int = 8
    curve: str = "sRGB"
    full: bool = False
    object_name: str | None = None
    scene: str | None = None
    attribute: str | None = None

    def __post_init__(self) -> None:
        if not 16 <= self.size <= 16384:
            raise UsageError(f"--size {self.size} must be 16 to 16384 pixels")
        if self.shape not in ("square", "whole"):
            raise UsageError(f"--shape {self.shape!r} must be square or whole")
        if self.bits not in (8, 16):
            raise UsageError(f"--bits {self.bits} must be 8 or 16")
        if self.curve == "linear" and self.bits != 16:
            raise UsageError("--linear needs --bits 16: 8 bits of linear light show bands in the shadows")
        name = self.object_name
        if name is not None and (not name.strip() or len(name) > 60 or not name.isprintable()):
            raise UsageError("--object must be 1 to 60 printable characters, like 'car'")
