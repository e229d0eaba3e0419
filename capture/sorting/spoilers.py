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
    return [
        (index, f"{_has(shots[index], kept, subset)}, the other {len(kept)} have {_rest(shots[index], kept, subset)}")
        for index in subset.spoilers
    ]


def spoiled_by(shots: Sequence[Shot], subset: Subset, most: int = 4) -> str:
    """All spoilers in one line; those that differ alike are told together."""
    alike: dict[str, list[str]] = {}
    for index, why in why_spoiled(shots, subset):
        alike.setdefault(why, []).append(shots[index].path.name)
    told = [f"{some(names, 3)} {why if len(names) == 1 else why.replace('has ', 'have ', 1)}" for why, names in alike.items()]
    return "; ".join(told[:most]) + (f"; and {len(told) - most} more cases" if len(told) > most else "")


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


def _has(shot: Shot, kept: Sequence[Shot], subset: Subset) -> str:
    odd = _odd(shot, kept, subset)
    if not odd:
        return f"has a brightness of {brightness_ev(shot) or 0.0:.2f} EV by its settings"
    return "has " + " and ".join(setting.tell(shot) for setting in odd)


def _rest(shot: Shot, kept: Sequence[Shot], subset: Subset) -> str:
    odd = _odd(shot, kept, subset)
    if not odd:
        levels = sorted(ev for one in kept if (ev := brightness_ev(one)) is not None)
        return f"{levels[0]:.2f} to {levels[-1]:.2f} EV" if levels else "another"
    return " and ".join(_common(setting, kept) for setting in odd)


def _common(setting: Setting, kept: Sequence[Shot]) -> str:
    return Counter(setting.tell(shot) for shot in kept).most_common(1)[0][0]
