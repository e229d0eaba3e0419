"""Taking a JSON object apart strictly: every key once, every value of its kind, nothing left over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

from capture.reading.shot import Gains
from cat_dataset.errors import SeriesError

T = TypeVar("T")

GAINS = (1e-3, 1e3)
"""Between which values a white-balance gain can be one."""


class Fields:
    """The keys of a JSON object, each taken once; ``what`` names the object in errors.

    Every method raises SeriesError for a value that is missing or of another kind.
    """

    def __init__(self, found: Any, what: str) -> None:
        if not isinstance(found, dict):
            raise SeriesError(f"{what} is no JSON object; the series.json was edited or is of another version")
        self.found = found
        self.what = what
        self._left = set(found)

    def take(self, name: str) -> Any:
        """The value of ``name`` as it is."""
        if name not in self.found:
            raise SeriesError(f"{self.what} lacks {name!r}; the series.json was edited or is of another version")
        self._left.discard(name)
        return self.found[name]

    def end(self) -> None:
        """Refuse keys that nobody took."""
        if self._left:
            names = ", ".join(repr(str(name)[:40]) for name in sorted(self._left, key=str)[:5])
            raise SeriesError(f"{self.what} has unknown {names}; the series.json was edited or is of another version")

    def choice(self, name: str, allowed: Sequence[T]) -> T:
        """A value that is one of ``allowed``, of the same type."""
        value = self.take(name)
        for one in allowed:
            if type(value) is type(one) and value == one:
                return one
        raise self._wrong(name, f"one of {', '.join(map(str, allowed))}")

    def whole(self, name: str, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return self._whole(name, self.take(name), low, high)

    def whole_numbers(self, name: str, count: int, low: int, high: int) -> list[int]:
        """A list of ``count`` integers in [low, high]."""
        return [self._whole(name, value, low, high) for value in self._list(name, count)]

    def number(self, name: str) -> float:
        """A finite number."""
        return self._number(name, self.take(name))

    def numbers(self, name: str, count: int) -> list[float]:
        """A list of ``count`` finite numbers."""
        return [self._number(name, value) for value in self._list(name, count)]

    def between(self, name: str, low: float, high: float) -> float:
        """A number in [low, high]."""
        value = self.number(name)
        if not low <= value <= high:
            raise self._wrong(name, f"from {low:g} to {high:g}")
        return value

    def gains(self, name: str) -> Gains | None:
        """Three gains in GAINS, or None."""
        if self.take(name) is None:
            return None
        red, green, blue = self.numbers(name, 3)
        if not GAINS[0] <= min(red, green, blue) <= max(red, green, blue) <= GAINS[1]:
            raise self._wrong(name, f"from {GAINS[0]:g} to {GAINS[1]:g}")
        return red, green, blue

    def _list(self, name: str, count: int) -> list[Any]:
        value = self.take(name)
        if not isinstance(value, (list, tuple)) or len(value) != count:
            raise self._wrong(name, f"a list of {count}")
        return list(value)

    def _number(self, name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self._wrong(name, "a finite number")
        return float(value)

    def _whole(self, name: str, value: Any, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(name, f"a whole number from {low} to {high}")
        return value

    def _wrong(self, name: str, expected: str) -> SeriesError:
        return SeriesError(f"{self.what}: {name} is {str(self.found[name])[:60]}, which is not {expected}")
