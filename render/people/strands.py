"""All hair of a character as parts of strands: on the head, brows, lashes and beard."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator

from render.blender.figure.person_file import Part
from render.people import hairline
from render.people.beard import LEAST, STUBBLE, beard, hairless
from render.people.brows import RADIUS as BROW_RADIUS
from render.people.brows import brows
from render.people.follow import follow_head, follow_skin, strands_part, tie
from render.people.hair import scalp_hair
from render.people.hair_styles import BALD, STYLES
from render.people.head import Head
from render.people.lashes import RADIUS as LASH_RADIUS
from render.people.lashes import follow_lid, lashes
from render.people.piece import numbers
from render.people.recipe import Recipe
from render.people.source import Floats

HAIR, BROWS, LASHES, BEARD = range(4)
"""Each draws for itself, so that another beard leaves the hair as it is."""
UNDER, UNDER_OTHERS = {BALD: 0.0, "shaved": 0.5, "buzz": 0.75}, 0.85
"""How much of the skin's colour under hair is the hair's."""


def hair_parts(skin: Part, recipe: Recipe) -> list[Part]:
    """The parts hair, brows, lashes and beard, as far as ``recipe.hair`` has them.

    ``recipe.hair``: ``style`` (a name in `hair_styles.STYLES`, or "bald"), ``longer`` (1), ``colour`` (linear RGB), ``grey`` (share of
    grey strands), ``beard`` (0 none, to 0.35 stubble, 1 full), ``brows`` (0 thin to 1 thick), ``recede`` (0 to 1).
    The skin gets the fields ``scalp`` and ``beard`` and, in its look, ``under_hair`` and ``stubble``: how it is coloured under hair.
    """
    wanted = recipe.hair
    head = Head(skin)
    colour = tuple(float(one) for one in wanted["colour"])
    parts = []
    style = wanted["style"]
    density = partial(hairline.scalp, head, recede=float(wanted.get("recede", 0.0)))
    _shade(skin, density(head.points) * ~head.is_ear, colour, float(wanted["grey"]), style)
    if style != BALD:
        dice = _dice(recipe, HAIR)
        points, temples = scalp_hair(head, density, STYLES[style], float(wanted.get("longer", 1.0)), dice)
        part = strands_part("hair", points, _look(colour, STYLES[style].radius, 0.3), *_tones(dice, float(wanted["grey"]), temples))
        follow_head(part, head, points)
        parts.append(part)
    return [*parts, *_facial_hair(skin, head, recipe)]


def _shade(skin: Part, density: Floats, colour: tuple[float, ...], grey: float, style: str) -> None:
    """Give the skin what its material needs: short or fine hair alone would leave a scalp that looks bare."""
    skin.fields["scalp"] = numbers(UNDER.get(style, UNDER_OTHERS) * density)
    skin.look["under_hair"] = [round(0.7 * one * (1 - grey) + 0.2 * grey, 4) for one in colour]


def _facial_hair(skin: Part, head: Head, recipe: Recipe) -> list[Part]:
    wanted = recipe.hair
    colour, grey = tuple(float(one) for one in wanted["colour"]), float(wanted["grey"])
    parts = []
    dice = _dice(recipe, BROWS)
    points, roots = brows(head, float(wanted["brows"]), dice)
    part = strands_part(
        "brows", points, _look(_darker(colour, 0.75), BROW_RADIUS, 0.4), *_tones(dice, 0.5 * grey, np.full(len(points), 0.5))
    )
    follow_skin(part, skin, roots, points.shape[1])
    parts.append(part)

    dice = _dice(recipe, LASHES)
    points, roots, centres = lashes(head, float(wanted["brows"]), dice)
    part = strands_part("lashes", points, _look(_darker(colour, 0.35), LASH_RADIUS, 0.15), *_tones(dice, 0.0, np.zeros(len(points))))
    tie(part, skin, roots, points.shape[1])
    follow_lid(part, skin, points, roots, centres)
    parts.append(part)

    amount = float(wanted["beard"])
    free = hairless(skin)
    skin.look["stubble"] = round(min(1.0, amount / STUBBLE) if amount > LEAST else 0.0, 4)
    skin.fields["beard"] = numbers(hairline.beard(head, head.points) * free * ~head.is_ear * (amount > LEAST))
    if amount > LEAST:
        dice = _dice(recipe, BEARD)
        points, roots, radius = beard(head, free, amount, dice)
        part = strands_part(
            "beard", points, _look(_darker(colour, 0.85), radius, 0.4), *_tones(dice, 1.2 * grey, np.full(len(points), 0.6))
        )
        follow_skin(part, skin, roots, points.shape[1])
        parts.append(part)
    return parts


def _darker(colour: tuple[float, ...], share: float) -> tuple[float, ...]:
    """``colour`` times ``share``: facial hair is darker than hair that sees the sun."""
    return tuple(share * one for one in colour)


def _dice(recipe: Recipe, purpose: int) -> Generator:
    return np.random.default_rng([recipe.seed, recipe.index, purpose])


def _look(colour: tuple[float, ...], radius: float, tip: float) -> dict[str, Any]:
    return {"colour": list(colour), "radius": radius, "tip": tip, "roughness": 0.3}


def _tones(dice: Generator, grey: float, early: Any) -> tuple[Any, Any]:
    """Of every strand: its shade, 0 dark to 1 light, and how grey it is. Hair with ``early`` near 1 goes grey first."""
    count = len(early)
    shade = np.clip(dice.normal(0.5, 0.2, count), 0.0, 1.0)
    share = np.clip(grey * (0.6 + 0.8 * early), 0.0, 1.0)
    return shade, (dice.random(count) < share) * dice.uniform(0.6, 1.0, count)
