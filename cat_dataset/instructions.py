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
_LONGEST = 2000


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


def build(edits: Edit | Sequence[Edit], variant: int = 0) -> str:
    """The sentence for one edit or several. ``variant`` picks among the attribute's templates (modulo their number)."""
    if isinstance(edits, Edit):
        edits = [edits]
    if not edits:
        raise UsageError("an instruction needs at least one edit")
    return "; ".join(_sentence(edit, variant) for edit in edits)


def parse(text: str) -> list[Edit]:
    """The edits that ``text`` asks for, in order. Inverse of `build`; case and a final full stop do not matter.

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


def object_phrase(name: str) -> str:
    """``name`` as the words an instruction can carry: no article, no joints of the grammar, at most 60 characters."""
    text = re.sub(r"[^\w\s'.,()+&-]+|_", " ", name)
    text = re.sub(r"^(?:(?:the|a|an)\s+)+", "", " ".join(text.split()), flags=re.IGNORECASE)
    return text[:60].strip(" .,") or DEFAULT_OBJECT


def _sentence(edit: Edit, variant: int) -> str:
    chosen = attribute(edit.attribute)
    candidates = templates_of(chosen, relative=edit.relative)
    if not candidates:
        raise UsageError(f"{chosen.name} has no sentence in {chosen.scale.unit or 'relative unit'}s; use {chosen.unit}s")
    text = candidates[variant % len(candidates)]
    negative = math.copysign(1.0, edit.delta) < 0 and edit.delta != 0
    text = re.sub(r"\[([^|\]]+)\|([^|\]]+)\]", lambda m: m[2 if negative else 1], text)
    amount = spell(abs(edit.delta))
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
    examples = [_sentence(Edit(a.name, -a.span if a.scale.name == "angle" else a.span), 0) for a in ATTRIBUTES.values()]
    near = get_close_matches(part, examples, n=2, cutoff=0.3) or examples[:2]
    raise UsageError(f"cannot read the instruction {part!r}; say it like {' or '.join(repr(e) for e in near)}")


def _match(part: str) -> Edit | None:
    for name, relative, signed_words, pattern in _patterns():
        match = pattern.fullmatch(part)
        if match is None:
            continue
        groups = match.groupdict()
        number = float(groups["number"])
        if not math.isfinite(number):
            return None
        if signed_words is not None and groups["word"].lower().split() == signed_words.lower().split():
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
                text = text.replace(re.escape(words[0]), f"(?P<word>{re.escape(words[1])}|{re.escape(words[2])})")
            text = text.replace(re.escape("{object}"), r"(?P<object>\S(?:.*?\S)?)")
            text = text.replace(re.escape("{signed}"), rf"(?P<number>[+-]?{_NUMBER})")
            for hole in ("{amount}", "{stops}"):
                text = text.replace(re.escape(hole), rf"(?P<number>{_NUMBER})")
            text = text.replace(r"\ ", r"\s+")
            result.append((chosen.name, "{stops}" in template, words[2] if words else None, re.compile(text, re.IGNORECASE)))
    return result
