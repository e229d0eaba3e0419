"""The settings of a shot that a series may vary or must hold, and when two of their values are one.

Values are compared on the scale on which cameras step: EV for ISO, shutter and aperture, octaves for focal length, mireds
for white balance, dioptres for focus distance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capture.reading.shot import Reading, Shot
from cat_dataset.attributes import ATTRIBUTES as REGISTRY
from cat_dataset.errors import SeriesError

ATTRIBUTES = ("iso", "aperture", "exposure", "white_balance", "focus_distance", "focal_length")
SIDE_CAR = "side-car"
"""The reader of what the user says in scene.yaml."""
SAME_EV = 0.12
"""Settings closer than this are one setting: some lenses report an f-number that floats."""
COMPENSATED_EV = 1 / 3
"""A series of ISO or aperture may hold its brightness by the shutter: t·ISO/N² then stays this near to its median."""
SAME_MIRED = 5.0
SAME_OCTAVE = 0.03
SAME_DIOPTRE = 0.02
DRIFT_DIOPTRE = 0.3
"""Autofocus hunts and lenses report coarse distances: a focus that wanders by less does not spoil another series."""
SHORTEST_S, LONGEST_S = 1e-6, 1e5
"""Shutter times that a camera can have."""


@dataclass(frozen=True)
class Setting:
    """One setting: how it is read, how it is compared, how it is shown.

    ``scale`` maps a value to the coordinate in which values closer than ``same`` (``drift`` where the setting is to be held)
    are one. ``strict``: a shot that does not say it differs from one that does. ``series``: it can be what varies.
    """

    name: str
    noun: str
    read: Callable[[Shot], float | None]
    scale: Callable[[float], float]
    same: float
    show: Callable[[float], str]
    drift: float
    strict: bool = False
    series: bool = True
    read_held: Callable[[Shot], float | None] | None = None
    """Reads the setting where it is to be held, if otherwise."""

    def tell(self, shot: Shot) -> str:
        """The setting of ``shot`` in words: ``ISO 800``, or that it is not stated."""
        value = self.read(shot)
        return f"no {self.noun} stated" if value is None else self.show(value)

    def differs(self, shots: Sequence[Shot]) -> bool:
        """Whether the stated values differ by more than one setting does."""
        found = [self.scale(value) for shot in shots if (value := self.read(shot)) is not None]
        return bool(found) and max(found) - min(found) > self.same

    def levels(self, shots: Sequence[Shot], *, held: bool) -> list[int | None]:
        """For each shot the number of its group of equal values, None where the value is not stated."""
        read = self.read_held if held and self.read_held is not None else self.read
        found = [None if (value := read(shot)) is None else self.scale(value) for shot in shots]
        width = self.drift if held else self.same
        level: dict[float, int] = {}
        start, number = -math.inf, -1
        for value in sorted({value for value in found if value is not None}):
            if value - start > width:
                start, number = value, number + 1
            level[value] = number
        return [None if value is None else level[value] for value in found]

    def listed(self, shots: Sequence[Shot], most: int = 8) -> str:
        """The values found and how often: ``ISO: 100 (2×), 200``."""
        counts = Counter(self.show(value).removeprefix("ISO ") for shot in shots if (value := self.read(shot)) is not None)
        shown = [f"{text} ({count}×)" if count > 1 else text for text, count in list(counts.items())[:most]]
        return f"{self.noun}: {', '.join(shown)}{f' and {len(counts) - most} more' if len(counts) > most else ''}"


def show_shutter(value: float) -> str:
    """Seconds as a photographer writes them."""
    return f"1/{1 / value:.4g} s" if value < 0.3 else f"{value:.3g} s"


def exposure_ev(shot: Shot) -> float:
    """log2(t · ISO/100 / N²): brighter is larger, 0 is 1 s at f/1 and ISO 100. An unknown ISO or f-number leaves its term out.

    Raises:
        SeriesError: no shutter time is stated.
    """
    ev = brightness_ev(shot)
    if ev is None:
        raise SeriesError(f"{shot.path} does not say its shutter time; an exposure series needs it")
    return ev


def brightness_ev(shot: Shot) -> float | None:
    """`exposure_ev`, None without a shutter time."""
    shutter, iso, number = SHUTTER.read(shot), ISO.read(shot), APERTURE.read(shot)
    if shutter is None:
        return None
    return math.log2(shutter) + (math.log2(iso / 100) if iso else 0.0) - (2 * math.log2(number) if number else 0.0)


def _within(reading: Reading | None, low: float, high: float) -> float | None:
    """A value that can be: what lies beyond no label may hold, and what a hostile file says need not be a number."""
    return reading.value if reading is not None and low <= reading.value <= high else None


def _labelled(name: str, reading: Reading | None) -> float | None:
    return _within(reading, REGISTRY[name].low, REGISTRY[name].high)


def _kelvin(shot: Shot) -> float | None:
    """White balance set by hand, in whole kelvins; drift of an automatic one is no setting, unless the side-car says it is."""
    if shot.automatic_white_balance and not (shot.kelvin is not None and shot.kelvin.reader == SIDE_CAR):
        return None
    return any_kelvin(shot)


def any_kelvin(shot: Shot) -> float | None:
    """White balance in whole kelvins, automatic or not: for a series of which the user says that this varies.

    The kelvins are those computed from the multipliers; only a file without multipliers is asked for the camera's statement.
    """
    stated = shot.camera_kelvin if shot.automatic_white_balance is False else None
    value = _labelled("white_balance", shot.kelvin) or _labelled("white_balance", stated)
    return None if value is None else float(round(value))


ISO = Setting(
    "iso", "ISO", lambda shot: _labelled("iso", shot.iso), math.log2, SAME_EV, lambda value: f"ISO {value:g}", SAME_EV, strict=True
)
APERTURE = Setting(
    "aperture", "aperture", lambda shot: _labelled("aperture", shot.f_number), lambda number: 2 * math.log2(number), SAME_EV,
    lambda number: f"f/{number:.3g}", SAME_EV, strict=True,
)  # fmt: skip
SHUTTER = Setting(
    "exposure", "shutter", lambda shot: _within(shot.shutter, SHORTEST_S, LONGEST_S), math.log2, SAME_EV, show_shutter, SAME_EV,
    strict=True,
)  # fmt: skip
COMPENSATION = Setting(
    "exposure", "exposure compensation", lambda shot: _labelled("exposure", shot.compensation), lambda ev: ev, SAME_EV,
    lambda ev: f"{ev:+.3g} EV", SAME_EV,
)  # fmt: skip
WHITE_BALANCE = Setting(
    "white_balance", "white balance", _kelvin, lambda kelvin: 1e6 / kelvin, SAME_MIRED, lambda kelvin: f"{kelvin:.0f} K", SAME_MIRED,
    read_held=lambda shot: None if shot.automatic_white_balance is None and shot.raw else _kelvin(shot),
)  # fmt: skip
"""Where a RAW does not say whether its white balance was automatic, drift of it spoils no other series."""
FOCUS = Setting(
    "focus_distance", "focus distance", lambda shot: _labelled("focus_distance", shot.focus_distance), lambda metres: 1 / metres,
    SAME_DIOPTRE, lambda metres: f"{metres:.3g} m", DRIFT_DIOPTRE,
)  # fmt: skip
FOCAL = Setting(
    "focal_length", "focal length", lambda shot: _labelled("focal_length", shot.focal_length), math.log2, SAME_OCTAVE,
    lambda millimetres: f"{millimetres:.4g} mm", SAME_OCTAVE, strict=True,
)  # fmt: skip
FLASH = Setting(
    "flash", "flash", lambda shot: None if shot.flash is None else float(shot.flash), float, 0.5,
    lambda fired: "the flash fired" if fired else "no flash", 0.5, series=False,
)  # fmt: skip
BALANCE_MODE = Setting(
    "balance_mode", "white balance mode",
    lambda shot: None if shot.raw or shot.automatic_white_balance is None else float(shot.automatic_white_balance), float, 0.5,
    lambda automatic: "automatic white balance" if automatic else "white balance set by hand", 0.5, series=False,
)  # fmt: skip
"""Held in developed files only: a RAW is developed with a white balance of our own."""


def settings_of(shots: Sequence[Shot]) -> tuple[Setting, ...]:
    """The settings to compare. Exposure is the shutter, or the compensation: where no shot states its shutter time, or where
    the side-car gives it for every shot."""
    by_hand = all(shot.compensation is not None and shot.compensation.reader == SIDE_CAR for shot in shots)
    stated = any(SHUTTER.read(shot) is not None for shot in shots) and not by_hand
    return (ISO, APERTURE, SHUTTER if stated else COMPENSATION, WHITE_BALANCE, FOCUS, FOCAL, FLASH, BALANCE_MODE)


def some(names: Sequence[str], most: int = 5) -> str:
    """The first few of a list of names."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
