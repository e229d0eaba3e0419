"""``python -m render.unreal.expressions PLAN.yaml``: expressions of MetaHumans. docs/unreal.md."""

from __future__ import annotations

from render.unreal.driver.command import run

if __name__ == "__main__":
    run("expressions")
