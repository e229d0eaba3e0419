"""What the fake's methods do: project, level and camera. Sequences and rigs are in `acts_sequence`, the queue in `render_queue`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.render.unreal.fake_unreal.rigs import EYES, from_rotator, rotate, rotator_of

ACTS: dict[str, Callable[..., Any]] = {}
"""``"Class.method"`` and ``"unreal.function"`` to functions of (editor, [object], arguments by name)."""


def act(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            ACTS[name] = function
        return function

    return add


def vector(editor: Any, numbers: Any) -> Any:
    x, y, z = (float(number) for number in numbers)
    return editor.classes["Vector"](x, y, z)


def quaternion(editor: Any, q: Any) -> Any:
    return editor.classes["Quat"](*(float(number) for number in q))


def need(value: Any, kind: str, what: str) -> Any:
    """A TypeError unless ``value`` is of the engine's class ``kind``: what the engine refuses to convert."""
    if not any(cls.__name__ == kind for cls in type(value).__mro__):
        raise TypeError(f"{what}: cannot make {kind} of {value!r}")
    return value


@act("unreal.log", "unreal.log_warning", "unreal.log_error")
def _log(editor: Any, arg: str) -> None:
    editor.log.append(str(arg))


@act("unreal.register_slate_post_tick_callback")
def _register(editor: Any, callable: Any) -> Any:
    editor.callbacks.append(callable)
    return callable


@act("unreal.unregister_slate_post_tick_callback")
def _unregister(editor: Any, handle: Any) -> None:
    editor.callbacks.remove(handle)


@act("unreal.get_editor_subsystem")
def _subsystem(editor: Any, subsystem: Any) -> Any:
    return editor.subsystems.setdefault(subsystem.__name__, subsystem())


@act("unreal.load_asset")
def _load(editor: Any, name: str, follow_redirectors: bool = True) -> Any:
    if name not in editor.assets:
        return None
    if name not in editor.loaded:
        kind = editor.assets[name]
        editor.loaded[name] = editor.new(kind if kind in editor.classes else "Blueprint", name)
        if name in editor.rigs:
            editor.loaded[name]._values["hierarchy"] = editor.new("RigHierarchy", "hierarchy", rig=editor.rigs[name])
    return editor.loaded[name]


@act("Object.get_name")
def _name(editor: Any, me: Any) -> str:
    return str(me._state.get("name") or me._state["path"].rsplit("/", 1)[-1])


@act("Object.get_path_name")
def _path(editor: Any, me: Any) -> str:
    path = str(me._state["path"])
    return f"{path}.{path.rsplit('/', 1)[-1]}"


@act("SystemLibrary.get_engine_version")
def _version(editor: Any) -> str:
    return str(editor.switches.engine)


@act("SystemLibrary.is_unattended")
def _unattended(editor: Any) -> bool:
    return bool(editor.switches.unattended)


@act("SystemLibrary.get_console_variable_int_value")
def _variable(editor: Any, variable_name: str) -> int:
    return int(editor.switches.ray_tracing) if variable_name == "r.RayTracing" else 0


@act("SystemLibrary.quit_editor")
def _quit(editor: Any) -> None:
    editor.alive = False


@act("Paths.get_project_file_path")
def _project(editor: Any) -> str:
    return f"C:/Projects/{editor.switches.project}/{editor.switches.project}.uproject"


@act("EditorPythonScripting.set_keep_python_script_alive")
def _alive(editor: Any, new_keep_alive: bool) -> None:
    editor.alive = new_keep_alive


@act("EditorLoadingAndSavingUtils.get_dirty_map_packages")
def _dirty(editor: Any) -> list[Any]:
    return [editor.new("Package", name, name=name) for name in editor.switches.unsaved]


@act("EditorLoadingAndSavingUtils.new_blank_map")
def _blank(editor: Any, save_existing_map: bool) -> Any:
    editor.level, editor.actors = "/Temp/Untitled", []


@act("UnrealEditorSubsystem.get_editor_world")
def _world(editor: Any, me: Any) -> Any:
    return editor.new("World", editor.level)


@act("LevelEditorSubsystem.new_level")
def _new_level(editor: Any, me: Any, asset_path: str, is_partitioned_world: bool = False) -> bool:
    editor.assets[asset_path] = "World"
    editor.level, editor.actors = asset_path, []
    return True


@act("LevelEditorSubsystem.load_level")
def _load_level(editor: Any, me: Any, asset_path: str) -> bool:
    if editor.assets.get(asset_path) != "World":
        return False
    editor.level, editor.actors = asset_path, []
    return True


@act("LevelEditorSubsystem.save_current_level")
def _save_level(editor: Any, me: Any) -> bool:
    editor.saved_level = editor.level
    return True


@act("EditorAssetLibrary.does_asset_exist")
def _exists(editor: Any, asset_path: str) -> bool:
    return asset_path in editor.assets


@act("EditorAssetLibrary.does_directory_exist")
def _folder_exists(editor: Any, directory_path: str) -> bool:
    return any(path.startswith(f"{directory_path}/") for path in editor.assets)


@act("EditorAssetLibrary.delete_directory")
def _delete_folder(editor: Any, directory_path: str) -> bool:
    if editor.switches.undeletable:
        return False
    for path in [path for path in editor.assets if path.startswith(f"{directory_path}/")]:
        del editor.assets[path]
    return True


