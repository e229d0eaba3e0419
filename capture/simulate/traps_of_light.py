"""Traps in the light: lamps that flicker, flash, fog, drift, frames too bright, a camera that picks its own ISO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from capture.simulate.press import Banding, Press
from capture.simulate.sweep import rounded_shutter
from capture.simulate.trap_tables import ALL, LAST, Order, Trap, position
from cat_dataset.errors import UsageError

Spoilt = tuple[Press, dict[str, Any]]


def _flicker(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    ev = float(order.chance(press).uniform(-1, 1)) * order.strength[0]
    return replace(press, light=press.light * 2**ev), {"light_ev": ev}


def _banding(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    depth, hertz = order.strength
    banding = Banding(depth, hertz, float(order.chance(press).uniform(0, 2 * np.pi)))
    return replace(press, banding=banding), {"depth": depth, "hertz": hertz, "phase": banding.phase, "readout_s": banding.readout}


def _drift(press: Press, order: Order, presses: Sequence[Press]) -> Spoilt:
    ev = order.strength[0] * position(press, presses)
    return replace(press, light=press.light * 2**ev), {"light_ev": ev}


def _fog(press: Press, order: Order, presses: Sequence[Press]) -> Spoilt:
    share = order.strength[0] * position(press, presses)
    return replace(press, fog=share), {"share": share}


def _flash(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    ev = order.strength[0]
    return replace(press, flash=ev, tags={**press.tags, "flash": True}), {"foreground_ev": ev}


def _lamp(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    return replace(press, flash=order.strength[0]), {"foreground_ev": order.strength[0]}


def _overexposed(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    shutter = rounded_shutter(press.done.shutter * Fraction(2 ** order.strength[0]))
    done, claimed = (replace(one, shutter=shutter) for one in (press.done, press.claimed))
    return replace(press, done=done, claimed=claimed), {"ev": order.strength[0]}


def _iso_drift(press: Press, order: Order, presses: Sequence[Press]) -> Spoilt:
    """The camera's automatic ISO answers to what the other settings do, in thirds of a stop."""
    if press.vary == "iso":
        raise UsageError("--trap iso_drift: an iso series sets its ISO itself; use another --vary")
    light = [one.done.light for one in presses]
    middle = float(np.sqrt(max(light) * min(light)))
    stops = round(-3 * order.strength[0] * float(np.log2(press.done.light / middle))) / 3
    iso = max(25, round(press.done.iso * 2**stops))
    done, claimed = (replace(one, iso=iso) for one in (press.done, press.claimed))
    return replace(press, done=done, claimed=claimed), {"iso": iso}


def _iso_overflow(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    iso = round(order.strength[0])
    shutter = rounded_shutter(press.done.shutter * Fraction(press.done.iso, iso))
    done, claimed = (replace(one, iso=iso, shutter=shutter) for one in (press.done, press.claimed))
    return replace(press, done=done, claimed=claimed), {"iso": iso}


EV = ((-8.0, 8.0),)
TRAPS = (
    Trap("flicker", _flicker, "largest change of the whole frame's light in EV, drawn evenly within ±", (0.5,), ((0.0, 8.0),), ALL),
    Trap("banding", _banding, "modulation depth 0 to 1 / pulses per second (100 or 120)", (0.6, 100.0), ((0, 1), (1, 1e5)), ALL),
    Trap("drift", _drift, "change of the light from the first to the last frame in EV, even steps", (-0.7,), EV, ALL),
    Trap("fog", _fog, "share of the light that fog has replaced by its mean in the last frame, even steps", (0.5,), ((0, 1),), ALL),
    Trap("flash", _flash, "light added at the solids in EV, 1/d² elsewhere; the Flash tag says so", (1.5,), ((0, 8),)),
    Trap("lamp", _lamp, "as flash, but no tag says so", (1.5,), ((0, 8),)),
    Trap("overexposed", _overexposed, "EV longer than the series asks for, and claimed so", (5.0,), ((0, 12),)),
    Trap("iso_drift", _iso_drift, "share of the change in light that automatic ISO takes back", (1.0,), ((0, 1),), ALL),
    Trap("iso_overflow", _iso_overflow, "ISO (above 65535 it overflows its tag), brightness held by the shutter", (102400.0,),
         ((25, 3_276_800),), LAST),
)  # fmt: skip
