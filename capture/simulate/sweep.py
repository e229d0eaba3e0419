"""Which camera settings the frames of a simulated series take."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from cat_dataset.errors import UsageError

DEFAULT_RANGE = {"iso": (100.0, 6400.0), "exposure": (-3.0, 3.0), "aperture": (2.0, 16.0), "white_balance": (2800.0, 10000.0)}
"""First and last value; exposure in EV around the middle shutter time."""
DEFAULT_FRAMES = {"iso": 7, "exposure": 13, "aperture": 7, "white_balance": 9}
LIMITS = {"iso": (25.0, 3_276_800.0), "exposure": (-8.0, 8.0), "aperture": (0.7, 64.0), "white_balance": (1800.0, 20000.0)}

_SHUTTER = Fraction(1, 60)
_NUMBER = Fraction(4)
_ISO = 200
DAYLIGHT = 6504.0
"""Environments are balanced for D65, so a camera set to it shows their greys as grey."""


@dataclass(frozen=True)
class Settings:
    """One press of the shutter: ISO, f-number, seconds, and the kelvins the camera balances its white for."""

    iso: int
    f_number: Fraction
    shutter: Fraction
    kelvin: float = DAYLIGHT

    @property
    def light(self) -> float:
        """Light on the sensor in relative units, t/N²."""
        return float(self.shutter / self.f_number**2)

    @property
    def brightness(self) -> float:
        """Brightness of the raw numbers in relative units, t·ISO/N²."""
        return self.light * self.iso


def sweep(vary: str, frames: int | None = None, limits: tuple[float, float] | None = None, compensate: bool = False) -> list[Settings]:
    """The settings of every frame, brightest setting value last.

    ISO and f-number are whole and one-decimal numbers as a camera writes them, so that what EXIF says is what was done.
    With ``compensate`` the shutter holds the brightness of an ISO or aperture series.

    Raises:
        UsageError: an attribute, range or number of frames that cannot be simulated.
    """
    if vary not in DEFAULT_RANGE:
        raise UsageError(f"--vary {vary!r} is none of {', '.join(DEFAULT_RANGE)}")
    if compensate and vary not in ("iso", "aperture"):
        raise UsageError(f"--compensate holds the brightness of an iso or aperture series; it means nothing for {vary}")
    low, high = limits or DEFAULT_RANGE[vary]
    least, most = LIMITS[vary]
    if not least <= low < high <= most:
        raise UsageError(f"--range {low:g} {high:g} for {vary} must rise and lie within {least:g} to {most:g}")
    count = frames if frames is not None else DEFAULT_FRAMES[vary]
    if not 2 <= count <= 1000:
        raise UsageError(f"--frames {count} must be 2 to 1000")
    if vary == "iso":
        middle = round(float(np.sqrt(low * high)))
        chosen = [Settings(round(float(iso)), _NUMBER, _SHUTTER) for iso in np.geomspace(low, high, count)]
        if compensate:
            chosen = [Settings(one.iso, _NUMBER, _rounded(_SHUTTER * Fraction(middle, one.iso))) for one in chosen]
    elif vary == "exposure":
        chosen = [Settings(_ISO, _NUMBER, _rounded(_SHUTTER * Fraction(2.0 ** float(ev)))) for ev in np.linspace(low, high, count)]
    elif vary == "aperture":
        numbers = [Fraction(round(float(n) * 10), 10) for n in np.geomspace(low, high, count)]
        chosen = [Settings(_ISO, n, _rounded(_SHUTTER * (n / _NUMBER) ** 2) if compensate else _SHUTTER) for n in numbers]
    else:
        mireds = np.linspace(1e6 / low, 1e6 / high, count)
        chosen = [Settings(_ISO, _NUMBER, _SHUTTER, float(round(1e6 / m))) for m in mireds]
    if len(set(chosen)) < count:
        raise UsageError(
            f"--frames {count} between {low:g} and {high:g} gives the same setting twice; ask for fewer frames or a wider --range"
        )
    return chosen


def _rounded(seconds: Fraction) -> Fraction:
    """``seconds`` as the fraction that EXIF will hold; below 1 s as 1/x with x to a tenth."""
    if seconds < 1:
        return Fraction(10, max(1, round(10 / seconds)))
    return Fraction(round(seconds * 100), 100)