@act("EditorAssetLibrary.save_loaded_asset")
def _save(editor: Any, asset_to_save: Any, only_if_is_dirty: bool = True) -> bool:
    return True


@act("AssetRegistryHelpers.get_asset_registry")
def _registry(editor: Any) -> Any:
    return editor.new("AssetRegistry")


@act("AssetRegistry.wait_for_completion", "AutomationLibrary.finish_loading_before_screenshot")
def _wait(editor: Any, me: Any = None) -> None:
    return None


@act("AssetToolsHelpers.get_asset_tools")
def _tools(editor: Any) -> Any:
    return editor.new("AssetTools")


@act("AssetTools.create_asset")
def _create(editor: Any, me: Any, asset_name: str, package_path: str, asset_class: Any, factory: Any, calling_context: str = "") -> Any:
    path = f"{package_path}/{asset_name}"
    editor.assets[path] = asset_class.__name__
    editor.loaded[path] = editor.new(asset_class.__name__, path, tracks=[], rigs=[])
    return editor.loaded[path]


@act("EditorActorSubsystem.spawn_actor_from_class")
def _spawn(editor: Any, me: Any, actor_class: Any, location: Any, rotation: Any = None, transient: bool = False) -> Any:
    actor = editor.new(actor_class.__name__, f"{editor.level}/{actor_class.__name__}", at=location, turn=rotation)
    if actor_class.__name__ == "SkyLight":
        actor._values["light_component"] = editor.new("SkyLightComponent", "light")
    elif actor_class.__name__ == "CineCameraActor":
        actor._state["lens"] = editor.new("CineCameraComponent", "lens")
    editor.actors.append(actor)
    return actor


@act("EditorActorSubsystem.spawn_actor_from_object")
def _spawn_object(editor: Any, me: Any, object_to_use: Any, location: Any, rotation: Any = None, transient: bool = False) -> Any:
    path = object_to_use._state["path"]
    actor = editor.new("Actor", f"{editor.level}/{path.rsplit('/', 1)[-1]}", asset=path)
    parts = [editor.new("SkeletalMeshComponent", "", name=name) for name in ("Body", "Face", "Feet")] if "/BP_" in path else []
    actor._state["parts"] = [*parts, editor.new("GroomComponent", "", name="Hair"), editor.new("LODSyncComponent", "", name="LODSync")]
    editor.actors.append(actor)
    return actor


@act("Actor.get_components_by_class")
def _parts(editor: Any, me: Any, component_class: Any = None) -> list[Any]:
    return [part for part in me._state["parts"] if isinstance(part, component_class)]


@act("Actor.get_actor_bounds")
def _bounds(editor: Any, me: Any, only_colliding_components: bool, include_from_child_actors: bool = False) -> tuple[Any, Any]:
    return vector(editor, (0, 0, 87)), vector(editor, (60, 60, 87))


@act("CineCameraActor.get_cine_camera_component")
def _lens(editor: Any, me: Any) -> Any:
    return me._state["lens"]


@act("SceneComponent.does_socket_exist")
def _has_bone(editor: Any, me: Any, socket_name: str) -> bool:
    return socket_name in EYES


@act("SceneComponent.get_socket_location")
def _bone(editor: Any, me: Any, socket_name: str) -> Any:
    return vector(editor, rotate(from_rotator(0, 0, editor.switches.facing), np.array(EYES[socket_name])))


@act("SceneComponent.get_world_transform")
def _to_world(editor: Any, me: Any) -> Any:
    transform = editor.classes["Transform"]()
    transform._values["rotation"] = quaternion(editor, from_rotator(0, 0, editor.switches.facing))
    return transform


@act("SkinnedMeshComponent.set_forced_lod")
def _force_lod(editor: Any, me: Any, new_forced_lod: int) -> None:
    me._state["lod"] = new_forced_lod


@act("SkeletalMeshComponent.get_skeletal_mesh_asset")
def _mesh(editor: Any, me: Any) -> Any:
    mesh = editor.new("SkeletalMesh", f"/Game/Mesh/{me._state['name']}")
    if editor.switches.own_rigs:
        path = next(path for path in editor.rigs if ("Face" in path) == (me._state["name"] == "Face"))
        mesh._values["default_animating_rig"] = _load(editor, path)
    return mesh


@act("SkyLightComponent.set_cubemap", "SkyLightComponent.set_intensity", "SkyLightComponent.recapture_sky")
def _light(editor: Any, me: Any, **given: Any) -> None:
    me._state.update(given)


@act("MathLibrary.find_look_at_rotation")
def _look(editor: Any, start: Any, target: Any) -> Any:
    x, y, z = target.x - start.x, target.y - start.y, target.z - start.z
    return editor.classes["Rotator"](0.0, math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x)))


@act("Quat.rotator")
def _rotator(editor: Any, me: Any) -> Any:
    return editor.classes["Rotator"](*rotator_of(np.array([me.x, me.y, me.z, me.w])))


@act("Rotator.quaternion")
def _quaternion(editor: Any, me: Any) -> Any:
    return quaternion(editor, from_rotator(me.roll, me.pitch, me.yaw))


from tests.render.unreal.fake_unreal import acts_sequence  # noqa: E402, F401  (adds its acts to the table)
