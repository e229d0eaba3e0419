"""Several series in one folder, as on a card that was not emptied: ``VARY[:FRAMES][@SCENE],…``."""

from __future__ import annotations

from dataclasses import dataclass

from capture.simulate.sweep import DEFAULT_RANGE
from cat_dataset.errors import UsageError


@dataclass(frozen=True)
class Part:
    """One series of a folder: what varies, how many frames (None: the default), and the number of its scene."""

    vary: str
    frames: int | None
    scene: int


def parse_mix(text: str, frames: int | None) -> list[Part]:
    """The series that ``text`` names; each without ``@SCENE`` is of a scene of its own.

    Raises:
        UsageError: an attribute that cannot be simulated, or a number that is none.
    """
    parts = []
    for index, one in enumerate(text.split(",")):
        head, at, scene = one.partition("@")
        vary, colon, count = head.partition(":")
        try:
            part = Part(vary.strip(), int(count) if colon else frames, int(scene) if at else index)
        except ValueError:
            raise UsageError(f"--mix {one!r}: write it as VARY, VARY:FRAMES or VARY:FRAMES@SCENE, with whole numbers") from None
        if part.vary not in DEFAULT_RANGE or not 0 <= part.scene <= 100_000:
            raise UsageError(f"--mix {one!r}: it needs one of {', '.join(DEFAULT_RANGE)}, and a scene of 0 to 100000")
        parts.append(part)
    return parts
