"""The styles that scalp hair comes in: a table. Lengths in metres; shares 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WHORL, PARTED, BACK, FALLING, KNOT, OUT = "whorl", "parted", "back", "falling", "knot", "out"
"""Ways to be combed: away from the crown's whorl; sideways from a parting; to the back; from a parting and then down; to a knot; not."""


@dataclass(frozen=True)
class Style:
    """A hair style.

    ``strands`` of ``points`` each are as long as ``top``, above the ears as ``sides`` and at the nape as ``nape``. They start at
    ``lift`` towards the skin's normal (0 flat, 1 upright), hold the way they are ``combed`` and yield to ``weight``, and lie in a layer
    ``volume`` metres thick. ``clump`` is how far the tips of neighbours draw together, ``stray`` how far a strand wanders from its
    neighbours, per length; curls have the radius ``curl``, in metres, and ``turns`` per metre. ``radius`` is that of a strand: several
    times a real hair's, as there are several times fewer.
    """

    strands: int
    points: int
    top: float
    sides: float
    nape: float
    combed: str
    lift: float = 0.3
    weight: float = 0.2
    volume: float = 0.008
    clump: float = 0.5
    stray: float = 0.05
    curl: float = 0.0
    turns: float = 0.0
    radius: float = 0.00012
    off_face: bool = False


STYLES: Mapping[str, Style] = {
    "shaved": Style(14000, 2, 0.003, 0.003, 0.002, WHORL, lift=0.7, weight=0.0, clump=0.0, stray=0.1, radius=0.00007),
    "buzz": Style(16000, 3, 0.011, 0.007, 0.004, WHORL, lift=0.6, weight=0.0, volume=0.006, clump=0.1, stray=0.15, radius=0.0001),
    "short": Style(12000, 6, 0.038, 0.020, 0.010, WHORL, lift=0.45, weight=0.05, volume=0.013, clump=0.55, stray=0.10, radius=0.00012),
    "parted": Style(12000, 7, 0.062, 0.022, 0.010, PARTED, lift=0.45, weight=0.10, volume=0.014, clump=0.55, stray=0.05, radius=0.00012),
    "swept": Style(12000, 8, 0.085, 0.030, 0.012, BACK, lift=0.42, weight=0.05, volume=0.013, clump=0.55, stray=0.05, radius=0.00012),
    "medium": Style(11000, 12, 0.20, 0.17, 0.11, FALLING, lift=0.22, weight=1.0, volume=0.014, clump=0.55, stray=0.035, radius=0.00015,
                    off_face=True),
    "long": Style(11000, 16, 0.40, 0.37, 0.27, FALLING, lift=0.20, weight=1.0, volume=0.013, clump=0.55, stray=0.03, radius=0.00016,
                  off_face=True),
    "tied": Style(16000, 10, 0.17, 0.15, 0.14, KNOT, lift=0.10, weight=0.0, volume=0.005, clump=0.12, stray=0.012, radius=0.0001),
    "wavy": Style(11000, 18, 0.27, 0.25, 0.20, FALLING, lift=0.28, weight=0.9, volume=0.018, clump=0.75, stray=0.04, curl=0.006, turns=22.0,
                  radius=0.00015, off_face=True),
    "curly": Style(9000, 16, 0.085, 0.065, 0.035, WHORL, lift=0.55, weight=0.1, volume=0.024, clump=0.93, stray=0.05, curl=0.0065,
                   turns=50.0, radius=0.00013),
    "afro": Style(9000, 16, 0.052, 0.046, 0.030, OUT, lift=1.0, weight=0.0, volume=0.05, clump=0.6, stray=0.06, curl=0.0035, turns=110.0,
                  radius=0.00012),
}  # fmt: skip
"""Every style by name; "bald" is the one without any hair."""

BALD = "bald"
