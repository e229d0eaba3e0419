"""The arrows between the packages point one way, and what runs inside Blender needs nothing that Blender lacks."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "cat_dataset": {"render", "capture", "train"},
    "render": {"capture", "train"},
    "capture": {"render", "train"},
    "train": {"render", "capture"},
}
INSIDE_BLENDER = {"bmesh", "bpy", "_bpy", "_cycles", "mathutils", "cat_dataset", "render"}


def imports(path: Path) -> set[str]:
    """Every module a file imports, whole names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("package", FORBIDDEN)
def test_arrows_point_one_way(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        assert not {name.split(".")[0] for name in imports(path)} & FORBIDDEN[package], path


def reached(room: Path, allowed: set[str]) -> set[Path]:
    """The modules of ``room`` and all of ours that they import, which import nothing but ``allowed`` and the standard library."""
    waiting, seen = list(room.rglob("*.py")), set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imports(path):
            top = name.split(".")[0]
            assert top in allowed or top in sys.stdlib_module_names, f"{path} imports {name}"
            module = ROOT.joinpath(*name.split(".")).with_suffix(".py")
            waiting += [p for p in (module, module.with_suffix("") / "__init__.py") if p.is_file()]
    return seen


def test_what_runs_inside_blender_needs_the_standard_library_alone() -> None:
    """Debian's Blender has no NumPy."""
    assert len(reached(ROOT / "render" / "blender", INSIDE_BLENDER)) > 20


CAPTURE = ("reading", "developing", "proving", "sorting", "writing")
"""Each room of capture/ may import those before it; the simulated camera none of them, and nobody the simulated camera."""


@pytest.mark.parametrize("room", (*CAPTURE, "simulate"))
def test_the_rooms_of_capture_point_one_way(room: str) -> None:
    later = set(CAPTURE[CAPTURE.index(room) + 1 :]) | {"simulate"} if room in CAPTURE else set(CAPTURE)
    for path in (ROOT / "capture" / room).rglob("*.py"):
        for name in imports(path):
            parts = name.split(".")
            assert parts[0] != "capture" or len(parts) < 2 or parts[1] not in later, f"{path} imports {name}"


TRAIN = ("attention", "bases", "adapter", "objective", "data", "optimising", "editing", "running", "planning", "bench")
"""Each room of train/ may import those before it. Options of a room are read by train.config, which the last three know."""


@pytest.mark.parametrize("room", TRAIN)
def test_the_rooms_of_train_point_one_way(room: str) -> None:
    later = set(TRAIN[TRAIN.index(room) + 1 :])
    for path in (ROOT / "train" / room).rglob("*.py"):
        for name in imports(path):
            parts = name.split(".")
            assert parts[0] != "train" or len(parts) < 2 or parts[1] not in later, f"{path} imports {name}"


RENDER = {"blender": {"farm", "people", "unreal"}, "people": {"farm", "unreal"}, "unreal": {"people"}, "farm": {"people", "unreal"}}
"""What each room of render/ may not import. Making people needs the format of their files, which lies in render/blender/figure."""


@pytest.mark.parametrize("room", RENDER)
def test_the_rooms_of_render_point_one_way(room: str) -> None:
    for path in (ROOT / "render" / room).rglob("*.py"):
        for name in imports(path):
            parts = name.split(".")
            assert parts[0] != "render" or len(parts) < 2 or parts[1] not in RENDER[room], f"{path} imports {name}"
            assert parts[0] != "anny" or room == "people", f"{path} imports {name}"


def test_what_runs_inside_unreal_needs_the_standard_library_alone() -> None:
    seen = reached(ROOT / "render" / "unreal" / "in_editor", {"unreal", "render", "cat_dataset"})
    assert len(seen) > 10
    assert not {path.parent.name for path in seen} & {"blender", "remote", "driver"}
