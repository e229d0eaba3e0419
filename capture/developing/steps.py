"""The values of a series of exact changes, from what the user wrote behind --white-balance, --exposure and the like."""

from __future__ import annotations

import math
import re

from capture.colour_temperature import HIGHEST, LOWEST
from capture.developing.recipe import CHANGES, LIMITS
from capture.reading.shot import Shot
from cat_dataset.attributes import attribute as registered
from cat_dataset.errors import InputError, UsageError

__all__ = ("CHANGES", "LIMITS", "MIRED_STEP", "around", "values_of")

MIRED_STEP = 0.5
"""One step of --white-balance N: 400 steps of it around an as-shot white reach 100 mired to either side."""

MOST = 4001
_EXAMPLES = {
    "white_balance": "400, 2800:10000:25 or 3000,4000,5000", "exposure": "-2:2:9 or -2,-1,0,1", "gamma": "1:3:21 or 1,1.8,2.2",
    "hue": "-180:170:36 or -30,0,30", "saturation": "0:200:21 or 50,100,150", "contrast": "50:200:16 or 50,100,200",
}  # fmt: skip


def values_of(attribute: str, text: str, shot: Shot) -> tuple[float, ...]:
    """The rising values that ``text`` asks for: LO:HI:N (N values, both ends included), or a list with commas.

    For white_balance LO:HI:N is even in mired, and a single even number N means N/2 steps of MIRED_STEP lower and as many
    higher than the white ``shot`` was taken with, and that white itself.

    Raises:
        UsageError: not of that form, under two or too many values, the same one twice, or outside LIMITS.
        InputError: steps around an as-shot white that the file does not tell.
    """
    flag = f"--{attribute.replace('_', '-')} {text[:80]}"
    if attribute not in CHANGES:
        raise UsageError(f"{attribute!r} cannot be changed exactly in one picture; these can: {', '.join(CHANGES)}")
    single = re.fullmatch(r"\s*\d{1,9}\s*", text)
    if attribute == "white_balance" and single:
        values = around(_as_shot(shot, flag), int(text), flag)
    else:
        values = _spread(attribute, text, flag) if ":" in text else tuple(_number(part, attribute, flag) for part in text.split(","))
    if not 2 <= len(values) <= MOST:
        raise UsageError(f"{flag} gives {len(values)} values; a series has 2 to {MOST}, like {_EXAMPLES[attribute]}")
    low, high = LIMITS[attribute]
    outside = [value for value in values if not low <= value <= high]
    if outside:
        unit = registered(attribute).symbol
        raise UsageError(f"{flag} asks for {outside[0]:g} {unit}; {attribute} can be made from {low:g} to {high:g} {unit}")
    if len(set(values)) < len(values):
        raise UsageError(f"{flag} gives the same value twice")
    return tuple(sorted(values))


def around(kelvin: float, count: int, flag: str) -> tuple[float, ...]:
    """``count`` / 2 steps of MIRED_STEP below ``kelvin``, itself, and as many above, rising: 1e6/K = 1e6/K0 − MIRED_STEP·s.

    Raises:
        UsageError: an odd count, or steps past the whites for which kelvins are defined.
    """
    if count < 2 or count % 2 or count >= MOST:
        raise UsageError(f"{flag}: the number of steps must be even, 2 to {MOST - 1}, half of them to either side")
    mired = 1e6 / kelvin
    room = min((mired - 1e6 / HIGHEST) / MIRED_STEP, (1e6 / LOWEST - mired) / MIRED_STEP)
    if count // 2 > room:
        most = 2 * max(0, math.floor(room))
        span = f"{LOWEST:g} to {HIGHEST:g} K"
        raise UsageError(
            f"{flag}: {count // 2} steps to either side of {kelvin:.0f} K leave {span}; ask for at most {most}, or list kelvins"
        )
    return tuple(1e6 / (mired - MIRED_STEP * step) for step in range(-count // 2, count // 2 + 1))


def _as_shot(shot: Shot, flag: str) -> float:
    if shot.kelvin is None:
        raise InputError(f"{shot.path} does not tell the white it was taken with, so {flag} has no middle; list kelvins instead")
    return shot.kelvin.value


def _spread(attribute: str, text: str, flag: str) -> tuple[float, ...]:
    parts = text.split(":")
    if len(parts) != 3 or not re.fullmatch(r"\s*\d{1,6}\s*", parts[2]):
        raise UsageError(f"{flag} is not of the form LO:HI:N; write it like {_EXAMPLES[attribute]}")
    low, high, count = _number(parts[0], attribute, flag), _number(parts[1], attribute, flag), int(parts[2])
    if not 2 <= count <= MOST:
        raise UsageError(f"{flag} asks for {count} values; a series has 2 to {MOST}")
    if attribute == "white_balance":
        if min(low, high) <= 0:
            raise UsageError(f"{flag}: kelvins are above 0")
        inner = (1e6 / (1e6 / low + (1e6 / high - 1e6 / low) * index / (count - 1)) for index in range(1, count - 1))
        return (low, *inner, high)
    return tuple(round(low + (high - low) * index / (count - 1), 9) for index in range(count))


def _number(text: str, attribute: str, flag: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{flag}: {text.strip()[:40]!r} is no number; write it like {_EXAMPLES[attribute]}")
    return value
