"""From measured drift to recipes that put every frame onto the reference and cut all of them alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from capture.developing.choose import resized
from capture.developing.recipe import Crop, FrameRecipe, Recipe, Transform, working_size
from capture.proving.judge import FrameProof


def realigned(
    recipe: Recipe, recipes: Mapping[int, FrameRecipe], proofs: Mapping[int, FrameProof], shared: Crop, stored: tuple[int, int]
) -> tuple[Recipe, dict[int, FrameRecipe]]:
    """The recipe with the largest crop inside ``shared`` that has the old one's shape, and each frame's transform.

    ``shared`` and the transforms are in pixels of the working picture of ``recipe``; the new one grows by what the crop lost,
    so that frames keep their size where the files, of ``stored`` (width, height), have the pixels.
    """
    left, top, width, height = shared
    _, _, wanted_width, wanted_height = recipe.crop
    share = min(width / wanted_width, height / wanted_height, 1.0)
    old = working_size(stored, recipe)
    size = math.ceil(recipe.size / share)
    new = working_size(stored, replace(recipe, size=size))
    scale = new[0] / old[0]
    fit = min(width * scale / wanted_width, height * scale / wanted_height, 1.0)
    cut_width, cut_height = math.floor(wanted_width * fit + 1e-9), math.floor(wanted_height * fit + 1e-9)
    x = round((left + width / 2) * scale - cut_width / 2)
    y = round((top + height / 2) * scale - cut_height / 2)
    moved = {index: replace(one, transform=scaled(proofs[index].transform, scale)) for index, one in recipes.items()}
    return resized(recipe, stored, size, (x, y, cut_width, cut_height)), moved


def scaled(transform: Transform, scale: float) -> Transform:
    """``transform`` for pictures ``scale`` times as large."""
    a, b, x, c, d, y = transform
    return (a, b, x * scale, c, d, y * scale)
