"""What differs between Unreal 5.4 and 5.7: nothing else in this folder looks at the engine's version.

The newest pages of the Python API deprecate ``RigControlElement.settings`` in favour of ``RigHierarchy.get_control_settings``,
and call the class behind ``ControlRigBlueprint.get_control_rig_class`` a legacy one; both are told apart by whether the name
is there. ``MovieSceneSequence.add_track`` is in all four (``add_master_track`` is deprecated since 5.2 and gone later).
"""

from __future__ import annotations

import re
from typing import Any

import unreal

from cat_dataset.errors import InputError
from render.unreal.plugins import PLUGINS

OLDEST, NEWEST = (5, 4), (5, 7)


def engine() -> str:
    """The engine's full version, for instance 5.5.4-40574608+++UE5+Release-5.5."""
    return str(unreal.SystemLibrary.get_engine_version())


def numbers(version: str) -> tuple[int, int]:
    """Major and minor number in a full version."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if not found:
        raise InputError(f"the editor calls its version {version!r}, which is not one of Unreal's")
    return int(found[1]), int(found[2])


def check(expected: str, project: str) -> list[str]:
    """Refuse an editor that is not the expected one or lacks a plugin; what is worth a note comes back."""
    have = numbers(engine())
    if expected and have != numbers(expected):
        raise InputError(f"the job is for Unreal {expected} and this editor is {engine()}; start the other one or plan the job anew")
    if have < OLDEST:
        raise InputError(f"this editor is Unreal {engine()}; the oldest that works is {OLDEST[0]}.{OLDEST[1]}")
    if project and project_name() != project:
        raise InputError(f"the job is for the project {project} and this editor has {project_name()} open")
    if missing := [plugin for plugin, there in plugins().items() if not there]:
        raise InputError(f"the project lacks the plugin {', '.join(missing)}; enable it under Edit > Plugins and restart the editor")
    if have > NEWEST:
        return [f"Unreal {have[0]}.{have[1]} is newer than {NEWEST[0]}.{NEWEST[1]}, the newest that is known; tried as that one"]
    return []


def project_name() -> str:
    """The name of the open project: that of its .uproject file."""
    path = str(unreal.Paths.get_project_file_path())
    return re.split(r"[\\/]", path)[-1].removesuffix(".uproject")


def plugins() -> dict[str, bool]:
    """Whether each plugin that is needed is enabled."""
    return {plugin: hasattr(unreal, probe) for plugin, probe in PLUGINS.items()}


def ray_tracing() -> bool:
    """Whether the project has hardware ray tracing on, without which the path tracer draws nothing."""
    return bool(unreal.SystemLibrary.get_console_variable_int_value("r.RayTracing"))


def rig_class(asset: Any) -> Any:
    """The class of a control rig asset."""
    if hasattr(asset, "get_control_rig_class"):
        return asset.get_control_rig_class()
    return asset.generated_class()


def control_settings(hierarchy: Any, key: Any) -> Any:
    """The settings of a control."""
    if hasattr(hierarchy, "get_control_settings"):
        return hierarchy.get_control_settings(key)
    return hierarchy.find_control(key).settings


def use_plain_settings(job: Any) -> None:
    """Have a queue job rendered by its settings, not by a render graph, which newer projects may have as their default."""
    if job.is_using_graph_configuration():
        job.set_graph_preset(None)
        if job.is_using_graph_configuration():
            raise InputError("this project renders by a graph and will not do without; clear its default graph in the project's settings")


def denoiser_variables() -> dict[str, float]:
    """Console variables that keep every denoiser off: NFOR and OptiX look at neighbouring frames."""
    always = {"r.PathTracing.Denoiser": 0.0, "r.PathTracing.SpatialDenoiser": 0.0, "r.PathTracing.TemporalDenoiser": 0.0}
    if numbers(engine()) < (5, 5):
        return always  # NFOR came with 5.5, and a queue warns of variables that the engine does not know
    return {**always, "r.PathTracing.SpatialDenoiser.Type": 0.0, "r.NFOR.FrameCount": 0.0}
