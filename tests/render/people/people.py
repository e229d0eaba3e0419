"""Bodies for tests: corners of the phenotype space, which need few of MakeHuman's targets and lie farther out than any recipe."""

from __future__ import annotations

from functools import lru_cache

from render.people import source
from render.people.piece import Body
from render.people.shape import shaped

CORNERS = {
    "man": {"gender": 0.0, "age": 1.0, "muscle": 1.0, "weight": 0.5, "height": 1.0, "proportions": 1.0,
        "african": 1.0, "asian": 0.0, "caucasian": 0.0},
    "woman": {"gender": 1.0, "age": 2 / 3, "muscle": 0.5, "weight": 1.0, "height": 0.0, "proportions": 0.0,
        "african": 0.0, "asian": 1.0, "caucasian": 0.0},
    "elder": {"gender": 1.0, "age": 1.0, "muscle": 0.0, "weight": 0.0, "height": 0.0, "proportions": 0.0,
        "african": 0.0, "asian": 0.0, "caucasian": 1.0},
}  # fmt: skip


@lru_cache(maxsize=3)
def raw_body(name: str) -> Body:
    """The body of a corner, with MakeHuman's lids as they are."""
    return Body(shaped(CORNERS[name], {}), source.face_units())
