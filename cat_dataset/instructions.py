"""Sentences for edits, and edits from sentences.

Template grammar: ``{object}`` the thing edited; ``{signed}`` a signed number in the natural unit; ``{amount}`` its
magnitude, ``[up|down]`` the words that carry its sign; ``{stops}`` a magnitude in the scale's unit (stops, mireds,
octaves), which needs no source value. Several edits are joined by ``"; "``.
Standard library only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cache

from cat_dataset.attributes import ATTRIBUTES, Attribute, attribute
from cat_dataset.errors import UsageError

DEFAULT_OBJECT = "object"
_NUMBER = r"\d+(?:\.\d+)?"
_UNITS = {
    "degrees": "degrees?|deg|°",
    "stops": "stops?",
    "octaves": "octaves?",
    "mireds": "mireds?",
    "kelvins": "kelvins?|K",
    "lumens": "lumens?|lm",
    "centimetres": "centimet(?:re|er)s?|cm",
    "millimetres": "millimet(?:re|er)s?|mm",
    "metres": "met(?:re|er)s?|m",
    "dioptres": "diopt(?:re|er)s?",
    "points": "points?",
    "percent": "percent|%",
}
"""How else the units of the templates may be written."""
_VERBS = {"Increase": "Increase|Raise", "Decrease": "Decrease|Lower|Reduce"}
"""How else the verbs of the templates may be said."""
_LONGEST = 2000
_AMOUNT = re.compile(r" by \{(?:amount|signed|stops)\}(?: \w+(?: of elevation)?)?")
"""How much, in a template: the number and its unit."""


@dataclass(frozen=True)
class Edit:
    """One change: ``delta`` in the natural unit, or in the scale's unit (stops, mireds) where ``relative``."""

    attribute: str
    delta: float
    object: str = DEFAULT_OBJECT
    relative: bool = False

    def encoded(self, source: float | None = None, *, plain: bool = False) -> float:
        """The number the model sees.

        Args:
            source: natural value of the attribute in the source picture; needed where equal natural steps are not
                equal to the eye ("Increase the ISO by 1600" is 4 stops from ISO 107 and half a stop from ISO 3200).
            plain: the paper's plain difference of natural values.

        Raises:
            UsageError: ``source`` is needed and absent, or the result is impossible.
        """
        chosen = attribute(self.attribute)
        reach = chosen.scale.forward(chosen.high) - chosen.scale.forward(chosen.low) if self.relative else chosen.high - chosen.low
        if not abs(self.delta) <= reach:
            unit = f"{chosen.scale.unit}s" if self.relative else chosen.unit
            raise UsageError(f"{chosen.name} cannot change by {self.delta:g} {unit}; its whole range is {reach:g}")
        if self.relative:
            if plain:
                raise UsageError(f"{chosen.name}: a plain-difference adapter needs a change in {chosen.unit}, not in {chosen.scale.unit}s")
            return self.delta / chosen.span
        if not chosen.needs_source:
            return self.delta / ((plain and chosen.plain_span) or chosen.span)
        if plain:
            return self.delta / chosen.plain_span
        if source is None:
            raise UsageError(
                f"a change of {self.delta:g} {chosen.unit} needs the {chosen.noun} of the picture: give it with "
                f"--from {chosen.name}=VALUE, or say the change in {chosen.scale.unit}s"
            )
        return chosen.encode(chosen.check(source), chosen.check(chosen.apply(source, self.delta)))


def build(edits: Edit | Sequence[Edit], variant: int = 0, *, numbers: bool = True) -> str:
    """The sentence for one edit or several. ``variant`` picks among the attribute's templates (modulo their number).

    Without ``numbers`` it says the direction alone ("Increase the exposure"): an attribute then has as many sentences as
    templates and signs, and the number reaches the model some other way.
    """
    if isinstance(edits, Edit):
        edits = [edits]
    if not edits:
        raise UsageError("an instruction needs at least one edit")
    return "; ".join(_sentence(edit, variant, numbers) for edit in edits)


