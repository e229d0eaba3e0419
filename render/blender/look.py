"""The renderer's settings from the flags: device, samples, denoiser."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from cat_dataset.command import warn
from render.blender import engine


def look_of(flags: Namespace) -> dict[str, Any]:
    """The settings common to all series of a run, as JSON."""
    device, denoise = engine.choose_device(flags.device), engine.has_denoiser()
    samples = flags.samples or (engine.SAMPLES_DENOISED if denoise else engine.SAMPLES_PLAIN)
    if not denoise and samples < engine.SAMPLES_PLAIN:
        warn(f"this Blender has no denoiser: {samples} samples leave visible noise, {engine.SAMPLES_PLAIN} are clean")
    return {"size": flags.size, "samples": samples, "seed": flags.seed, "device": device, "denoise": denoise}
