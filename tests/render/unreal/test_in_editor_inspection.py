"""What the doctor is told of an editor."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from cat_dataset.files import read_json
from tests.render.unreal.fake_unreal import Editor, Switches
from tests.render.unreal.fake_unreal.editor import BODY_RIG, FACE_RIG


def inspect(folder: Path, switches: Switches | None = None, *arguments: Any) -> tuple[dict[str, Any], Editor]:
    with Editor(switches).installed() as editor:
        importlib.import_module("render.unreal.in_editor.inspection").write(str(folder / "report.json"), *arguments)
    report: dict[str, Any] = read_json(folder / "report.json")
    return report, editor


def test_engine_project_plugins_and_controls(tmp_path: Path) -> None:
    report, editor = inspect(tmp_path, None, "/Game/MetaHumans/Ada/BP_Ada", ("/Game/Gone", FACE_RIG), (BODY_RIG,))
    assert report["engine"].startswith("5.5.4") and report["project"] == "CatRender" and report["ray_tracing"] is True
    assert report["problems"] == report["notes"] == [] and all(report["plugins"].values())
    face, body = report["rigs"]["face"], report["rigs"]["body"]
    assert face["asset"] == FACE_RIG and face["controls"]["CTRL_C_jaw"] == {"type": "vector2d", "low": [-1.0, 0.0], "high": [1.0, 1.0]}
    assert body["controls"]["head_ctrl"]["type"] == "euler_transform"
    assert editor.level == "/Game/Maps/Main" and not any("spawn" in name or "level" in name.lower() for _, name, _ in editor.calls)


def test_problems_are_told_together(tmp_path: Path) -> None:
    odd = Switches(missing_classes=frozenset({"GroomComponent"}), ray_tracing=False, missing_assets=frozenset({FACE_RIG}), newest=True)
    report, _ = inspect(tmp_path, odd, "/Game/MetaHumans/Dora/BP_Dora", (FACE_RIG,), (BODY_RIG,))
    assert [next(word for word in ("plugin", "ray", "Dora", "face") if word in line) for line in report["problems"]] == [
        "plugin",
        "ray",
        "Dora",
        "face",
    ]
    assert list(report["rigs"]) == ["body"] and report["plugins"]["Groom"] is False
