"""Plans in YAML, read with care: what all commands that take a PLAN.yaml share."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError, UsageError

PLAN_CAP = 4 << 20
"""Bytes of the largest plan that is read at all."""
LONGEST_NUMBER = 4000
"""Digits of a whole number; Python cannot show one of more than 4300."""
_WHOLE = "tag:yaml.org,2002:int"


def read_yaml(path: Path, if_too_large: str) -> Any:
    """The one value in the YAML file ``path``; ``if_too_large`` is the advice to whoever has a plan beyond `PLAN_CAP`.

    Raises:
        InputError: missing, too large, not YAML, or a mapping names a key twice. UsageError: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise UsageError("plans are YAML, and PyYAML is not installed; pip install pyyaml") from None
    if not path.is_file():
        raise InputError(f"{path} does not exist; give the plan to render")
    if path.stat().st_size > PLAN_CAP:
        raise InputError(f"{path} is larger than a plan can be ({PLAN_CAP} bytes); {if_too_large}")
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        endless = next((node for node in _nodes(root) if node.tag == _WHOLE and len(node.value) > LONGEST_NUMBER), None)
        if endless is not None:  # of base 2, 8, 16 or 60, which Python reads, and then cannot show
            raise InputError(f"{path} has a number of {len(endless.value)} digits in line {endless.start_mark.line + 1}; no key takes it")
        twice = _named_twice(root)
        if twice is not None:
            raise InputError(f"{path} says {twice.value!r} twice, the second time in line {twice.start_mark.line + 1}; leave one out")
        return loader.construct_document(root) if root is not None else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())[:300]}") from None


def check_keys(raw: Mapping[Any, Any], known: Iterable[str], where: str) -> None:
    """Refuse keys that are not ``known``.

    Raises:
        UsageError: names the key, and the nearest known one.
    """
    known = list(known)
    for key in raw:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            raise UsageError(
                f"{where}: unknown key {key!r}; " + (f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}")
            )


def mapping(raw: Any, where: str) -> Mapping[str, Any]:
    """``raw`` again.

    Raises:
        UsageError: it is no mapping.
    """
    if not isinstance(raw, dict):
        raise UsageError(f"{where} must hold keys and values, like 'seed: 1'")
    return raw


def sound_text(text: str, where: str) -> str:
    """``text`` again.

    Raises:
        UsageError: it has what no command line and no file name can have: NUL, or half of a surrogate pair.
    """
    if re.search("[\0\ud800-\udfff]", text):
        raise UsageError(f"{where}: {text[:80]!r} has characters that no name can have")
    return text


def shown(value: Any) -> str:
    """A value for a message; aliases may make a short plan an endless value."""
    short = reprlib.Repr()
    short.maxlevel = 2
    return (short.repr(value) if isinstance(value, list | dict) else str(value))[:80]


def _nodes(root: Any) -> Iterator[Any]:
    """Every YAML node below ``root``, once."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        for child in node.value if isinstance(node.value, list) else ():
            waiting.extend(child if isinstance(child, tuple) else (child,))


def _named_twice(root: Any) -> Any:
    """The YAML node of a key that its mapping has already, of which PyYAML would keep the last in silence; None if none has."""
    for node in _nodes(root):
        keys: set[str] = set()
        for key in [child[0] for child in node.value if isinstance(child, tuple)]:
            if isinstance(key.value, str):
                if key.value in keys:
                    return key
                keys.add(key.value)
    return None
