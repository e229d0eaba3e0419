"""What the fake's methods do: the editor, its project, assets and levels."""

from __future__ import annotations

from typing import Any

from tests.render.unreal.fake_unreal.acts import act


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
def load_asset(editor: Any, name: str, follow_redirectors: bool = True) -> Any:
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
