"""Checked reading of the JSON that comes from outside: every error is one line that names the field."""

from __future__ import annotations

import math
import re
import sys
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from cat_dataset.errors import InputError

SERIES_ID = re.compile(r"[A-Za-z0-9_]{1,80}")
"""Also the name of a temporary asset, so no more than an asset's name may have."""
ENGINE = re.compile(r"(\d{1,2}\.\d{1,2})?")
ASSET = re.compile(r"(/[A-Za-z0-9_\- ]{1,100}){2,20}(\.[A-Za-z0-9_\- ]{1,100})?")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_\- ]{0,99}")
CONTROL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_\- ]{0,99}(\.[xy])?")


class Table:
    """A JSON object under a name for errors."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            raise InputError(f"{where} is not a JSON object; make the plan again")
        self.data: dict[str, Any] = data
        self.where = where

    def _wrong(self, key: str, wanted: str) -> InputError:
        shown = repr(self.data.get(key))
        return InputError(f"{self.where}: {key} must be {wanted}, got {shown if len(shown) < 80 else shown[:77] + '...'}")

    def only(self, names: set[str]) -> None:
        """Refuse keys that nobody reads: they are mistakes."""
        if unknown := sorted(map(str, set(self.data) - names)):
            raise InputError(f"{self.where} has the unknown field {unknown[0]!r}; take it out")

    def text(self, key: str, longest: int = 200) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or len(value) > longest or not (value.isprintable() or not value):
            raise self._wrong(key, f"a string of at most {longest} printable characters")
        return value

    def matching(self, key: str, pattern: re.Pattern[str]) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._wrong(key, f"a string like {pattern.pattern}")
        return value

    def path(self, key: str) -> str:
        """An absolute path, of this system or of Windows."""
        value = self.text(key, 1000)
        if not (PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute()):
            raise self._wrong(key, "an absolute path")
        return value

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.data.get(key)
        if value not in choices:
            raise self._wrong(key, "one of " + ", ".join(choices))
        return str(value)

    def number(self, key: str, low: float, high: float) -> float:
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._wrong(key, f"a number from {low} to {high}")
        return float(value)

    def whole(self, key: str, low: int, high: int) -> int:
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(key, f"a whole number from {low} to {high}")
        return value

    def wholes(self, key: str, low: int, high: int) -> tuple[int, ...]:
        value = self.data.get(key)
        if not isinstance(value, list | tuple) or not value or len(set(map(str, value))) != len(value):
            raise self._wrong(key, "a list of different whole numbers, at least one")
        return tuple(Table({key: entry}, self.where).whole(key, low, high) for entry in value)

    def numbers(self, key: str, pattern: re.Pattern[str]) -> dict[str, float]:
        """An object of finite numbers under names."""
        table = self.table(key)
        for name in table.data:
            if not pattern.fullmatch(name):
                raise InputError(f"{self.where}: {key} has the name {name!r}, which must be like {pattern.pattern}")
        return {name: table.number(name, -math.inf, math.inf) for name in table.data if table.finite(name)}

    def finite(self, key: str) -> bool:
        """True; a number that is not finite is refused."""
        if not isinstance(self.data[key], int | float) or not abs(self.data[key]) <= sys.float_info.max:
            raise self._wrong(key, "a finite number")
        return True

    def names(self, key: str, pattern: re.Pattern[str], most: int) -> tuple[str, ...]:
        value = self.data.get(key)
        if not isinstance(value, list | tuple) or not 0 < len(value) <= most:
            raise self._wrong(key, f"a list of 1 to {most} names")
        return tuple(Table({key: name}, self.where).matching(key, pattern) for name in value)

    def table(self, key: str) -> Table:
        return Table(self.data.get(key), f"{self.where}: {key}")

    def tables(self, key: str, most: int, least: int = 1) -> list[Table]:
        value = self.data.get(key)
        if not isinstance(value, list | tuple) or not least <= len(value) <= most:
            raise self._wrong(key, f"a list of {least} to {most} objects")
        return [Table(entry, f"{self.where}: {key}[{index}]") for index, entry in enumerate(value)]
