"""Plans that are quick to make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from render.unreal.driver.plan_file import Plan, read_plan

SMALL: dict[str, Any] = {
    "project": "CatRender", "engine": "5.5", "editor": "attach", "characters": ["Ada"], "attributes": ["expression_smile"],
    "states": 3, "size": 32, "samples": 1, "seed": 7,
}  # fmt: skip


def write_plan(folder: Path, **changes: Any) -> Path:
    """A small plan with ``changes``; a key that is None is left out."""
    path = folder / "plan.yaml"
    content = {**SMALL, "out": str(folder / "series"), **changes}
    path.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not None}), encoding="utf-8")
    return path


def plan(folder: Path, kind: str = "expressions", **changes: Any) -> Plan:
    """The same, read."""
    return read_plan(write_plan(folder, **changes), kind)
