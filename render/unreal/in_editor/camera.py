"""A camera on the half-sphere before the person, looking at the face or at the whole body."""

from __future__ import annotations

import math
from typing import Any

import unreal

from render.unreal.in_editor.scene import Person, triple
from render.unreal.in_editor.turning import Vector, along
from render.unreal.job import Camera

PORTRAIT_HEIGHT = 7.0
"""Height of a portrait, in distances from eye to eye (6.3 cm in an adult): hair to collar."""
PORTRAIT_MIDDLE = 0.6
"""How far below the eyes a portrait's middle is, in the same unit."""
BODY_MARGIN = 1.3
"""Height of a full-body picture, in body heights: raised arms stay inside."""


def target(kind: str, person: Person) -> tuple[Vector, float]:
    """The point that the camera looks at (world, cm) and the height of the picture there (cm)."""
    left, right = person.left_eye, person.right_eye
    if kind == "portrait":
        between = math.dist(left, right)
        middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2, (left[2] + right[2]) / 2)
        return along(middle, (-PORTRAIT_MIDDLE * between, person.frame.up)), PORTRAIT_HEIGHT * between
    origin, extent = person.actor.get_actor_bounds(False)
    return triple(origin), BODY_MARGIN * 2 * float(extent.z)


def place(camera: Camera, middle: Vector, height: float, person: Person) -> Vector:
    """Where the camera stands so that ``height`` fills its square sensor at ``middle``."""
    distance = height * camera.lens_mm / camera.sensor_mm
    azimuth, elevation = math.radians(camera.azimuth), math.radians(camera.elevation)
    sideways, upwards = math.sin(azimuth) * math.cos(elevation), math.sin(elevation)
    nearer = -math.cos(azimuth) * math.cos(elevation)
    frame = person.frame
    return along(middle, (distance * sideways, frame.right), (distance * nearer, frame.away), (distance * upwards, frame.up))


def add_camera(camera: Camera, person: Person) -> Any:
    """Add the job's camera to the level: no depth of field, exposure by hand, nothing that remembers an earlier frame."""
    middle, height = target(camera.kind, person)
    start, end = unreal.Vector(*place(camera, middle, height, person)), unreal.Vector(*middle)
    look = unreal.MathLibrary.find_look_at_rotation(start, end)
    actor = unreal.get_editor_subsystem(unreal.EditorActorSubsystem).spawn_actor_from_class(unreal.CineCameraActor, start, look)
    lens = actor.get_cine_camera_component()
    filmback = lens.get_editor_property("filmback")
    filmback.sensor_width = camera.sensor_mm
    filmback.sensor_height = camera.sensor_mm
    lens.set_editor_property("filmback", filmback)
    lens.set_editor_property("current_focal_length", camera.lens_mm)
    focus = lens.get_editor_property("focus_settings")
    focus.focus_method = unreal.CameraFocusMethod.DISABLE
    lens.set_editor_property("focus_settings", focus)
    lens.set_editor_property("post_process_settings", look_of_the_picture())
    return actor


def look_of_the_picture() -> Any:
    """Post-processing: fixed exposure; motion blur, bloom and vignette off. Each value counts only with its ``override_``."""
    settings = unreal.PostProcessSettings()
    settings.override_auto_exposure_method = True
    settings.auto_exposure_method = unreal.AutoExposureMethod.AEM_MANUAL
    settings.override_auto_exposure_apply_physical_camera_exposure = True
    settings.auto_exposure_apply_physical_camera_exposure = False
    settings.override_auto_exposure_bias = True
    settings.auto_exposure_bias = 0.0
    settings.override_motion_blur_amount = True
    settings.motion_blur_amount = 0.0
    settings.override_bloom_intensity = True
    settings.bloom_intensity = 0.0
    settings.override_vignette_intensity = True
    settings.vignette_intensity = 0.0
    settings.override_path_tracing_enable_denoiser = True
    settings.path_tracing_enable_denoiser = False
    return settings
