"""Which camera settings the frames of a simulated series take."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from cat_dataset.errors import UsageError

DEFAULT_RANGE = {
    "iso": (100.0, 6400.0), "exposure": (-3.0, 3.0), "compensation": (-3.0, 3.0), "aperture": (2.0, 16.0),
    "white_balance": (2800.0, 10000.0), "focus_distance": (0.5, 2.0), "focal_length": (24.0, 48.0),
}  # fmt: skip
"""First and last value: exposure in EV around the middle shutter time, focus in metres, focal length in millimetres."""
DEFAULT_FRAMES = {
    "iso": 7, "exposure": 13, "compensation": 7, "aperture": 7, "white_balance": 9, "focus_distance": 7, "focal_length": 7,
}  # fmt: skip
LIMITS = {
    "iso": (25.0, 3_276_800.0), "exposure": (-8.0, 8.0), "compensation": (-5.0, 5.0), "aperture": (0.7, 64.0),
    "white_balance": (1800.0, 20000.0), "focus_distance": (0.1, 1000.0), "focal_length": (4.0, 2000.0),
}  # fmt: skip

LIGHT_SOURCES = {3200: 3, 4150: 14, 5500: 1, 6500: 10, 7500: 11}
"""White-balance presets by their kelvins: EXIF LightSource tungsten, cool white fluorescent, daylight, cloudy, shade."""

_SHUTTER = Fraction(1, 60)
_NUMBER = Fraction(4)
_ISO = 200
DAYLIGHT = 6504.0
"""Environments are balanced for D65, so a camera set to it shows their greys as grey."""


@dataclass(frozen=True)
class Settings:
    """One press of the shutter: ISO, f-number, seconds, and the kelvins the camera balances its white for.

    ``compensation`` is the exposure compensation in EV that the shutter time comes from. ``focus`` in metres and
    ``focal_length`` in millimetres are None where they are the scene's own.
    """

    iso: int
    f_number: Fraction
    shutter: Fraction
    kelvin: float = DAYLIGHT
    compensation: Fraction = Fraction(0)
    focus: float | None = None
    focal_length: float | None = None

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
            chosen = [Settings(one.iso, _NUMBER, rounded_shutter(_SHUTTER * Fraction(middle, one.iso))) for one in chosen]
    elif vary == "exposure":
        chosen = [Settings(_ISO, _NUMBER, rounded_shutter(_SHUTTER * Fraction(2.0 ** float(ev)))) for ev in np.linspace(low, high, count)]
    elif vary == "compensation":
        dialled = [Fraction(float(ev)).limit_denominator(6) for ev in np.linspace(low, high, count)]
        chosen = [Settings(_ISO, _NUMBER, rounded_shutter(_SHUTTER * Fraction(2.0 ** float(ev))), compensation=ev) for ev in dialled]
    elif vary == "focus_distance":
        # even steps of 1/m: the blur of a thing changes by the same amount with each
        chosen = [Settings(_ISO, _NUMBER, _SHUTTER, focus=round(1 / float(d), 3)) for d in np.linspace(1 / low, 1 / high, count)]
    elif vary == "focal_length":
        chosen = [Settings(_ISO, _NUMBER, _SHUTTER, focal_length=round(float(f), 1)) for f in np.geomspace(low, high, count)]
    elif vary == "aperture":
        numbers = [Fraction(round(float(n) * 10), 10) for n in np.geomspace(low, high, count)]
        chosen = [Settings(_ISO, n, rounded_shutter(_SHUTTER * (n / _NUMBER) ** 2) if compensate else _SHUTTER) for n in numbers]
    else:
        mireds = np.linspace(1e6 / low, 1e6 / high, count)
        chosen = [Settings(_ISO, _NUMBER, _SHUTTER, float(round(1e6 / m))) for m in mireds]
    if len(set(chosen)) < count:
        raise UsageError(
            f"--frames {count} between {low:g} and {high:g} gives the same setting twice; ask for fewer frames or a wider --range"
        )
    return chosen


def preset_sweep(frames: int | None = None, limits: tuple[float, float] | None = None) -> list[Settings]:
    """White-balance presets within ``limits`` kelvins, the first ``frames`` of them, warmest light first.

    Raises:
        UsageError: fewer than two presets are left, or than ``frames``.
    """
    low, high = limits or DEFAULT_RANGE["white_balance"]
    found = [kelvin for kelvin in LIGHT_SOURCES if low <= kelvin <= high]
    if len(found) < (frames or 2):
        raise UsageError(f"--white-balance preset has {len(found)} presets within {low:g} to {high:g} K; ask for fewer frames")
    return [Settings(_ISO, _NUMBER, _SHUTTER, float(kelvin)) for kelvin in found[:frames]]


def rounded_shutter(seconds: Fraction) -> Fraction:
    """``seconds`` as the fraction that EXIF will hold; below 1 s as 1/x with x to a tenth."""
    if seconds < 1:
        return Fraction(10, max(1, round(10 / seconds)))
    return Fraction(round(seconds * 100), 100)
