"""What an editor has, for the doctor: engine, project, plugins, ray tracing, and the controls of the rigs with their limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import unreal

from cat_dataset.errors import InputError
from cat_dataset.files import write_json
from render.unreal.in_editor import rig, versions


def write(report: str, character: str = "", face: Sequence[str] = (), body: Sequence[str] = ()) -> None:
    """Write into the JSON file ``report``; nothing in the project is opened or changed.

    A rig that cannot be found is told under ``problems``, as is anything else that would stop a render.
    """
    problems: list[str] = []
    try:
        notes = versions.check("", "")
    except InputError as error:
        notes = []
        problems.append(str(error))
    if not versions.ray_tracing():
        problems.append("hardware ray tracing is off (r.RayTracing 0)")
    if character and not unreal.EditorAssetLibrary.does_asset_exist(character):
        problems.append(f"the project has no asset {character}")
    rigs: dict[str, Any] = {}
    for what, candidates in (("face", face), ("body", body)):
        try:
            rigs[what] = _controls(candidates, character, what)
        except InputError as error:
            problems.append(str(error))
    found = {
        "engine": versions.engine(),
        "project": versions.project_name(),
        "plugins": versions.plugins(),
        "ray_tracing": versions.ray_tracing(),
        "rigs": rigs,
        "notes": notes,
        "problems": problems,
    }
    write_json(Path(report), found)


def _controls(candidates: Sequence[str], character: str, what: str) -> dict[str, Any]:
    path, asset = rig.find_asset(candidates, character, None, what)
    seen = rig.Rig(path, asset.get_editor_property("hierarchy"))
    return {"asset": path, "controls": {name: seen.control(name).as_json() for name in sorted(seen.keys)}}
