"""The licences that a series names in its provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def licences(provenance: Mapping[str, Any]) -> list[str]:
    """Every text under a key ``licence``, ``license`` or their plurals, at any depth, sorted, each once."""
    found: set[str] = set()

    def walk(value: Any, named: bool) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                walk(inner, named or str(key).lower() in ("licence", "license", "licences", "licenses"))
        elif isinstance(value, list):
            for inner in value:
                walk(inner, named)
        elif named and isinstance(value, str) and value.strip():
            found.add(value.strip())

    walk(provenance, False)
    return sorted(found)
