"""Orders for traps, as given on the command line: ``NAME[:FRAME,FRAME…][=STRENGTH[/SECOND]]``."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import replace

from capture.simulate.press import Press
from capture.simulate.trap_tables import ALL, LAST, LATTER, MIDDLE, Order, Trap
from capture.simulate.traps_of_files import TRAPS as FILES
from capture.simulate.traps_of_light import TRAPS as LIGHT
from capture.simulate.traps_of_motion import TRAPS as MOTION
from capture.simulate.traps_of_tags import TRAPS as TAGS
from cat_dataset.errors import UsageError

TRAPS: dict[str, Trap] = {trap.name: trap for group in (LIGHT, MOTION, TAGS, FILES) for trap in group}


def parse_order(text: str) -> Order:
    """The order that ``text`` gives.

    Raises:
        UsageError: no trap of that name, or frames or strengths that are no numbers.
    """
    head, _, strengths = text.partition("=")
    name, _, listed = head.partition(":")
    trap = TRAPS.get(name.strip())
    if trap is None:
        near = difflib.get_close_matches(name.strip(), TRAPS, 1, 0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(TRAPS))}"
        raise UsageError(f"--trap {text!r}: no trap is called {name.strip()!r}; {hint}")
    try:
        frames = tuple(sorted({int(part) - 1 for part in listed.split(",")})) if listed else None
        strength = tuple(float(part) for part in strengths.split("/")) if strengths else ()
    except ValueError:
        raise UsageError(f"--trap {text!r}: write it as NAME, NAME:2,5 (frames count from 1), NAME=STRENGTH or NAME:2=STRENGTH") from None
    if len(strength) > len(trap.strength) or not all(math.isfinite(one) for one in strength):
        raise UsageError(f"--trap {text!r}: {name} takes {len(trap.strength)} strength(s): {trap.meaning}")
    whole = strength + trap.strength[len(strength) :]
    for value, (low, high) in zip(whole, trap.limits, strict=True):
        if not low <= value <= high:
            raise UsageError(f"--trap {text!r}: a strength of {value:g} must lie within {low:g} to {high:g} ({trap.meaning})")
    return Order(trap, whole, frames)


def spoil(presses: Sequence[Press], orders: Sequence[Order]) -> list[Press]:
    """``presses`` with every order carried out, in the order given; what was done stands in `Press.spoilt`.

    Raises:
        UsageError: a frame that the folder does not have, or a trap that means nothing for this series.
    """
    done = list(presses)
    for order in orders:
        for index in _frames(order, len(presses)):
            spoilt, truth = order.trap.spoil(done[index], order, done)
            told = {"trap": order.trap.name, **truth}
            done[index] = replace(spoilt, spoilt=(*done[index].spoilt, told))
    return done


def _frames(order: Order, count: int) -> Sequence[int]:
    if order.frames is not None:
        for frame in order.frames:
            if not 0 <= frame < count:
                raise UsageError(f"--trap {order.trap.name}:{frame + 1}: the folder has frames 1 to {count}")
        return order.frames
    return {ALL: range(count), MIDDLE: [count // 2], LAST: [count - 1], LATTER: range(count // 2, count)}[order.trap.frames]


def described() -> str:
    """A line per trap: its name, default strength, which frames it spoils, and what the strength means."""
    return "\n".join(
        f"{name:16}{'/'.join(f'{one:g}' for one in trap.strength):10}{trap.frames}: {trap.meaning}" for name, trap in sorted(TRAPS.items())
    )
