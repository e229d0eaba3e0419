"""``python -m render.unreal.poses PLAN.yaml``: poses of MetaHumans. docs/unreal.md."""

from __future__ import annotations

from render.unreal.driver.command import run

if __name__ == "__main__":
    run("poses")
