"""Cycles, set up the same way in every Blender version: device, sampling, denoiser, colour, file format."""

from __future__ import annotations

from typing import Any

import bpy

from cat_dataset.errors import UsageError

FASTEST_FIRST = ("optix", "cuda", "hip", "metal", "oneapi")


def start_empty() -> None:
    """An empty scene with factory preferences: neither the user's start-up file nor the last asset leaves a trace."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False


def has_denoiser() -> bool:
    """Whether this build has OpenImageDenoise (Debian's has not)."""
    import _cycles

    return bool(getattr(_cycles, "with_openimagedenoise", False))


def choose_device(wanted: str) -> str:
    """The device to render on: ``wanted``, or the fastest there is for ``auto``.

    Raises:
        UsageError: this machine or this Blender has no such device.
    """
    if wanted == "cpu":
        return wanted
    candidates = FASTEST_FIRST if wanted == "auto" else (wanted,)
    for name in candidates:
        if _devices(name):
            return name
    if wanted == "auto":
        return "cpu"
    available = ["cpu", *(name for name in FASTEST_FIRST if _devices(name))]
    raise UsageError(f"--device {wanted} is not available here; available: {', '.join(available)}")


def set_up(*, size: int, samples: int, seed: int, device: str, denoise: bool, threads: int | None) -> None:
    """Set everything about rendering that does not depend on the object, the sky or the view."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    _use_device(scene, device)
    if threads is not None:
        scene.render.threads_mode, scene.render.threads = "FIXED", threads
    _sampling(scene, samples, seed, denoise)
    _colour(scene)
    _picture(scene, size)


def expose(ev: float) -> None:
    """Brighten the picture by ``ev`` stops, after the light has been gathered and denoised."""
    if abs(ev) > 32:
        raise UsageError(f"the picture would have to be brightened by {ev:g} EV; Blender can do 32")
    bpy.context.scene.view_settings.exposure = ev


def _devices(name: str) -> list[Any]:
    """The machine's devices of a compute type; none where this Blender does not know the type."""
    preferences = bpy.context.preferences.addons["cycles"].preferences
    try:
        preferences.compute_device_type = name.upper()
        return [device for device in preferences.get_devices_for_type(name.upper()) if device.type == name.upper()]
    except (TypeError, ValueError):
        return []


def _use_device(scene: Any, device: str) -> None:
    if device == "cpu":
        bpy.context.preferences.addons["cycles"].preferences.compute_device_type = "NONE"
        scene.cycles.device = "CPU"
        return
    for found in bpy.context.preferences.addons["cycles"].preferences.get_devices_for_type(device.upper()):
        found.use = found.type == device.upper()
    bpy.context.preferences.addons["cycles"].preferences.compute_device_type = device.upper()
    scene.cycles.device = "GPU"


def _sampling(scene: Any, samples: int, seed: int, denoise: bool) -> None:
    cycles = scene.cycles
    cycles.samples, cycles.seed = samples, seed
    cycles.use_adaptive_sampling = False  # gained nothing at equal time, and costs passes
    cycles.use_denoising = denoise
    if denoise:
        cycles.denoiser = "OPENIMAGEDENOISE"
        cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
        cycles.denoising_prefilter = "FAST"  # equal to ACCURATE with a third fewer samples, at two thirds of its time
        if hasattr(cycles, "denoising_quality"):
            cycles.denoising_quality = "HIGH"  # FAST saves 0.1 s at 256 pixels and costs half a decibel
        if hasattr(cycles, "denoising_use_gpu"):
            cycles.denoising_use_gpu = False
    if hasattr(cycles, "use_light_tree"):
        cycles.use_light_tree = False  # the sky is the only light
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 8, 3, 3
    cycles.transmission_bounces, cycles.transparent_max_bounces, cycles.volume_bounces = 8, 16, 0
    cycles.sample_clamp_indirect = 10.0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    scene.render.use_persistent_data = True


def _colour(scene: Any) -> None:
    """sRGB with the Standard view: pixel values follow light plainly, in every version."""
    scene.display_settings.display_device = "sRGB"
    view = scene.view_settings
    view.view_transform, view.look, view.exposure, view.gamma = "Standard", "None", 0.0, 1.0
    view.use_curve_mapping = False


def _picture(scene: Any, size: int) -> None:
    render = scene.render
    render.resolution_x = render.resolution_y = size
    render.resolution_percentage = 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.film_transparent = False
    render.dither_intensity = 0.0
    render.use_compositing = render.use_sequencer = False
    render.use_file_extension, render.use_overwrite = False, True
    for name in dir(render):
        if name.startswith("use_stamp"):  # dates and host names would go into the file
            setattr(render, name, False)
    settings = render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode, settings.color_depth, settings.compression = "PNG", "RGB", "8", 40


def describe(device: str, denoise: bool, samples: int | None) -> str:
    """What renders, in a line; ``samples`` is None where a time budget has yet to be settled."""
    cleaner = "denoised by OpenImageDenoise" if denoise else "not denoised" if has_denoiser() else "no denoiser in this build"
    count = "as many samples as the time budget allows" if samples is None else f"{samples} samples"
    return f"Blender {bpy.app.version_string}, Cycles on {device}, {count}, {cleaner}"
