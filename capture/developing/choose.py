"""The recipe of a series, chosen from what its files say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from capture.developing.fields import GAINS
from capture.developing.recipe import Crop, FrameRecipe, Recipe, fits, working_size
from capture.reading.shot import Gains, Shot
from cat_dataset.errors import InputError, UsageError

OWN_WHITE_BALANCE = "white_balance"
"""The attribute whose frames each keep their own multipliers."""

UNIT: Gains = (1.0, 1.0, 1.0)


def recipe_for(
    shots: Sequence[Shot], attribute: str, *, size: int = 1024, square: bool = True, full: bool = False, bits: int = 8,
    curve: str = "sRGB", crop: Crop | None = None, margin: float = 0.0,
) -> tuple[Recipe, list[Gains | None]]:  # fmt: skip
    """The recipe of a series of ``shots`` of one size in the order of their values, and the gains that each frame adds.

    Multipliers are those of the middle frame, for all; only in a white_balance series each RAW frame has its own. The
    orientation is the majority's. Half-size development is chosen where it still gives the working picture, unless
    ``full``. ``margin`` (share of ``size``) makes the working picture larger than the frames, so that frames that moved
    can be aligned and still be ``size`` pixels.

    Raises:
        UsageError: a size, margin, crop or combination of bits and curve that is impossible.
    """
    if not 16 <= size <= 32768:
        raise UsageError(f"--size {size} must be 16 to 32768 pixels")
    if not 0 <= margin <= 1:
        raise UsageError(f"a margin of {margin:g} must be 0 to 1")
    if bits not in (8, 16) or curve not in ("sRGB", "linear"):
        raise UsageError(f"frames have 8 or 16 bits and the curve sRGB or linear, not {bits} bits and {curve!r}")
    if curve == "linear" and bits != 16:
        raise UsageError("linear light in 8 bits would show bands; ask for 16 bits as well")
    middle = shots[len(shots) // 2]
    levels = {shot.saturation for shot in shots if shot.saturation}
    own: list[Gains | None] = [None] * len(shots)
    if attribute == OWN_WHITE_BALANCE:
        own = [(shot.gains or UNIT) if shot.raw else None for shot in shots]
    plain = Recipe(
        size=size, square=square, crop=(0, 0, 1, 1), half=all(shot.raw for shot in shots) and not full,
        orientation=Counter(shot.orientation for shot in shots).most_common(1)[0][0],
        gains=(middle.gains or UNIT) if middle.raw and attribute != OWN_WHITE_BALANCE else None,
        least_gain=_least(own), saturation=min(levels) if len(levels) > 1 else None, bits=bits, curve=curve,
    )  # fmt: skip
    stored = middle.width, middle.height
    larger = replace(plain, size=round(size * (1 + margin)))
    return resized(larger, stored, larger.size, crop or _centred(working_size(stored, larger), size, square)), own


def resized(recipe: Recipe, stored: tuple[int, int], size: int, crop: Crop) -> Recipe:
    """``recipe`` with another ``size`` of the working picture and another ``crop`` in it.

    Half-size development is given up where it no longer has the pixels. ``stored`` is the (width, height) of the files.

    Raises:
        UsageError: the crop does not lie in the working picture.
    """
    made = replace(recipe, size=size, crop=crop)
    width, height = working_size(stored, made)
    if not fits(crop, (width, height)):
        raise UsageError(f"the crop {', '.join(map(str, crop))} does not lie in the working picture of {width}×{height} pixels")
    return replace(made, half=recipe.half and min(width, height) <= min(stored) // 2 and max(width, height) <= max(stored) // 2)


def developed(
    shot: Shot, attribute: str, values: Sequence[float], *, size: int = 1024, square: bool = True, full: bool = False, bits: int = 8,
    curve: str = "sRGB", crop: Crop | None = None,
) -> tuple[Recipe, list[FrameRecipe]]:  # fmt: skip
    """The recipe of a series of exact changes to one picture, and what each of its frames adds.

    Raises:
        InputError: white_balance of a file that is no RAW, or whose camera matrix nobody knows.
        UsageError: as `recipe_for`; a gamma of pictures that are stored linear.
    """
    recipe, _ = recipe_for([shot], attribute, size=size, square=square, full=full, bits=bits, curve=curve, crop=crop)
    if attribute != OWN_WHITE_BALANCE:
        if attribute == "gamma" and curve == "linear":
            raise UsageError("a gamma series is a series of curves; it cannot be stored linear")
        return recipe, [FrameRecipe(change={attribute: value}) for value in values]
    if not shot.raw:
        raise InputError(f"{shot.path} is no RAW file: its white balance was fixed by the camera and cannot be changed exactly")
    if shot.profile is None:
        raise InputError(f"{shot.path} has no camera matrix, in the file or in LibRaw: its kelvins are unknown; convert it to DNG")
    own: list[Gains] = []
    for value in values:
        red, green, blue = (float(gain) for gain in shot.profile.multipliers(value))
        if not GAINS[0] <= min(red, green, blue) <= max(red, green, blue) <= GAINS[1]:
            raise InputError(f"{shot.path}: its camera matrix gives no gains for {value:g} K; ask for other kelvins")
        own.append((red, green, blue))
    frames = [FrameRecipe(gains, {attribute: value}) for gains, value in zip(own, values, strict=True)]
    return replace(recipe, least_gain=_least(own)), frames


def _centred(working: tuple[int, int], size: int, square: bool) -> Crop:
    """The largest crop in the middle of the working picture with no side above ``size``; with equal sides if ``square``."""
    width, height = min(size, working[0]), min(size, working[1])
    if square:
        width = height = min(width, height)
    return (working[0] - width) // 2, (working[1] - height) // 2, width, height


def _least(gains: Sequence[Gains | None]) -> float:
    """The least of all gains in a series whose frames have their own; 1 where none has."""
    return min((min(one) for one in gains if one), default=1.0)
