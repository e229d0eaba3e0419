"""Runs a sweep's script from its flags: say what renders, render, sum up."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from cat_dataset.errors import CatError, InputError, RunFailed
from cat_dataset.interrupt import GentleInterrupt
from render.blender import quiet
from render.blender.picture import engine
from render.blender.picture.look import look_of
from render.blender.sweeping.session import Session
from render.blender.sweeping.spec import Sweep

SECONDS_PER_SAMPLE = 1e-6
"""CPU seconds per path: measured, and the same within a factor of two on most machines."""
OF_PEOPLE = 5.0
"""Times as many: skin, eyes and hair."""


def render_sweep(sweeps: Sequence[Sweep], flags: Namespace, interrupt: GentleInterrupt) -> None:
    """Render every series of ``sweeps`` that ``flags`` ask for and that is not there yet.

    Raises:
        CatError: something cannot be used or done. Everything else was rendered before it is raised.
    """
    if not flags.debug:
        quiet.silence_blender()
    interrupt.check()
    session = Session(interrupt)
    look = look_of(flags, warned=True)  # the session does
    _warn_if_long(look, sweeps, flags)
    print(engine.describe(look["device"], look["denoise"], look["samples"]))
    outcome = session.render(sweeps, flags, _name)
    print(f"{outcome.finished} series rendered into {flags.out}" + (f", {outcome.already} already complete" if outcome.already else ""))
    if outcome.failures:
        kind = RunFailed if any(isinstance(error, RunFailed) for error in outcome.failures) else InputError
        count = "1 failure" if len(outcome.failures) == 1 else f"{len(outcome.failures)} failures"
        raise kind(f"{count}, named above; {outcome.finished + outcome.already} series are complete")


def _name(error: CatError) -> None:
    print(f"error: {error}", file=sys.stderr, flush=True)


def _warn_if_long(look: dict[str, Any], sweeps: Sequence[Sweep], flags: Namespace) -> None:
    """Say so before hours of work on a CPU begin: the defaults are for a GPU."""
    pictures = sum(len(sweep.states) for sweep in sweeps) * flags.views
    each = SECONDS_PER_SAMPLE * (OF_PEOPLE if flags.asset_kinds else 1.0)
    hours = pictures * look["size"] ** 2 * (look["samples"] or 0) * each / (os.cpu_count() or 1) / 3600
    if look["device"] == "cpu" and hours > 0.25:
        print(
            f"{pictures} frames of each asset and sky take about {hours:.1f} h on this CPU; "
            "for a quick look: --size 256 --samples 16 --states 13 --views 1"
        )
