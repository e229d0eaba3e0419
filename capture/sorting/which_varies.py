"""Which setting changes over a group of shots, what label each shot gets, and which shots spoil the series.

A series of ISO or aperture may hold its brightness by the shutter: then t·ISO/N² stays within a third of a stop, and the
shutter is not what varies. Shutter times are those EXIF states (1/60, not 1/64): cameras round them by up to 0.1 EV and only
they know how. Where more than one setting varies, the fewest shots whose removal leaves a clean series are found; fewer than
a quarter of a group are left out without asking, more never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capture.reading.shot import Shot
from capture.sorting.clean_subset import Subset, clean_subsets
from capture.sorting.settings import (
    APERTURE,
    ATTRIBUTES,
    COMPENSATION,
    ISO,
    SHUTTER,
    Setting,
    any_kelvin,
    brightness_ev,
    exposure_ev,
    settings_of,
    some,
)  # fmt: skip
from capture.sorting.spoilers import spoiled_by, why_silent, why_spoiled
from cat_dataset.errors import SeriesError, UsageError

__all__ = ["Decision", "LeftOut", "chosen_subset", "decide", "exposure_ev"]

LEFT_OUT_SHARE = 0.25
"""Spoilers are left out when they are fewer than this share of the shots that say enough; otherwise the group is refused."""


@dataclass(frozen=True)
class LeftOut:
    """A shot that is in no series, and why, in plain words without its name."""

    shot: Shot
    reason: str


@dataclass(frozen=True)
class Decision:
    """The attribute that varies, the shots that show it (as given), the label of each, who is left out, and lines for the user.

    Shots with equal ``settings`` were taken with the same value of the attribute, however a floating f-number reads.
    """

    attribute: str
    shots: tuple[Shot, ...]
    values: tuple[float, ...]
    settings: tuple[tuple[float | None, ...], ...]
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
        return _by_order(shots, where, forced, moving)
    subset = chosen_subset(shots)
    if subset is not None:
        left = [LeftOut(shots[index], f"{why}; it is left out") for index, why in why_spoiled(shots, subset)]
        left += [LeftOut(shots[index], why) for index, why in why_silent(shots, subset)]
        notes = [f"the shutter holds the brightness, so {subset.attribute} is what varies"] if subset.held else []
        return _labelled([shots[index] for index in subset.kept], subset.attribute, left, notes)
    if len(moving) > 1:
        raise SeriesError(f"{where}: {_too_many(shots, moving)}")
    for setting in moving:
        if setting.series:
            _refuse_silence(shots, where, setting)
    listed = "; ".join(setting.listed(shots) for setting in settings[:3] if any(setting.read(shot) is not None for shot in shots))
    found = f"{listed or 'no settings are recorded'}{_balance_hint(shots)}{_lens_hint(shots)}"
    raise SeriesError(
        f"{where}: nothing varies in {len(shots)} pictures ({found}); take the series with one setting changed between frames"
    )


def _by_order(shots: Sequence[Shot], where: str, name: str, moving: Sequence[Setting]) -> Decision:
    """A series of ``name`` because the user says so, whatever else varies. Shots without a label are left out by name."""
    others = [setting.noun for setting in moving if setting.name != name]
    notes = [f"--attribute {name} is taken although the {' and the '.join(others)} varies too"] if others else []
    setting = next(setting for setting in settings_of(shots) if setting.name == name)
    kept = [shot for shot in shots if _label(setting, shot) is not None]
    if len(kept) < 2:
        _refuse_silence(shots, where, setting)
    values = {_label(setting, shot) for shot in kept}
    if len(values) < 2:
        raise SeriesError(f"{where}: {name} is {values.pop():g} in all {len(kept)} pictures; choose another --attribute")
    left = [LeftOut(shot, f"{_says_not(setting, shot)}, so it has no label") for shot in shots if _label(setting, shot) is None]
    return _labelled(kept, name, left, notes)


def _labelled(kept: Sequence[Shot], name: str, left: Sequence[LeftOut], notes: Sequence[str]) -> Decision:
    setting = next(setting for setting in settings_of(kept) if setting.name == name)
    values = [value for shot in kept if (value := _label(setting, shot)) is not None]
    said = list(notes)
    settings: list[tuple[float | None, ...]] = [(value,) for value in values]
    if setting is SHUTTER:
        unknown = [other.noun for other in (ISO, APERTURE) if all(other.read(shot) is None for shot in kept)]
        said += [f"no picture says its {noun}: the exposure labels are right relative to each other only" for noun in unknown]
        settings = [(SHUTTER.read(shot), ISO.read(shot), level) for shot, level in zip(kept, APERTURE.levels(kept, held=True), strict=True)]
    if setting is COMPENSATION:
        said.append("exposure is the exposure compensation that is stated, not the shutter time: right relative to each other only")
    return Decision(name, tuple(kept), tuple(values), tuple(settings), tuple(left), tuple(said))


def _label(setting: Setting, shot: Shot) -> float | None:
    if setting.name == "white_balance":
        return any_kelvin(shot)
    return brightness_ev(shot) if setting is SHUTTER else setting.read(shot)


def _says_not(setting: Setting, shot: Shot) -> str:
    if setting.name == "white_balance" and not shot.raw:
        return "does not say its white balance in kelvins (a JPEG rarely does: shoot RAW)"
    return f"does not say its {setting.noun}"


def _refuse_silence(shots: Sequence[Shot], where: str, setting: Setting) -> None:
    """Refuse a group in which fewer than two shots have a label of ``setting``, or the others too little beside it."""
    silent = [shot for shot in shots if _label(setting, shot) is None]
    if silent:
        names = some([shot.path.name for shot in silent])
        which = f"{len(silent)} of {len(shots)} pictures" if len(silent) > 1 else f"1 of {len(shots)} pictures ({names})"
        raise SeriesError(f"{where}: {which}: it {_says_not(setting, silent[0])}: {names}; take them out of the folder")
    raise SeriesError(f"{where}: {_too_many(shots, [setting])}")


def _balance_hint(shots: Sequence[Shot]) -> str:
    if all(not shot.raw for shot in shots):
        return "; JPEGs do not record the white balance in kelvins"
    if any(shot.automatic_white_balance for shot in shots):
        return "; the white balance was automatic, which counts only with --attribute white_balance"
    return ""


def _lens_hint(shots: Sequence[Shot]) -> str:
    if any(APERTURE.read(shot) is not None for shot in shots) or all(ISO.read(shot) is None for shot in shots):
        return ""
    return "; no picture says its aperture: for a lens set by hand scene.yaml can give the f_numbers"


def _too_many(shots: Sequence[Shot], moving: Sequence[Setting]) -> str:
    """What varies, which shots spoil the nearest clean series by which tag, and what to do."""
    listed = "; ".join(setting.listed(shots) for setting in moving)
    near = next((subset for subset in clean_subsets(shots) if len(subset.spoilers) <= len(shots) // 2), None)
    if near is None:
        return f"more than one setting varies ({listed}); split the folder so that one does, or name the one that counts with --attribute"
    return (
        f"more than one setting varies ({listed}); nearest is a series of {near.attribute}: {spoiled_by(shots, near)}; "
        "leave those out, or name the setting that counts with --attribute"
    )
