"""Single values of a plan, checked; errors name the plan's key."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from cat_dataset.errors import UsageError
from render.plan_yaml import shown

LONGEST = 900
"""Letters of a text: manifests take paths of 1000."""


class Keys:
    """The keys of a mapping in a plan; ``where`` names it in errors."""

    def __init__(self, raw: Mapping[str, Any], where: str) -> None:
        self.raw, self.where = raw, where

    def refuse(self, key: str, wanted: str) -> UsageError:
        """What is wrong with ``key``."""
        given = f"not {shown(self.raw[key])!r}" if key in self.raw else "and is absent"
        return UsageError(f"{self.where}: {key} must be {wanted}, {given}")

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self.raw.get(key, default)
        if type(value) is not int or not low <= value <= high:
            raise self.refuse(key, f"a whole number from {low} to {high}")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A number from ``low`` to ``high``."""
        value = self.raw.get(key, default)
        if not _is_number(value) or not low <= value <= high:
            raise self.refuse(key, f"a number from {low:g} to {high:g}")
        return float(value)

    def rising(self, key: str, default: tuple[float, float], low: float, high: float) -> tuple[float, float]:
        """Two numbers, the second not below the first."""
        value = self.raw.get(key, list(default))
        if not isinstance(value, list) or len(value) != 2 or not all(map(_is_number, value)) or not low <= value[0] <= value[1] <= high:
            raise self.refuse(key, f"two rising numbers from {low:g} to {high:g}, like [{default[0]:g}, {default[1]:g}]")
        return float(value[0]), float(value[1])

    def one_of(self, key: str, default: str | None, choices: tuple[str, ...]) -> str:
        """One of ``choices``; without a ``default`` it must be given."""
        value = self.raw.get(key, default)
        if not isinstance(value, str) or value not in choices:
            raise self.refuse(key, f"one of {', '.join(choices)}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A text in one line that is not blank; without a ``default`` it must be given."""
        value = self.raw.get(key, default)
        if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > LONGEST:
            raise self.refuse(key, "a text in one line")
        return value

    def texts(self, key: str, pattern: re.Pattern[str], example: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """One text or a list of different ones, each as ``pattern`` wants it."""
        value = self.raw.get(key, None if default is None else list(default))
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed):
            raise self.refuse(key, f"a text or a list of them, like {example}")
        for index, one in enumerate(listed):
            if not pattern.fullmatch(one):
                raise UsageError(f"{self.where}: {key}[{index}] must be like {example}, not {one[:80]!r}")
        twice = next((one for one, count in Counter(listed).items() if count > 1), None)
        if twice is not None:
            raise UsageError(f"{self.where}: {key} names {twice!r} twice; leave one out")
        return tuple(listed)


def _is_number(value: Any) -> bool:
    return type(value) is int or (isinstance(value, float) and math.isfinite(value))
