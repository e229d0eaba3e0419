"""Which shot spoils a series, and by which tag, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from capture.reading.shot import Shot
from capture.sorting.clean_subset import Subset
from capture.sorting.settings import Setting, brightness_ev, settings_of, some


def why_spoiled(shots: Sequence[Shot], subset: Subset) -> list[tuple[int, str]]:
    """For each spoiler its index and what it has against what the rest has: ``has ISO 800, the other 12 have ISO 100``."""
    kept = [shots[index] for index in subset.kept]
    return [(index, _against(shots[index], kept, subset)) for index in subset.spoilers]


def why_silent(shots: Sequence[Shot], subset: Subset) -> list[tuple[int, str]]:
    """For each shot that does not say enough its index and what it does not say."""
    kept = [shots[index] for index in subset.kept]
    told = []
    for index in subset.unlabelled:
        shot = shots[index]
        settings = settings_of([*kept, shot])
        missing = [s.noun for s in settings if s.read(shot) is None and (s.name == subset.attribute or _stated(s, kept))]
        automatic = subset.attribute == "white_balance" and shot.automatic_white_balance
        told.append((index, "has an automatic white balance" if automatic else f"does not say its {' and its '.join(missing)}"))
    return told


def spoiled_by(shots: Sequence[Shot], subset: Subset, most: int = 4) -> str:
    """All spoilers in one line; those that differ alike are told together."""
    alike: dict[str, list[str]] = {}
    for index, why in (*why_spoiled(shots, subset), *why_silent(shots, subset)):
        alike.setdefault(why, []).append(shots[index].path.name)
    told = [f"{some(names, 3)} {why}" for why, names in alike.items()]
    return "; ".join(told[:most]) + (f"; and {len(told) - most} more cases" if len(told) > most else "")


def _stated(setting: Setting, kept: Sequence[Shot]) -> bool:
    return setting.strict and any(setting.read(shot) is not None for shot in kept)


def _against(shot: Shot, kept: Sequence[Shot], subset: Subset) -> str:
    odd = _odd(shot, kept, subset)
    if odd:
        own, usual = (" and ".join(words) for words in zip(*((s.tell(shot), _usual(s, kept)) for s in odd), strict=True))
        return f"has {own}, the other {len(kept)} have {usual}"
    levels = sorted(ev for one in kept if (ev := brightness_ev(one)) is not None)
    own_level = brightness_ev(shot)
    if own_level is None or not levels:
        return "does not say its shutter"
    apart = own_level - levels[len(levels) // 2]
    which = "brighter" if apart > 0 else "darker"
    return f"is {abs(apart):.2g} EV {which} by its settings than the other {len(kept)}, whose brightness the shutter holds"


def _odd(shot: Shot, kept: Sequence[Shot], subset: Subset) -> list[Setting]:
    """The settings in which ``shot`` differs from the series, in the order of `settings_of`."""
    odd = []
    for setting in settings_of([*kept, shot]):
        if setting.name == subset.attribute or (subset.held and setting.name == "exposure"):
            continue
        levels = setting.levels([shot, *kept], held=True)
        usual = Counter(levels[1:]).most_common(1)[0][0]
        if levels[0] != usual and (setting.strict or None not in (levels[0], usual)):
            odd.append(setting)
    return odd


def _usual(setting: Setting, kept: Sequence[Shot]) -> str:
    return Counter(setting.tell(shot) for shot in kept).most_common(1)[0][0]
