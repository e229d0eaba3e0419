"""Draws recipes: the character of a seed and an index is always the same, however many others there are."""

from __future__ import annotations

from random import Random
from typing import Any

from render.people.features import draw_features
from render.people.recipe import Recipe

ADULT = 0.77
"""anny's ``age`` of 18 years, by its own table of morphological ages (data/shape_calibration); MakeHuman's own scale makes it 45."""
OLDEST = 0.97
ANCESTRIES = ("african", "asian", "caucasian")

TONES = {"african": 0.80, "asian": 0.36, "caucasian": 0.20}
"""How dark skin is on the average, 0 the fairest, 1 the darkest; it varies by 0.1 about that."""

HAIR_COLOURS = {
    "black": (0.006, 0.0045, 0.004), "dark brown": (0.018, 0.011, 0.007), "brown": (0.045, 0.025, 0.014),
    "light brown": (0.10, 0.06, 0.034), "blond": (0.28, 0.185, 0.095), "red": (0.16, 0.05, 0.018),
}  # fmt: skip
EYE_COLOURS = {
    "dark brown": (0.035, 0.016, 0.008), "brown": (0.10, 0.045, 0.02), "hazel": (0.15, 0.095, 0.035), "green": (0.11, 0.15, 0.075),
    "blue": (0.09, 0.17, 0.27), "grey": (0.17, 0.20, 0.22),
}  # fmt: skip
SHIRTS = (
    (0.72, 0.71, 0.68), (0.03, 0.03, 0.035), (0.25, 0.26, 0.27), (0.03, 0.06, 0.16), (0.10, 0.20, 0.38), (0.35, 0.04, 0.05),
    (0.05, 0.16, 0.09), (0.45, 0.30, 0.10), (0.28, 0.09, 0.20), (0.50, 0.42, 0.32), (0.12, 0.28, 0.30), (0.55, 0.22, 0.14),
)  # fmt: skip
TROUSERS = ((0.02, 0.035, 0.09), (0.015, 0.015, 0.018), (0.10, 0.10, 0.11), (0.28, 0.21, 0.13), (0.06, 0.07, 0.05), (0.09, 0.13, 0.22))
SHOES = ((0.02, 0.018, 0.016), (0.10, 0.05, 0.025), (0.55, 0.54, 0.52), (0.05, 0.05, 0.06))


def draw(seed: int, index: int) -> Recipe:
    """The recipe of the character ``index`` of ``seed``."""
    dice = Random(f"person {seed} {index}")
    phenotype = _phenotype(dice)
    years = (phenotype["age"] - ADULT) / (OLDEST - ADULT)
    shares = {name: phenotype[name] for name in ANCESTRIES}
    melanin = _within(sum(TONES[name] * share for name, share in shares.items()) + dice.gauss(0.0, 0.1), 0.03, 0.98)
    skin = {
        "melanin": melanin, "redness": dice.uniform(0.2, 0.7), "age": _within(0.15 + 0.8 * years + dice.gauss(0.0, 0.06)),
        "freckles": dice.uniform(0.2, 0.9) if melanin < 0.35 and dice.random() < 0.3 else dice.uniform(0.0, 0.1),
    }  # fmt: skip
    return Recipe(
        name=f"p{index:04d}",
        seed=seed,
        index=index,
        phenotype=_rounded(phenotype),
        changes=draw_features(dice),
        skin=_rounded(skin),
        eyes=_colour(dice, EYE_COLOURS[_eye_colour(dice, melanin)], 0.2),
        hair=_hair(dice, phenotype, melanin, years),
        clothes=_clothes(dice),
    )


def _phenotype(dice: Random) -> dict[str, float]:
    """anny's phenotype; 0 is male and 1 female, most people near one of them. Most have one ancestry, some two or three."""
    gender = dice.uniform(0.0, 0.2) if dice.random() < 0.5 else dice.uniform(0.8, 1.0)
    if dice.random() < 0.08:
        gender = dice.uniform(0.2, 0.8)
    ancestry = [dice.gammavariate(0.3, 1.0) + 0.02 for _ in ANCESTRIES]
    return {
        "gender": gender,
        "age": ADULT + (OLDEST - ADULT) * dice.betavariate(0.9, 1.8),
        "muscle": _within(dice.gauss(0.52, 0.13), 0.2, 0.85),
        "weight": _within(dice.gauss(0.52, 0.14), 0.2, 0.9),
        "height": _within(dice.gauss(0.33, 0.065), 0.18, 0.5),
        "proportions": dice.uniform(0.1, 0.8),
        **{name: one / sum(ancestry) for name, one in zip(ANCESTRIES, ancestry, strict=True)},
    }


