"""What the page needs of the registry to state an edit: units, scale, and sentences with a hole for the number.

The sentences come from `cat_dataset.instructions.build`, so the page says what the trainer says.
"""

from __future__ import annotations

from typing import Any

from cat_dataset.attributes import attribute
from cat_dataset.instructions import Edit, build, object_phrase, templates_of

HOLE = "{}"
_NUMBER, _NUMBER_TEXT = 12345.5, "12345.5"
_OBJECT = "\0"
"""Stands for the object while the number is cut out: its name may hold digits."""


def words(name: str, thing: str, *, relative: bool) -> dict[str, str]:
    """The canonical sentences of one attribute for an object called ``thing``.

    ``rises`` and ``falls`` have `HOLE` in place of the magnitude; ``plus_one``, ``minus_one`` (whose unit is singular)
    and ``none`` are whole. ``relative`` asks for the scale's unit.
    """

    def say(delta: float) -> str:
        return build(Edit(name, delta, _OBJECT, relative))

    phrase = object_phrase(thing)
    said = {
        "rises": say(_NUMBER).replace(_NUMBER_TEXT, HOLE),
        "falls": say(-_NUMBER).replace(_NUMBER_TEXT, HOLE),
        "plus_one": say(1.0),
        "minus_one": say(-1.0),
        "none": say(0.0),
    }
    return {key: text.replace(_OBJECT, phrase) for key, text in said.items()}


def describe(name: str, thing: str) -> dict[str, Any]:
    """An attribute as the page knows it; ``relative`` is null where the natural unit says it all."""
    chosen = attribute(name)
    has_relative = chosen.needs_source and bool(templates_of(chosen, relative=True))
    return {
        "name": name,
        "noun": chosen.noun,
        "unit": chosen.unit,
        "symbol": chosen.symbol,
        "scale_unit": chosen.scale.unit,
        "period": chosen.scale.period,
        "span": chosen.span,
        "natural": words(name, thing, relative=False),
        "relative": words(name, thing, relative=True) if has_relative else None,
    }
