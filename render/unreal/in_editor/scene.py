"""A level of our own with the character in it, so that nothing of the project lights or hides it and nothing of it is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import unreal

from cat_dataset.errors import InputError, RunFailed
from render.unreal.in_editor.turning import PersonFrame, Vector

FOLDER = "/Game/CatDatasetTemporary"
"""Everything made in the project goes below this folder and is deleted at the end."""
EYES = ("FACIAL_L_Eye", "FACIAL_R_Eye")
LOD_ZERO = 1
"""Of `SkinnedMeshComponent.set_forced_lod`, which counts from 1; 0 would be automatic."""


@dataclass
class Person:
    """The character in the level: its actor, the meshes that rigs drive, where the eyes are (world, cm) and where it looks."""

    actor: Any
    face: Any
    body: Any
    left_eye: Vector
    right_eye: Vector
    frame: PersonFrame


def triple(vector: Any) -> Vector:
    """An ``unreal.Vector`` as numbers."""
    return (float(vector.x), float(vector.y), float(vector.z))


def refuse_unsaved_work() -> None:
    """Opening another level drops what is not saved in the one that is open."""
    if unreal.SystemLibrary.is_unattended():
        return
    if unsaved := [str(package.get_name()) for package in unreal.EditorLoadingAndSavingUtils.get_dirty_map_packages()]:
        raise InputError(f"the level {unsaved[0]} has changes that are not saved, and rendering opens another; save it first")


def open_level(folder: str) -> str:
    """Make an empty level in ``folder``, open it, and return the path of the one that was open."""
    world = unreal.get_editor_subsystem(unreal.UnrealEditorSubsystem).get_editor_world()
    before = str(world.get_path_name()).split(".", maxsplit=1)[0]
    if unreal.EditorAssetLibrary.does_directory_exist(folder):
        unreal.EditorAssetLibrary.delete_directory(folder)
    if not unreal.get_editor_subsystem(unreal.LevelEditorSubsystem).new_level(f"{folder}/level"):
        raise RunFailed(f"the editor could not make the level {folder}/level; look into its log")
    return before


def add_person(path: str) -> Person:
    """Put the MetaHuman blueprint ``path`` at the origin, at LOD 0 and with its hair at rest."""
    asset = unreal.load_asset(path) if unreal.EditorAssetLibrary.does_asset_exist(path) else None
    if asset is None:
        raise InputError(f"the project has no asset {path}; import the MetaHuman or correct the plan")
    actors = unreal.get_editor_subsystem(unreal.EditorActorSubsystem)
    actor = actors.spawn_actor_from_object(asset, unreal.Vector(0.0, 0.0, 0.0), unreal.Rotator(roll=0.0, pitch=0.0, yaw=0.0))
    if actor is None:
        raise InputError(f"{path} cannot be put into a level; give the MetaHuman's blueprint (BP_...)")
    meshes = {str(mesh.get_name()): mesh for mesh in actor.get_components_by_class(unreal.SkeletalMeshComponent)}
    if missing := [name for name in ("Face", "Body") if name not in meshes]:
        raise InputError(f"{path} has no component {missing[0]}: it is not a MetaHuman's blueprint")
    hold_still(actor, list(meshes.values()))
    left, right = (_bone(meshes["Face"], bone, path) for bone in EYES)
    return Person(actor, meshes["Face"], meshes["Body"], left, right, PersonFrame.from_eyes(left, right))


def _bone(mesh: Any, bone: str, path: str) -> Vector:
    if not mesh.does_socket_exist(bone):
        raise InputError(f"the face of {path} has no bone {bone}: it is not a MetaHuman's")
    return triple(mesh.get_socket_location(bone))


def hold_still(actor: Any, meshes: list[Any]) -> None:
    """Force LOD 0 and keep hair from being simulated, which would carry one state over into the next."""
    for lods in actor.get_components_by_class(unreal.LODSyncComponent):
        lods.set_editor_property("forced_lod", 0)
    for mesh in meshes:
        mesh.set_forced_lod(LOD_ZERO)
    for groom in actor.get_components_by_class(unreal.GroomComponent):
        settings = groom.get_editor_property("simulation_settings")
        settings.override_settings = True
        settings.solver_settings = unreal.HairSimulationSolver(enable_simulation=False)
        groom.set_editor_property("simulation_settings", settings)


def wait_for_assets() -> None:
    """Wait until the asset registry has looked everywhere and textures and shaders are ready."""
    unreal.AssetRegistryHelpers.get_asset_registry().wait_for_completion()
    unreal.AutomationLibrary.finish_loading_before_screenshot()


def save_level() -> None:
    """Save the level: the render queue opens it anew for its own world."""
    if not unreal.get_editor_subsystem(unreal.LevelEditorSubsystem).save_current_level():
        raise RunFailed("the editor could not save the temporary level; is the project's Content folder writable?")


def leave(folder: str, before: str) -> list[str]:
    """Open the level that was open before, delete ``folder``; notes on what could not be done come back."""
    notes = []
    unreal.LevelSequenceEditorBlueprintLibrary.close_level_sequence()
    levels = unreal.get_editor_subsystem(unreal.LevelEditorSubsystem)
    if before.startswith("/Temp/") or not levels.load_level(before):  # a level that was never saved lies in /Temp
        unreal.EditorLoadingAndSavingUtils.new_blank_map(False)
    if not unreal.EditorAssetLibrary.delete_directory(folder):
        notes.append(f"the temporary folder {folder} could not be deleted; delete it in the editor")
    return notes
