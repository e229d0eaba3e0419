r"""Which shape keys make an attribute: ``[ATTRIBUTE=]KEY[+KEY...][/KEY[+KEY...]]``. Standard library only.

The keys before the slash make the attribute's positive side, those after it the negative one; a side without keys is the
other side's sliders below 0. 10 points are slider 1. A ``\`` before +, / or = makes it a part of a key's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cat_dataset.errors import UsageError
from render.blender.sweeping.spec import DIALS

POINTS = 10.0
"""Points of an attribute that are slider 1."""

_TELLING: Mapping[str, tuple[str, str]] = {
    "expression_smile": (r"smile", r"frown"),
    "expression_brows": (r"brows?(inner|outer)?(up|raise)|raise(inner|outer)?brow", r"brows?(down|lower)|lower(inner|outer)?brow"),
    "expression_eyes": (r"eyes?wide|wideeye", r"eyes?(blink|close)|blink|closeeye"),
    "expression_mouth": (r"(jaw|mouth)open|open(jaw|mouth)", r"(jaw|mouth)close|close(jaw|mouth)"),
}
"""Names of keys that leave no doubt, letters alone, for the positive and the negative side."""


@dataclass(frozen=True)
class Binding:
    """The shape keys on either side of an attribute; one side may be empty."""

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return self.positive + self.negative

    @property
    def low(self) -> float:
        """Where its range starts unless told: both ways only if both have keys."""
        return -POINTS if self.negative else 0.0

    @property
    def high(self) -> float:
        return POINTS if self.positive else 0.0

    def sliders(self, value: float) -> dict[str, float]:
        """The sliders of all keys at ``value`` points."""
        above, below = max(value, 0.0) / POINTS, min(value, 0.0) / POINTS
        plus = above + (0.0 if self.negative else below)
        minus = -below - (0.0 if self.positive else above)
        return {**dict.fromkeys(self.positive, plus), **dict.fromkeys(self.negative, minus)}

    def value(self, sliders: Mapping[str, float]) -> float:
        """The points that sliders amount to; the mean where the keys of a side differ."""
        sides = ((1.0, self.positive), (-1.0, self.negative))
        return POINTS * sum(sign * sum(sliders[key] for key in keys) / len(keys) for sign, keys in sides if keys)

    def as_json(self) -> dict[str, list[str]]:
        return {"positive": list(self.positive), "negative": list(self.negative)}


def read_bindings(specs: Iterable[str]) -> dict[str, Binding]:
    """The bindings of all ``specs`` by attribute.

    Raises:
        UsageError: no key, one key twice, or an attribute twice.
    """
    found: dict[str, Binding] = {}
    for spec in specs:
        name, binding = read_binding(spec)
        if name in found:
            raise UsageError(
                f"--key {spec}: {name} has its keys already; join keys with +, or write ATTRIBUTE= ({', '.join(DIALS['deform'])})"
            )
        found[name] = binding
    keys = [key for binding in found.values() for key in binding.keys]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise UsageError(f"--key names the shape key {twice} twice; leave one out")
    return found


def read_binding(spec: str) -> tuple[str, Binding]:
    """The attribute and the keys of one ``spec``.

    Raises:
        UsageError: it names no key.
    """
    named, equals, rest = spec.partition("=")
    given = equals and named in DIALS["deform"]
    sides = _split(rest if given else spec, "/")
    if len(sides) > 2:
        raise UsageError(rf"--key {spec} has several slashes; one parts the positive side from the negative, a \/ belongs to a name")
    positive, negative = ([_unescaped(key) for key in _split(side, "+")] if side else [] for side in [*sides, ""][:2])
    if not (positive or negative) or "" in positive + negative:
        raise UsageError(f"--key {spec} lacks the name of a shape key; write [ATTRIBUTE=]KEY[+KEY...][/KEY...]")
    binding = Binding(tuple(positive), tuple(negative))
    return (named if given else _guessed(binding)), binding


def _guessed(binding: Binding) -> str:
    """The attribute that the keys' names tell, if they all tell the same, or else ``deformation``."""
    told = {_told(key, 0) for key in binding.positive} | {_told(key, 1) for key in binding.negative}
    return (told.pop() if len(told) == 1 else None) or "deformation"


def _told(key: str, side: int) -> str | None:
    letters = re.sub("[^a-z]", "", key.lower())
    matching = [name for name, patterns in _TELLING.items() if re.search(patterns[side], letters)]
    return matching[0] if len(matching) == 1 else None


def _split(text: str, mark: str) -> Sequence[str]:
    return re.split(rf"(?<!\\){re.escape(mark)}", text)


def _unescaped(key: str) -> str:
    return re.sub(r"\\([+/=\\])", r"\1", key)
