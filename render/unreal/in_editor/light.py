"""The only light: a sky, from a cubemap of the project or the engine's grey one."""

from __future__ import annotations

from typing import Any

import unreal

from cat_dataset.errors import InputError
from render.unreal.job import GREY, Job

GREY_CUBEMAP = "/Engine/EngineResources/GrayTextureCube"
CUBEMAP_PIXELS = 1024
"""Each way and side: the sky is also the background."""


def cubemap(path: str) -> Any:
    """The cubemap asset of a job's ``sky``."""
    path = GREY_CUBEMAP if path == GREY else path
    asset = unreal.load_asset(path) if unreal.EditorAssetLibrary.does_asset_exist(path) else None
    if asset is None:
        raise InputError(f"the project has no asset {path}; import the sky's .hdr as a cubemap or correct the plan")
    if not isinstance(asset, unreal.TextureCube):
        raise InputError(f"{path} is a {type(asset).__name__}, not a cubemap; import the .hdr file as a texture cube")
    return asset


def add_sky(job: Job) -> Any:
    """Add the job's sky to the level."""
    texture = cubemap(job.sky)
    actors = unreal.get_editor_subsystem(unreal.EditorActorSubsystem)
    actor = actors.spawn_actor_from_class(unreal.SkyLight, unreal.Vector(0.0, 0.0, 0.0))
    sky = actor.light_component
    sky.set_editor_property("mobility", unreal.ComponentMobility.MOVABLE)
    sky.set_editor_property("source_type", unreal.SkyLightSourceType.SLS_SPECIFIED_CUBEMAP)
    sky.set_editor_property("cubemap_resolution", CUBEMAP_PIXELS)
    sky.set_editor_property("lower_hemisphere_is_black", False)
    sky.set_editor_property("source_cubemap_angle", job.sky_turn)
    sky.set_cubemap(texture)
    sky.set_intensity(job.sky_strength)
    sky.recapture_sky()
    return actor
