"""Edits as people ask for them, in Python or on a command line, read and checked before anything heavy is loaded."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from numbers import Real

from cat_dataset.attributes import Attribute, attribute
from cat_dataset.errors import UsageError
from cat_dataset.instructions import Edit, parse

Asked = str | Iterable["str | Edit | tuple[str, float] | tuple[str, float, str]"]
"""A sentence; or edits, each a sentence, an `Edit`, (attribute, change) or (attribute, change, unit)."""

_FLAG = re.compile(r"\s*(?P<name>\w+)\s*=\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(?P<unit>\D*?)\s*", re.IGNORECASE)


def as_edits(asked: Asked) -> list[Edit]:
    """The edits asked for, in the order given.

    Raises:
        UsageError: a sentence nobody can read, an unknown attribute or unit.
    """
    if isinstance(asked, str):
        return parse(asked)
    edits: list[Edit] = []
    for item in asked:
        if isinstance(item, Edit):
            edits.append(item)
        elif isinstance(item, str):
            edits += parse(item)
        else:
            edits.append(_of_tuple(item))
    return edits


def edit_flag(text: str) -> Edit:
    """``exposure=+1``, ``iso=2stops``, ``"light_temperature=-1200 K"``: a change in the natural unit unless another is given.

    Raises:
        UsageError: it reads otherwise.
    """
    found = _FLAG.fullmatch(text)
    if found is None:
        raise UsageError(f"--edit {text}: say it like --edit exposure=+1 or --edit iso=2stops")
    return _of_tuple((found["name"], float(found["number"]), found["unit"]))


def value_flags(given: Iterable[str]) -> dict[str, float]:
    """Natural values of the picture from ``iso=400`` and the like.

    Raises:
        UsageError: one reads otherwise, stands twice, or is out of its range.
    """
    values: dict[str, float] = {}
    for item in given:
        name, _, number = item.partition("=")
        if name in values:
            raise UsageError(f"--from {name} is given twice; give one value")
        try:
            values[name] = attribute(name).check(float(number))
        except ValueError:
            raise UsageError(f"--from {item}: say it like --from iso=400") from None
    return values


def check_edits(edits: Sequence[Edit], learned: Collection[str], values: Mapping[str, float], *, plain: bool) -> None:
    """Refuse what an adapter that has ``learned`` these attributes cannot do to a picture with these natural ``values``.

    Raises:
        UsageError: an attribute that it has not learned or that stands twice, a change that is impossible or needs a value.
    """
    if len({edit.attribute for edit in edits}) < len(edits):
        raise UsageError("an instruction names each attribute once; add the changes up")
    for name, value in values.items():
        attribute(name).check(value)
    for edit in edits:
        if edit.attribute not in learned:
            raise UsageError(f"this adapter has not learned {edit.attribute}; it has learned {', '.join(learned)}")
        edit.encoded(values.get(edit.attribute), plain=plain)


def canonical(edits: Sequence[Edit]) -> list[Edit]:
    """By rising task id: whatever the order of asking, the model computes the same, to the last bit."""
    return sorted(edits, key=lambda edit: attribute(edit.attribute).task)


def values_after(values: Mapping[str, float], edits: Sequence[Edit]) -> dict[str, float]:
    """The natural values of a picture once ``edits`` are made; values nobody knows stay unknown."""
    moved = dict(values)
    for edit in edits:
        if edit.attribute in moved:
            chosen, value = attribute(edit.attribute), moved[edit.attribute]
            after = chosen.decode(value, edit.delta / chosen.span) if edit.relative else chosen.apply(value, edit.delta)
            moved[edit.attribute] = after if chosen.low <= after <= chosen.high else chosen.scale.wrap(after)
    return moved


def _of_tuple(item: object) -> Edit:
    if not isinstance(item, tuple | list) or len(item) not in (2, 3) or not isinstance(item[0], str):
        raise UsageError(f"an edit is a sentence or (attribute, change), not {item!r}")
    name, number, unit = (*item, "")[:3]
    if isinstance(number, bool) or not isinstance(number, Real):
        raise UsageError(f"{name} changes by a number, not by {number!r}")
    return Edit(name, float(number), relative=_is_relative(attribute(name), str(unit)))


def _is_relative(chosen: Attribute, unit: str) -> bool:
    """Whether ``unit`` is the scale's and not the natural one."""
    natural, scale = {"", chosen.unit, f"{chosen.unit}s", chosen.symbol}, chosen.scale.unit
    if unit.casefold() in {word.casefold() for word in natural}:
        return False
    if scale and unit.casefold() in (scale, f"{scale}s"):
        return True
    units = f"{chosen.unit}s" + (f" or {scale}s" if scale and scale != chosen.unit else "")
    raise UsageError(f"{chosen.name} does not change by {unit}; give it in {units}")
