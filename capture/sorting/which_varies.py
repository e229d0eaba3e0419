"""Which setting changes over a group of shots, what label each shot gets, and which shots spoil the series.

A series of ISO or aperture may hold its brightness by the shutter: then t·ISO/N² stays within a third of a stop, and the
shutter is not what varies. Shutter times are those EXIF states (1/60, not 1/64): cameras round them by up to 0.1 EV and only
they know how. Where more than one setting varies, the fewest shots whose removal leaves a clean series are found; less than
a quarter of a group is left out by itself, more never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capture.reading.shot import Shot
from capture.sorting.clean_subset import Subset, clean_subsets
from capture.sorting.settings import ATTRIBUTES, COMPENSATION, SHUTTER, Setting, any_kelvin, brightness_ev, exposure_ev, settings_of, some
from capture.sorting.spoilers import spoiled_by, why_spoiled
from cat_dataset.errors import SeriesError, UsageError

__all__ = ["Decision", "LeftOut", "chosen_subset", "decide", "exposure_ev", "usable"]

LEFT_OUT_SHARE = 0.25
"""Spoilers are left out when they are fewer than this share of the labelled shots; otherwise the group is refused."""


@dataclass(frozen=True)
class LeftOut:
    """A shot that is in no series, and why, in plain words without its name."""

    shot: Shot
    reason: str


@dataclass(frozen=True)
class Decision:
    """The attribute that varies, the shots that show it (as given), the label of each, who is left out, and lines for the user."""

    attribute: str
    shots: tuple[Shot, ...]
    values: tuple[float, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


def usable(subset: Subset) -> bool:
    """Whether a part of a group may stand for it: at least two shots, and few enough spoilers."""
    return len(subset.kept) >= 2 and len(subset.spoilers) < LEFT_OUT_SHARE * (len(subset.kept) + len(subset.spoilers))


def chosen_subset(shots: Sequence[Shot]) -> Subset | None:
    """The clean part that stands for ``shots``; None when there is none or two are equally good."""
    found = clean_subsets(shots)
    if not found or not usable(found[0]):
        return None
    equal = [subset for subset in found[1:] if (len(subset.kept), subset.values) == (len(found[0].kept), found[0].values)]
    return None if equal else found[0]


def decide(shots: Sequence[Shot], where: str, forced: str | None = None) -> Decision:
    """Find the attribute that varies over ``shots``, or take ``forced``.

    Raises:
        SeriesError: nothing varies, more than one setting does in too many shots, or fewer than two shots have a label.
        UsageError: ``forced`` is no attribute of a camera series.
    """
    if forced is not None and forced not in ATTRIBUTES:
        raise UsageError(f"--attribute {forced!r} is none of {', '.join(ATTRIBUTES)}")
    settings = settings_of(shots)
    moving = [setting for setting in settings if setting.differs(shots)]
    if forced is not None:
        others = [setting.noun for setting in moving if setting.name != forced]
        notes = [f"--attribute {forced} is taken although the {' and the '.join(others)} varies too"] if others else []
        return _labelled(shots, where, forced, [], notes)
    subset = chosen_subset(shots)
    if subset is not None:
        left = [LeftOut(shots[index], f"{why}; it is left out") for index, why in why_spoiled(shots, subset)]
        notes = [f"the shutter holds the brightness, so {subset.attribute} is what varies"] if subset.held else []
        spoiling = set(subset.spoilers)
        return _labelled([shot for index, shot in enumerate(shots) if index not in spoiling], where, subset.attribute, left, notes)
    varying = [setting for setting in moving if setting.series]
    if len(moving) > 1:
        raise SeriesError(f"{where}: {_too_many(shots, moving)}")
    if len(varying) == 1 and all(varying[0].read(shot) is not None for shot in shots):
        raise SeriesError(f"{where}: {_too_many(shots, [*moving, *(s for s in settings if _partly_stated(s, shots))])}")
    listed = "; ".join(setting.listed(shots) for setting in settings[:3] if any(setting.read(shot) is not None for shot in shots))
    raise SeriesError(
        f"{where}: nothing varies in {len(shots)} pictures ({listed or 'no settings are recorded'}{_balance_hint(shots)}); "
        "take the series with one setting changed between frames"
    )


def _labelled(shots: Sequence[Shot], where: str, name: str, left: list[LeftOut], notes: Sequence[str]) -> Decision:
    """Labels for attribute ``name``. Shots without one are left out by name; at least two must have one and differ."""
    said = list(notes)
    kept, values = [], []
    without: list[Shot] = []
    setting = next(setting for setting in settings_of(shots) if setting.name == name)
    for shot in shots:
        value = _label(setting, shot)
        if value is None:
            without.append(shot)
        else:
            kept.append(shot)
            values.append(value)
    missing = [LeftOut(shot, _says_not(name, setting, shot)) for shot in without]
    if len(kept) < 2:
        what = {"white_balance": "white balance in kelvins (a JPEG rarely records it: shoot RAW)"}.get(name, setting.noun)
        names = some([shot.path.name for shot in without])
        raise SeriesError(f"{where}: {len(without)} of {len(shots)} pictures do not say their {what}: {names}; take them out of the folder")
    if len(set(values)) < 2:
        raise SeriesError(f"{where}: {name} is {values[0]:g} in all {len(kept)} pictures that say it; choose another --attribute")
    if setting is SHUTTER:
        unknown = [other.noun for other in settings_of(kept)[:2] if all(other.read(shot) is None for shot in kept)]
        said += [f"no picture says its {noun}: the exposure labels are right relative to each other only" for noun in unknown]
    if setting is COMPENSATION:
        said.append("no picture says its shutter time: exposure is the camera's exposure compensation, right relative to each other only")
    return Decision(name, tuple(kept), tuple(values), (*left, *missing), tuple(said))


def _label(setting: Setting, shot: Shot) -> float | None:
    if setting.name == "white_balance":
        return any_kelvin(shot)
    return brightness_ev(shot) if setting is SHUTTER else setting.read(shot)


def _says_not(name: str, setting: Setting, shot: Shot) -> str:
    if name == "white_balance" and not shot.raw:
        return "does not say its white balance in kelvins (a JPEG rarely does: shoot RAW)"
    return f"does not say its {setting.noun}, so it has no label"


def _partly_stated(setting: Setting, shots: Sequence[Shot]) -> bool:
    stated = sum(setting.read(shot) is not None for shot in shots)
    return setting.strict and 0 < stated < len(shots)


def _balance_hint(shots: Sequence[Shot]) -> str:
    if all(not shot.raw for shot in shots):
        return "; JPEGs do not record the white balance in kelvins"
    if any(shot.automatic_white_balance for shot in shots):
        return "; the white balance was automatic, which counts only with --attribute white_balance"
    return ""


def _too_many(shots: Sequence[Shot], moving: Sequence[Setting]) -> str:
    """What varies, which shots spoil the nearest clean series by which tag, and what to do."""
    listed = "; ".join(setting.listed(shots) for setting in dict.fromkeys(moving))
    remedy = "split the folder so that one does, or name the one that counts with --attribute"
    near = next((subset for subset in clean_subsets(shots) if len(subset.spoilers) <= len(shots) // 2), None)
    if near is not None:
        remedy = f"nearest is a series of {near.attribute}: {spoiled_by(shots, near)}. Leave out what differs, or {remedy}"
    return f"more than one setting varies ({listed}); {remedy}"
