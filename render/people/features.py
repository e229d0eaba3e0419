"""Which local targets of MakeHuman make one face and build differ from another, and by how much: a table.

Small amounts of many: each is drawn from a bell curve of the given spread and cut off at twice that. Nothing is here that would make
a caricature or that clothes are there to cover.
"""

from __future__ import annotations

from random import Random

PAIRS = (
    ("head/head-age", "decr", "incr", 0.09), ("head/head-fat", "decr", "incr", 0.14), ("head/head-angle", "in", "out", 0.12),
    ("head/head-scale-depth", "decr", "incr", 0.1), ("head/head-scale-horiz", "decr", "incr", 0.11),
    ("head/head-scale-vert", "decr", "incr", 0.1), ("head/head-back-scale-depth", "decr", "incr", 0.1),
    ("forehead/forehead-nubian", "decr", "incr", 0.19), ("forehead/forehead-scale-vert", "decr", "incr", 0.15),
    ("forehead/forehead-temple", "decr", "incr", 0.22), ("forehead/forehead-trans", "backward", "forward", 0.19),
    ("eyebrows/eyebrows-angle", "down", "up", 0.22), ("eyebrows/eyebrows-trans", "down", "up", 0.22),
    ("eyebrows/eyebrows-trans", "backward", "forward", 0.19),
    ("nose/nose-base", "down", "up", 0.12), ("nose/nose-compression", "compress", "uncompress", 0.14),
    ("nose/nose-curve", "concave", "convex", 0.16), ("nose/nose-flaring", "decr", "incr", 0.16), ("nose/nose-greek", "decr", "incr", 0.14),
    ("nose/nose-hump", "decr", "incr", 0.16), ("nose/nose-nostrils-width", "decr", "incr", 0.16), ("nose/nose-point", "down", "up", 0.12),
    ("nose/nose-point-width", "decr", "incr", 0.16), ("nose/nose-scale-depth", "decr", "incr", 0.13),
    ("nose/nose-scale-horiz", "decr", "incr", 0.13), ("nose/nose-scale-vert", "decr", "incr", 0.1),
    ("nose/nose-septumangle", "decr", "incr", 0.1), ("nose/nose-volume", "decr", "incr", 0.13), ("nose/nose-width1", "decr", "incr", 0.14),
    ("nose/nose-width2", "decr", "incr", 0.14), ("nose/nose-width3", "decr", "incr", 0.14),
    ("mouth/mouth-angles", "down", "up", 0.15), ("mouth/mouth-cupidsbow", "decr", "incr", 0.22),
    ("mouth/mouth-lowerlip-height", "decr", "incr", 0.19), ("mouth/mouth-lowerlip-volume", "decr", "incr", 0.19),
    ("mouth/mouth-philtrum-volume", "decr", "incr", 0.19), ("mouth/mouth-scale-depth", "decr", "incr", 0.12),
    ("mouth/mouth-scale-horiz", "decr", "incr", 0.19), ("mouth/mouth-scale-vert", "decr", "incr", 0.14),
    ("mouth/mouth-trans", "down", "up", 0.15), ("mouth/mouth-upperlip-height", "decr", "incr", 0.19),
    ("mouth/mouth-upperlip-volume", "decr", "incr", 0.19),
    ("chin/chin-bones", "decr", "incr", 0.19), ("chin/chin-cleft", "decr", "incr", 0.19), ("chin/chin-height", "decr", "incr", 0.17),
    ("chin/chin-jaw-drop", "decr", "incr", 0.17), ("chin/chin-prognathism", "decr", "incr", 0.12),
    ("chin/chin-prominent", "decr", "incr", 0.17), ("chin/chin-width", "decr", "incr", 0.19),
    ("neck/neck-scale-horiz", "decr", "incr", 0.12), ("neck/neck-scale-depth", "decr", "incr", 0.12),
    ("torso/measure-shoulder-dist", "decr", "incr", 0.12), ("torso/torso-vshape", "decr", "incr", 0.12),
    ("torso/measure-waist-circ", "decr", "incr", 0.09),
)  # fmt: skip
"""Target, its two ends, spread."""

SIDED_PAIRS = (
    ("cheek/{}-cheek-bones", "decr", "incr", 0.22), ("cheek/{}-cheek-inner", "decr", "incr", 0.19),
    ("cheek/{}-cheek-trans", "down", "up", 0.19), ("cheek/{}-cheek-volume", "decr", "incr", 0.19),
    ("eyes/{}-eye-bag", "decr", "incr", 0.19), ("eyes/{}-eye-corner1", "down", "up", 0.15), ("eyes/{}-eye-corner2", "down", "up", 0.19),
    ("eyes/{}-eye-eyefold", "down", "up", 0.19), ("eyes/{}-eye-eyefold-angle", "down", "up", 0.19),
    ("eyes/{}-eye-height1", "decr", "incr", 0.12), ("eyes/{}-eye-height2", "decr", "incr", 0.12),
    ("eyes/{}-eye-height3", "decr", "incr", 0.12), ("eyes/{}-eye-trans", "in", "out", 0.12), ("eyes/{}-eye-trans", "down", "up", 0.12),
    ("ears/{}-ear-flap", "decr", "incr", 0.19), ("ears/{}-ear-lobe", "decr", "incr", 0.22),
    ("ears/{}-ear-rot", "backward", "forward", 0.19),
    ("ears/{}-ear-scale", "decr", "incr", 0.19), ("ears/{}-ear-wing", "decr", "incr", 0.19),
)  # fmt: skip
"""The same for what comes in two, left and right alike."""

HEADS = ("oval", "round", "square", "rectangular", "triangular", "invertedtriangular", "diamond")
"""Shapes of the head; one of them, at most three tenths."""

SKEWS = (
    "brown-1", "brown-2", "cheek-1", "cheek-2", "ear-1", "ear-2", "eye-1", "eye-3", "eye-6", "jaw-1", "jaw-2", "mouth-1", "mouth-2",
    "nose-1", "nose-2", "nose-4", "temple-1", "top-1",
)  # fmt: skip
"""Ways to be different on the left and on the right."""
MOST_SKEW = 0.25


def draw_features(dice: Random) -> dict[str, float]:
    """Targets by path, and how much of each."""
    found: dict[str, float] = {}
    for stem, less, more, spread in PAIRS:
        amount = _bell(dice, spread)
        found[f"{stem}-{more if amount > 0 else less}"] = abs(amount)
    for stem, less, more, spread in SIDED_PAIRS:
        amount = _bell(dice, spread)
        for side in "lr":
            found[f"{stem.format(side)}-{more if amount > 0 else less}"] = abs(amount)
    found[f"head/head-{dice.choice(HEADS)}"] = dice.uniform(0.0, 0.3)
    for skew in SKEWS:
        found[f"asym/asym-{skew}-{dice.choice('lr')}"] = dice.uniform(0.0, MOST_SKEW)
    return {name: round(amount, 4) for name, amount in sorted(found.items()) if amount >= 0.01}


def _bell(dice: Random, spread: float) -> float:
    return max(-2 * spread, min(2 * spread, dice.gauss(0.0, spread)))
