"""The licences that a series names in its provenance, whatever shape a producer gave it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

NOT_STATED = "not stated"
"""Stands for a part of a series of which a producer says that it does not know the licence."""

LONGEST = 200
"""Characters that are kept of one licence; a whole licence text is cut here."""
MOST = 50
"""Licences that are kept of one series."""

_KEY = re.compile(r"licen[cs]e", re.IGNORECASE)
_UNKNOWN = {"", "none", "null", "n/a", "unknown", "unspecified", "not recorded", "not known", "not given", NOT_STATED}


def licences(provenance: Mapping[str, Any]) -> list[str]:
    """Every text at or below a key with ``licence`` or ``license`` in its name: sorted, each once, white space made single.

    "not recorded" and its like become `NOT_STATED`. An empty list means that nothing is said about licences at all.
    """
    found: set[str] = set()
    waiting: list[tuple[Any, bool]] = [(provenance, False)]
    while waiting:  # no recursion: what is nested deeply must not end in an error
        value, named = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [(inner, named or bool(_KEY.search(str(key)))) for key, inner in value.items()]
        elif isinstance(value, (list, tuple)):
            waiting += [(inner, named) for inner in value]
        elif named and (value is None or isinstance(value, str)):
            text = " ".join((value or "").split())
            found.add(NOT_STATED if text.lower() in _UNKNOWN else text[:LONGEST])
    return sorted(found)[:MOST]


def count_licences(per_series: Iterable[Iterable[str]]) -> dict[str, int]:
    """How many series name each licence, the most frequent first; `NOT_STATED`, last, counts those that lack one."""
    counts: dict[str, int] = {}
    silent = 0
    for own in per_series:
        named = set(own)
        silent += not named or NOT_STATED in named
        for text in named - {NOT_STATED}:
            counts[text] = counts.get(text, 0) + 1
    ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return {**ordered, NOT_STATED: silent} if silent else ordered
