"""The flags that make the states of a sweep, common to all scripts, and the `Sweep` they stand for. Standard library only."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from cat_dataset.attributes import attribute
from cat_dataset.command import warn
from cat_dataset.errors import UsageError
from render.blender.sweeping.spec import DIALS, Sweep, composite_name, drivable
from render.blender.sweeping.states import Span, at_random, grid, in_step

Choices = Mapping[str, tuple[str, float, float]]
"""What a script can vary: short name → attribute and its range unless told."""


def add_state_flags(group: argparse._ArgumentGroup, whole: Any, states: int) -> None:
    """``--states``, ``--also``, ``--hold``, ``--grid``, ``--random``; ``whole`` makes the type of a whole number in a range."""
    group.add_argument(
        "--states",
        type=whole(2, 10_000),
        default=states,
        metavar="N",
        help="values of each attribute, ends included (default: %(default)s)",
    )
    group.add_argument(
        "--also", nargs="+", action="append", default=[], metavar=("ATTRIBUTE", "FROM TO [N]"),
        help="vary another attribute too, in N values (as many as --states unless told); may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--hold", nargs=2, action="append", default=[], metavar=("ATTRIBUTE", "VALUE"), help="keep an attribute at a value; may be repeated"
    )
    together = group.add_mutually_exclusive_group()
    together.add_argument("--grid", action="store_true", help="all combinations of the attributes' values (without: in step)")
    together.add_argument("--random", type=whole(2, 10_000), metavar="N", help="N states at random, each attribute even in its own scale")


def add_vary_flags(group: argparse._ArgumentGroup, flag: str, choices: Choices, default: str, what: str) -> None:
    """``flag`` chooses among ``choices``, by their short names or the attributes'; ``--range`` gives their ranges."""
    ranges = ", ".join(f"{name} {low:g} {high:g} {attribute(of).symbol}".strip() for name, (of, low, high) in choices.items())
    short = {of: name for name, (of, _, _) in choices.items()}
    group.add_argument(
        flag, nargs="+", action="extend", choices=list(choices), type=lambda text: short.get(text, text), dest="vary", metavar="WHAT",
        help=f"{what}: one or more of {', '.join(choices)} (default: {default})",
    )  # fmt: skip
    group.add_argument(
        "--range", nargs=2, type=float, action="append", metavar=("FROM", "TO"),
        help=f"the range, one for all or one for each (default: {ranges})".replace("%", "%%"),
    )  # fmt: skip
    group.set_defaults(vary_default=default)


def chosen_spans(flags: Namespace, choices: Choices) -> list[Span]:
    """The spans that ``flags`` of `add_vary_flags` ask for; ``flags.vary`` then names what varies.

    Raises:
        UsageError: one thing twice, or another number of ranges.
    """
    flags.vary = flags.vary or [flags.vary_default]
    if len(set(flags.vary)) < len(flags.vary):
        raise UsageError(f"{' '.join(flags.vary)} names one thing twice; leave one out")
    ranges = flags.range or [choices[name][1:] for name in flags.vary]
    if len(ranges) == 1:
        ranges = ranges * len(flags.vary)
    if len(ranges) != len(flags.vary):
        raise UsageError(f"--range is given {len(ranges)} times for {len(flags.vary)} attributes; give it once, or once for each")
    spans = [Span(choices[name][0], first, last, flags.states) for name, (first, last) in zip(flags.vary, ranges, strict=True)]
    for span in spans:
        if attribute(span.attribute).unit == "percent" and max(abs(span.low), abs(span.high)) <= 1:
            warn(f"{span.attribute} goes from 0 to 100 percent; a range from {span.low:g} to {span.high:g} hardly shows")
    return spans


def driven_attributes(of_people: bool = False) -> str:
    """The attributes that every sweep, or that of people, can vary or hold, a line each: name, range, unit."""
    lines = []
    for kind, names in DIALS.items():
        for name in names if kind != ("material" if of_people else "deform") else ():
            if name == "deformation":
                continue  # of objects alone
            chosen = attribute(name)
            lines.append(f"  {name:22} {chosen.low:g} to {chosen.high:g} {chosen.unit}")
    return "\n".join(lines)


def make_sweep(
    name: str, spans: Sequence[Span], flags: Namespace, options: Mapping[str, Any] | None = None, parts: Sequence[object] = ()
) -> Sweep:
    """The sweep ``name`` over ``spans`` and whatever ``flags`` of `add_state_flags` add to them; ``parts`` are what else makes
    it another one than the plain one of that name.

    Raises:
        UsageError: an attribute that cannot be driven or is named twice, or a value outside its range.
    """
    spans = [*spans, *(_also(words, flags.states) for words in flags.also)]
    names = [span.attribute for span in spans]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice:
        raise UsageError(f"{twice} is varied twice; leave one out")
    held = {drivable(one): _number(value, f"--hold {one}") for one, value in flags.hold}
    states = at_random(spans, flags.random, flags.seed) if flags.random else grid(spans) if flags.grid else in_step(spans)
    if len(spans) > 1 or held or flags.random or flags.grid or options or parts:
        name = composite_name(
            name, [[one.attribute, one.low, one.high, one.count] for one in spans], held, flags.grid, flags.random, options, *parts
        )
    return Sweep(name, tuple(names), states, held, options or {})


def _also(words: Sequence[str], states: int) -> Span:
    if len(words) not in (3, 4):
        raise UsageError(f"--also {' '.join(words)} needs an attribute and its range: --also ATTRIBUTE FROM TO [N]")
    what = f"--also {words[0]}"
    count = _number(words[3], what) if len(words) == 4 else states
    if count != int(count) or count < 2:
        raise UsageError(f"{what}: {words[3]} values; give a whole number of at least 2")
    return Span(drivable(words[0]), _number(words[1], what), _number(words[2], what), int(count))


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{what}: {text!r} is not a number") from None
