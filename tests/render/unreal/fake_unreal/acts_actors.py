"""What the fake's methods do: actors and their components, the camera, the sky, rotations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.render.unreal.fake_unreal.acts import act, quaternion, vector
from tests.render.unreal.fake_unreal.acts_project import load_asset
from tests.render.unreal.fake_unreal.rigs import EYES, from_rotator, rotate, rotator_of


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
        mesh._values["default_animating_rig"] = load_asset(editor, path)
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
