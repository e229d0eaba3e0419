"""The renderer's settings from the flags: device, samples, denoiser."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from cat_dataset.command import warn
from render.blender.picture import engine
from render.blender.picture.quality import STANDARD, record, samples_of, settled


def look_of(flags: Namespace, warned: bool = False) -> dict[str, Any]:
    """The settings common to all series of a run, as JSON.

    ``samples`` is None where a time budget has yet to be settled (`render.blender.picture.time_budget`). Noise to be expected is
    warned of, unless ``warned``.
    """
    device, denoise = engine.choose_device(flags.device), engine.has_denoiser() and not flags.no_denoise
    samples: int | None
    if flags.time_budget is not None:
        samples = settled(record(flags.out, flags.time_budget, flags.size, device, denoise))
    else:
        samples = flags.samples or samples_of(flags.quality or STANDARD, denoise)
        clean = samples_of(STANDARD, denoise=False)
        if not warned and not engine.has_denoiser() and samples < clean:
            warn(f"this Blender has no denoiser: {samples} samples leave visible noise, {clean} are clean")
    return {"size": flags.size, "samples": samples, "seed": flags.seed, "device": device, "denoise": denoise}
