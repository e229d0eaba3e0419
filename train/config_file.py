"""A configuration file: YAML of flat keys, each of its key's own type."""

from __future__ import annotations

import types
from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from reprlib import Repr
from typing import Any

import yaml

from cat_dataset.errors import InputError, UsageError

_CAP = 1 << 20
_LARGEST = 1 << 40
_SHORT = Repr()
"""Of values in messages: YAML's references make small files of enormous ones."""
_SHORT.maxstring = _SHORT.maxother = 80


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would drop the first in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        count = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if twice := [name for name, times in count.items() if times > 1]:
            raise yaml.constructor.ConstructorError(None, None, f"{twice[0]!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read_config_file(path: Path, kinds: Mapping[str, Any]) -> dict[str, Any]:
    """The keys and values in ``path``; ``kinds`` has the type of each key that may stand there.

    Raises:
        InputError: the file is missing or not YAML.
        UsageError: an unknown key (names the nearest one) or a value of another type.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file; check --config" if path.exists() else f"{path} does not exist; check --config")
    if path.stat().st_size > _CAP:
        raise InputError(f"{path} is larger than a configuration can be ({_CAP} bytes); check --config")
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, a 13th month, a number of 5000 digits
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise InputError(f"{path} must hold keys and values, like 'batch: 16'")
    return {key: _checked(key, value, kinds, str(path)) for key, value in raw.items()}


def _checked(key: Any, value: Any, kinds: Mapping[str, Any], where: str) -> Any:
    if key not in kinds:
        near = get_close_matches(str(key)[:80], kinds, n=1)
        more = f"; did you mean {near[0]!r}?" if near else f"; known keys: {', '.join(kinds)}"
        raise UsageError(f"{where}: unknown key {_SHORT.repr(key)}{more}")
    kind = kinds[key]
    if kind is float:
        value = _as_float(value)
    plain = list if isinstance(kind, types.GenericAlias) else kind
    if not isinstance(value, plain) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{where}: {key} must be of type {plain.__name__}, not {_SHORT.repr(value)}")
    if plain is list and not all(isinstance(item, str) for item in value):
        raise UsageError(f"{where}: {key} must be a list of names, not {_SHORT.repr(value)}")
    return value


def _as_float(value: Any) -> Any:
    """A float where ``value`` reads as one: to YAML 1, and even 1e-4 without a dot in it, are none."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
