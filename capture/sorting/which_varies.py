"""Which setting changes over a folder of shots, and what label each shot gets.

Settings are compared in EV (ISO and seconds as log2, f-number as 2·log2) and white balance in mireds. A series of ISO or
aperture may hold its brightness by the shutter: then t·ISO/N² stays within a third of a stop, and the shutter is not what
varies. Shutter times are those EXIF states (1/60, not 1/64): cameras round them by up to 0.1 EV and only they know how.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from capture.reading.shot import Reading, Shot
from cat_dataset.errors import SeriesError, UsageError

ATTRIBUTES = ("iso", "aperture", "exposure", "white_balance")
SAME_EV = 0.12
"""Settings closer than this are one setting: some lenses report an f-number that floats."""
COMPENSATED_EV = 1 / 3
SAME_MIRED = 5.0


@dataclass(frozen=True)
class Decision:
    """The attribute that varies, the label of every shot, and lines for the user."""

    attribute: str
    values: tuple[float, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Setting:
    name: str
    read: Callable[[Shot], Reading | None]
    stops: float
    show: Callable[[float], str]

    def known(self, shots: Sequence[Shot]) -> list[float]:
        return [reading.value for shot in shots if (reading := self.read(shot)) is not None]

    def differs(self, shots: Sequence[Shot]) -> bool:
        values = self.known(shots)
        return bool(values) and self.stops * math.log2(max(values) / min(values)) > SAME_EV

    def listed(self, shots: Sequence[Shot]) -> str:
        counts = Counter(self.show(value) for value in self.known(shots))
        shown = [f"{text} ({count}×)" if count > 1 else text for text, count in list(counts.items())[:8]]
        return f"{self.name}: {', '.join(shown)}{f' and {len(counts) - 8} more' if len(counts) > 8 else ''}"


_ISO = _Setting("ISO", lambda shot: shot.iso, 1.0, lambda value: f"{value:g}")
_APERTURE = _Setting("aperture", lambda shot: shot.f_number, 2.0, lambda value: f"f/{value:.3g}")
_SHUTTER = _Setting("shutter", lambda shot: shot.shutter, 1.0, lambda value: f"1/{1 / value:.4g} s" if value < 0.5 else f"{value:.3g} s")
_SETTINGS = {"iso": _ISO, "aperture": _APERTURE, "exposure": _SHUTTER}


def exposure_ev(shot: Shot) -> float:
    """log2(t · ISO/100 / N²): brighter is larger, 0 is 1 s at f/1 and ISO 100. An unknown ISO or f-number leaves its term out."""
    if shot.shutter is None:
        raise SeriesError(f"{shot.path} does not say its shutter time; an exposure series needs it")
    ev = math.log2(shot.shutter.value)
    ev += math.log2(shot.iso.value / 100) if shot.iso else 0.0
    return ev - (2 * math.log2(shot.f_number.value) if shot.f_number else 0.0)


def decide(shots: Sequence[Shot], where: str, forced: str | None = None) -> Decision:
    """Find the attribute that varies over ``shots``, or take ``forced``.

    Raises:
        SeriesError: nothing varies, more than one setting does, or the label of a shot is not known.
        UsageError: ``forced`` is no attribute of a camera series.
    """
    if forced is not None and forced not in ATTRIBUTES:
        raise UsageError(f"--attribute {forced!r} is none of {', '.join(ATTRIBUTES)}")
    moving = [name for name, setting in _SETTINGS.items() if setting.differs(shots)]
    balance = _balance_differs(shots)
    if forced is not None:
        return _labelled(shots, where, forced, _forced_notes(forced, moving, balance))
    if balance and moving:
        raise SeriesError(f"{where}: {_both(shots, moving, balance=True)}")
    if balance:
        return _labelled(shots, where, "white_balance")
    if len(moving) == 1:
        return _labelled(shots, where, moving[0])
    if sorted(moving) in (["exposure", "iso"], ["aperture", "exposure"]):
        drift = [exposure_ev(shot) for shot in shots if shot.shutter is not None]
        middle = float(np.median(drift))
        if len(drift) == len(shots) and max(abs(ev - middle) for ev in drift) <= COMPENSATED_EV + 1e-6:
            name = "iso" if "iso" in moving else "aperture"
            return _labelled(shots, where, name, [f"the shutter holds the brightness, so {name} is what varies"])
    if moving:
        raise SeriesError(f"{where}: {_both(shots, moving, balance=False)}")
    settings = "; ".join(setting.listed(shots) for setting in _SETTINGS.values() if setting.known(shots)) or "no settings are recorded"
    raise SeriesError(
        f"{where}: nothing varies in {len(shots)} pictures ({settings}{_balance_hint(shots)}); "
        "take the series with one setting changed between frames"
    )


def _labelled(shots: Sequence[Shot], where: str, name: str, notes: Sequence[str] = ()) -> Decision:
    """Labels for attribute ``name``; every shot must have one and at least two must differ."""
    said = list(notes)
    if name == "white_balance":
        readings = [Reading(float(round(shot.kelvin.value)), shot.kelvin.reader) if shot.kelvin else None for shot in shots]
    elif name == "exposure":
        readings = [shot.shutter for shot in shots]
    else:
        readings = [_SETTINGS[name].read(shot) for shot in shots]
    missing = [shot.path.name for shot, reading in zip(shots, readings, strict=True) if reading is None]
    if missing:
        what = {"white_balance": "white balance in kelvins (a JPEG does not record it: shoot RAW)", "exposure": "shutter time"}
        found = f"{len(missing)} of {len(shots)} pictures do not say their {what.get(name, name)}: {_some(missing)}"
        raise SeriesError(f"{where}: {found}; take them out of the folder")
    if name == "exposure":
        for setting in (_ISO, _APERTURE):
            known = len(setting.known(shots))
            if 0 < known < len(shots):
                raise SeriesError(
                    f"{where}: only {known} of {len(shots)} pictures say their {setting.name}; take the others out of the folder"
                )
            if known == 0:
                said.append(f"no picture says its {setting.name}: the exposure labels are right relative to each other only")
        values = tuple(exposure_ev(shot) for shot in shots)
    else:
        values = tuple(reading.value for reading in readings if reading is not None)
    if len(set(values)) < 2:
        raise SeriesError(f"{where}: {name} is {values[0]:g} in all {len(shots)} pictures; choose another --attribute")
    return Decision(name, values, tuple(said))


def _forced_notes(forced: str, moving: Sequence[str], balance: bool) -> list[str]:
    others = [name for name in moving if name != forced] + (["white_balance"] if balance and forced != "white_balance" else [])
    return [f"--attribute {forced} is taken although {' and '.join(others)} varies too"] if others else []


def _balance_differs(shots: Sequence[Shot]) -> bool:
    """Whether the white balance was set by hand to different values. Drift of an automatic one is no setting."""
    if any(shot.automatic_white_balance for shot in shots):
        return False
    mireds = [1e6 / shot.kelvin.value for shot in shots if shot.kelvin is not None]
    return len(mireds) > 1 and max(mireds) - min(mireds) > SAME_MIRED


def _balance_hint(shots: Sequence[Shot]) -> str:
    if all(not shot.raw for shot in shots):
        return "; JPEGs do not record the white balance in kelvins"
    if any(shot.automatic_white_balance for shot in shots):
        return "; the white balance was automatic, which counts only with --attribute white_balance"
    return ""


def _both(shots: Sequence[Shot], moving: Sequence[str], balance: bool) -> str:
    listed = [_SETTINGS[name].listed(shots) for name in moving]
    if balance:
        kelvins = sorted({round(shot.kelvin.value) for shot in shots if shot.kelvin is not None})
        listed.append(f"white balance: {', '.join(f'{kelvin} K' for kelvin in kelvins[:8])}")
    remedy = "split the folder so that one does, or name the one that counts with --attribute"
    return f"more than one setting varies ({'; '.join(listed)}); {remedy}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
