"""Traps in what the file says: settings that were not used, clocks, other bodies and lenses, orientation, white balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from capture.simulate.press import Press
from capture.simulate.sweep import Settings, rounded_shutter
from capture.simulate.trap_tables import ALL, LATTER, Order, Trap

Spoilt = tuple[Press, dict[str, Any]]

OTHER_SERIAL = "CS100000002"
OTHER_LENS = "CatSim 50mm f/1.8"


def _claim(settings: Settings, tag: str, ev: float) -> Settings:
    """``settings`` with one number that says ``ev`` more brightness than there is."""
    if tag == "iso":
        return replace(settings, iso=max(1, round(settings.iso * 2**ev)))
    if tag == "f_number":
        return replace(settings, f_number=Fraction(round(float(settings.f_number) * 2 ** (-ev / 2) * 10), 10))
    return replace(settings, shutter=rounded_shutter(settings.shutter * Fraction(2**ev)))


def _lie(press: Press, order: Order, tag: str) -> Spoilt:
    claimed = _claim(press.claimed, tag, order.strength[0])
    return replace(press, claimed=claimed), {"tag": tag, "claimed_ev": order.strength[0]}


def _wrong_exif(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    return _lie(press, order, {"iso": "iso", "aperture": "f_number"}.get(press.vary, "shutter"))


def _wrong_iso(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    return _lie(press, order, "iso")


def _wrong_aperture(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    return _lie(press, order, "f_number")


def _wrong_shutter(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    return _lie(press, order, "shutter")


def _clock(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    return replace(press, clock=press.clock - order.strength[0]), {"clock_s": -order.strength[0]}


def _same_second(press: Press, _order: Order, presses: Sequence[Press]) -> Spoilt:
    off = presses[0].second - press.second
    return replace(press, clock=off, whole_seconds=True), {"clock_s": off}


def _tagged(press: Press, **tags: object) -> Spoilt:
    return replace(press, tags={**press.tags, **tags}), {name: value for name, value in tags.items() if not isinstance(value, Fraction)}


def _other_camera(press: Press, _order: Order, _presses: Sequence[Press]) -> Spoilt:
    spoilt, truth = _tagged(press, serial=OTHER_SERIAL)
    return replace(spoilt, body=press.body + 1), truth


def _other_lens(press: Press, _order: Order, _presses: Sequence[Press]) -> Spoilt:
    return _tagged(press, lens=OTHER_LENS)


def _manual_lens(press: Press, _order: Order, _presses: Sequence[Press]) -> Spoilt:
    spoilt, truth = _tagged(press, f_number=Fraction(0), focal_length_mm=0.0, focus_distance_m=0.0, lens="")
    return spoilt, {**truth, "f_number": 0}


def _rotated(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    return _tagged(press, orientation=round(order.strength[0]))


def _auto_wb(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    mired = 1e6 / press.done.kelvin + float(order.chance(press).uniform(-1, 1)) * order.strength[0]
    kelvin = float(round(min(max(1e6 / mired, 1800.0), 20000.0)))
    done, claimed = (replace(one, kelvin=kelvin) for one in (press.done, press.claimed))
    spoilt, _ = _tagged(press, white_balance_manual=False, light_source=0, kelvin=None)
    return replace(spoilt, done=done, claimed=claimed), {"kelvin": kelvin}


LIE = "EV by which EXIF claims more brightness than there is"
TRAPS = (
    Trap("wrong_exif", _wrong_exif, f"{LIE}, by the setting that varies", (1.0,), ((-8, 8),)),
    Trap("wrong_iso", _wrong_iso, f"{LIE}, by its ISO", (1.0,), ((-8, 8),)),
    Trap("wrong_aperture", _wrong_aperture, f"{LIE}, by its f-number", (1.0,), ((-8, 8),)),
    Trap("wrong_shutter", _wrong_shutter, f"{LIE}, by its shutter time", (1.0,), ((-8, 8),)),
    Trap("clock", _clock, "seconds that the camera's clock is behind", (3600.0,), ((-1e8, 1e8),), LATTER),
    Trap("same_second", _same_second, "the time of the first frame, without a fraction; no strength", frames=ALL),
    Trap("other_camera", _other_camera, "another body's serial number and fixed pattern; no strength"),
    Trap("other_lens", _other_lens, "another lens' name; no strength"),
    Trap("manual_lens", _manual_lens, "f-number, focal length and focus 0, no lens name; no strength", frames=ALL),
    Trap("rotated", _rotated, "EXIF orientation 1 to 8", (6.0,), ((1, 8),)),
    Trap("auto_wb", _auto_wb, "largest drift of the as-shot white in mired, drawn evenly within ±", (30.0,), ((0, 150),), ALL),
)