def _hair(dice: Random, phenotype: dict[str, float], melanin: float, years: float) -> dict[str, Any]:
    male, curled = phenotype["gender"] < 0.5, phenotype["african"] > 0.5
    if male:
        styles = {"shaved": 2, "buzz": 4, "short": 1, "afro": 2, "curly": 2} if curled else {
            "short": 6, "parted": 5, "swept": 4, "buzz": 3, "shaved": 1, "curly": 1, "medium": 1}  # fmt: skip
        if years > 0.3:
            styles["bald"] = 2
    else:
        styles = {"afro": 3, "curly": 3, "tied": 3, "buzz": 1} if curled else {
            "long": 5, "medium": 4, "wavy": 4, "tied": 4, "curly": 2, "parted": 1, "short": 1}  # fmt: skip
    if melanin > 0.55 or (phenotype["asian"] > 0.5 and melanin > 0.3):
        colours = {"black": 5, "dark brown": 2}
    elif melanin > 0.35:
        colours = {"black": 3, "dark brown": 4, "brown": 2}
    else:
        colours = {"dark brown": 4, "brown": 4, "light brown": 4, "blond": 3, "red": 1, "black": 1}
    beard = 0.0
    if male and dice.random() < 0.6:
        beard = dice.choice([dice.uniform(0.1, 0.3), dice.uniform(0.3, 0.5), dice.uniform(0.6, 1.0)])
    grey = _within((years - 0.2) * 1.6 + dice.gauss(0.0, 0.2)) if years > 0.15 else 0.0
    return {
        "style": _weighted(dice, styles), "longer": round(dice.uniform(0.8, 1.25), 4),
        "colour": _colour(dice, HAIR_COLOURS[_weighted(dice, colours)], 0.2), "grey": round(grey, 4), "beard": round(beard, 4),
        "brows": round(_within(dice.gauss(0.58 if male else 0.42, 0.15)), 4),
        "recede": round(_within(years * dice.random() * 1.2) if male else 0.0, 4),
    }  # fmt: skip


def _eye_colour(dice: Random, melanin: float) -> str:
    if melanin > 0.5:
        return _weighted(dice, {"dark brown": 4, "brown": 1})
    if melanin > 0.32:
        return _weighted(dice, {"dark brown": 3, "brown": 4, "hazel": 1})
    return _weighted(dice, {"brown": 3, "hazel": 2, "green": 2, "blue": 4, "grey": 2})


def _clothes(dice: Random) -> dict[str, Any]:
    shirt, second = dice.sample(SHIRTS, 2)
    clothes: dict[str, Any] = {
        "sleeves": _weighted(dice, {"short": 5, "long": 4, "three-quarter": 2}), "neck": _weighted(dice, {"round": 5, "wide": 2, "v": 3}),
        "loose": round(dice.random(), 4), "legs": round(dice.random(), 4), "shirt_colour": _colour(dice, shirt, 0.15),
        "trousers_colour": _colour(dice, dice.choice(TROUSERS), 0.15), "shoes_colour": _colour(dice, dice.choice(SHOES), 0.1),
    }  # fmt: skip
    if dice.random() < 0.15:
        clothes["stripes"] = _colour(dice, second, 0.15)
    return clothes


def _weighted(dice: Random, choices: dict[str, int]) -> str:
    return dice.choices(list(choices), list(choices.values()))[0]


def _colour(dice: Random, colour: tuple[float, ...], spread: float) -> list[float]:
    """``colour`` a little brighter or darker, and each of its parts a little more."""
    whole = 2.0 ** dice.uniform(-spread * 2, spread * 2)
    return [round(min(0.9, one * whole * (1 + dice.uniform(-0.3, 0.3) * spread)), 5) for one in colour]


def _within(value: float, least: float = 0.0, most: float = 1.0) -> float:
    return max(least, min(most, value))


def _rounded(numbers: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in numbers.items()}
