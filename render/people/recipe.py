"""Recipes: what a character is made from. Drawn by seed and index, so that a set can grow without changing what is there."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from typing import Any

from cat_dataset.errors import InputError

SCHEMA = 1


@dataclass(frozen=True)
class Recipe:
    """A character. Numbers are 0 to 1 where nothing else is said; colours are linear RGB."""

    name: str
    seed: int
    index: int
    phenotype: dict[str, float]
    changes: dict[str, float]
    skin: dict[str, float]
    eyes: tuple[float, float, float]
    hair: dict[str, Any]
    clothes: dict[str, Any]
    schema: int = field(default=SCHEMA)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "eyes": list(self.eyes)}

    @staticmethod
    def from_json(raw: dict[str, Any]) -> Recipe:
        """A recipe from JSON values.

        Raises:
            InputError: of another schema, or with other members.
        """
        try:
            if raw["schema"] != SCHEMA:
                raise InputError(f"a recipe of schema {raw['schema']}, where this version reads {SCHEMA}; make the characters again")
            red, green, blue = raw["eyes"]
            return Recipe(**{**raw, "eyes": (float(red), float(green), float(blue))})
        except (TypeError, KeyError, ValueError) as error:
            raise InputError(f"not a character's recipe ({type(error).__name__}: {error}); make the characters again") from None


def draw(seed: int, index: int) -> Recipe:
    """The recipe of the character ``index`` of ``seed``."""
    dice = random.Random(f"person {seed} {index}")
    ancestry = [dice.gammavariate(0.35, 1.0) + 0.01 for _ in range(3)]
    phenotype = {
        "gender": float(dice.random() < 0.5),
        "age": dice.uniform(0.77, 0.95),
        "muscle": dice.uniform(0.35, 0.7),
        "weight": dice.uniform(0.35, 0.7),
        "height": dice.uniform(0.35, 0.65),
        "proportions": dice.uniform(0.2, 0.7),
        **{name: one / sum(ancestry) for name, one in zip(("african", "asian", "caucasian"), ancestry, strict=True)},
    }
    melanin = min(1.0, max(0.0, 0.8 * phenotype["african"] + 0.3 * phenotype["asian"] + 0.15 * phenotype["caucasian"]))
    return Recipe(
        name=f"p{index:04d}",
        seed=seed,
        index=index,
        phenotype={name: round(value, 4) for name, value in phenotype.items()},
        changes={},
        skin={"melanin": round(melanin, 4), "redness": 0.4, "freckles": 0.1, "age": round((phenotype["age"] - 2 / 3) * 3, 4)},
        eyes=(0.15, 0.08, 0.04),
        hair={"style": "short", "length": 0.04, "colour": [0.05, 0.03, 0.02], "grey": 0.0, "beard": 0.0, "brows": 0.5},
        clothes={"shirt": "t-shirt", "shirt_colour": [0.2, 0.25, 0.4], "trousers_colour": [0.05, 0.05, 0.07]},
    )