def parse(text: str) -> list[Edit]:
    """The edits that ``text`` asks for, in order. Inverse of `build`; case, articles and a final full stop do not matter.

    Raises:
        UsageError: a part that no template of any attribute matches; names the nearest known sentence.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"an instruction has at most {_LONGEST} characters, this one has {len(text)}")
    parts = [part.strip() for part in text.strip().rstrip(".").split(";")]
    return [edit for part in parts for edit in _parse_part(part)]


def templates_of(chosen: Attribute, *, relative: bool) -> list[str]:
    """The attribute's templates that speak in the scale's unit (``relative``) or in the natural unit."""
    return [t for t in chosen.templates if ("{stops}" in t) == relative]


def spell(number: float) -> str:
    """A number as people write it: shortest digits that give the same float back, never an exponent."""
    if not math.isfinite(number):
        raise UsageError(f"{number} is not a number an instruction can ask for")
    text = format(Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def said(delta: float) -> float:
    """``delta`` as an instruction says it: six digits, so that what floats add in the last places is not learned as words."""
    return float(f"{delta:.6g}")


def object_phrase(name: str) -> str:
    """``name`` as the words an instruction can carry: no article, no joints of the grammar, at most 60 characters."""
    text = re.sub(r"[^\w\s'.,()+&-]+|_", " ", name)
    text = re.sub(r"^(?:(?:the|a|an)\s+)+", "", " ".join(text.split()), flags=re.IGNORECASE)
    return text[:60].strip(" .,") or DEFAULT_OBJECT


def _sentence(edit: Edit, variant: int, numbers: bool) -> str:
    chosen = attribute(edit.attribute)
    candidates = templates_of(chosen, relative=edit.relative)
    if not candidates:
        raise UsageError(f"{chosen.name} has no sentence in {chosen.scale.unit or 'relative unit'}s; use {chosen.unit}s")
    text = candidates[variant % len(candidates)]
    negative = math.copysign(1.0, edit.delta) < 0 and edit.delta != 0
    if not numbers:
        backwards = " backwards" if negative and "{signed}" in text else ""
        text = _AMOUNT.sub("", text) + backwards
    text = re.sub(r"\[([^|\]]+)\|([^|\]]+)\]", lambda m: m[2 if negative else 1], text)
    amount = spell(abs(edit.delta))
    if amount == "1":
        text = re.sub(r"(?<=\} )\w+", lambda m: m[0].removesuffix("s") if m[0] in _UNITS else m[0], text)
    signed = f"-{amount}" if negative else amount
    for hole, filling in (("{amount}", amount), ("{stops}", amount), ("{signed}", signed), ("{object}", edit.object)):
        text = text.replace(hole, filling)
    return text


def _parse_part(part: str) -> list[Edit]:
    found = _match(part)
    if found is not None:
        return [found]
    for joint in re.finditer(r"\s+and\s+", part):
        head = _match(part[: joint.start()])
        if head is not None:
            return [head, *_parse_part(part[joint.end() :])]
    raise UsageError(f"cannot read the instruction {part!r}; say it like {' or '.join(map(repr, _hints(part)))}")


def example(chosen: Attribute) -> Edit:
    """A change of a quarter of the attribute's span, in a unit that needs no source value."""
    return Edit(chosen.name, chosen.span / 4, relative=chosen.needs_source)


def _hints(part: str) -> list[str]:
    """Sentences near to one that cannot be read: of the attributes it names, else of similar letters."""
    sentences = {a.name: build(example(a)) for a in ATTRIBUTES.values()}
    named = [sentences[a.name] for a in ATTRIBUTES.values() if re.search(rf"\b{re.escape(a.noun)}\b", part, re.IGNORECASE)]
    return named[:2] or get_close_matches(part, sentences.values(), n=2, cutoff=0.5) or [sentences["exposure"], sentences["rotation_z"]]


def _match(part: str) -> Edit | None:
    for name, relative, signed_words, pattern in _patterns():
        match = pattern.fullmatch(part)
        if match is None:
            continue
        groups = match.groupdict()
        number = float(groups["number"])
        if not math.isfinite(number):
            return None
        if signed_words is not None and re.fullmatch(signed_words, groups["word"], re.IGNORECASE):
            number = -number
        return Edit(name, number + 0.0, groups.get("object") or DEFAULT_OBJECT, relative)
    return None


@cache
def _patterns() -> list[tuple[str, bool, str | None, re.Pattern[str]]]:
    """(attribute, relative, the words that make it negative, pattern) for every template of the registry."""
    result = []
    for chosen in ATTRIBUTES.values():
        for template in chosen.templates:
            words = re.search(r"\[([^|\]]+)\|([^|\]]+)\]", template)
            text = re.escape(template)
            if words is not None:
                rise, fall = (_loose(word) for word in words.groups())
                text = text.replace(re.escape(words[0]), f"(?P<word>{rise}|{fall})")
            text = re.sub(r"\\\{(amount|stops|signed)\\\}(?:\\ (\w+))?", _number_and_unit, text)
            text = text.replace(re.escape("{object}"), r"(?P<object>\S(?:.*?\S)?)")
            text = text.replace(r"the\ ", r"(?:the\s+)?").replace(r"\ ", r"\s+")
            result.append((chosen.name, "{stops}" in template, fall if words else None, re.compile(text, re.IGNORECASE)))
    return result


def _loose(words: str) -> str:
    """A pattern for the words that carry a sign: other verbs of the same meaning, any white space."""
    return _VERBS.get(words) or re.escape(words).replace(r"\ ", r"\s+")


def _number_and_unit(hole: re.Match[str]) -> str:
    """A pattern for a number and the unit behind it, in any of the unit's spellings, with or without a space."""
    number = rf"(?P<number>{'[+-]?' if hole[1] == 'signed' else ''}{_NUMBER})"
    return number if hole[2] is None else rf"{number}\s*(?:{_UNITS.get(hole[2], hole[2])})"
