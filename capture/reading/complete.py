"""What one file alone does not give: exiftool's answers for the whole folder, and colour temperatures from multipliers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from capture.colour_temperature import ColourProfile
from capture.reading.exiftool import exiftool_statements
from capture.reading.merge import merged
from capture.reading.shot import Gains, Reading, Shot

Whites = dict[tuple[Gains, bytes], tuple[float, float] | None]
"""(kelvin, Duv) by gains and profile: a folder with a fixed white balance computes them once."""


def complete(shots: Sequence[Shot], notes: list[str] | None = None) -> list[Shot]:
    """``shots`` with exiftool's values merged in where it is installed, and kelvin and Duv where there are gains.

    ``notes`` receives a line where exiftool is absent or failed; that is never an error.
    """
    said, lines = exiftool_statements([shot.path for shot in shots])
    if notes is not None:
        notes += lines
    whites: Whites = {}
    done = []
    for shot in shots:
        if shot.path in said:
            shot = merged(shot, (*shot.statements, said[shot.path]))
        done.append(_with_white(shot, whites))
    return done


def _with_white(shot: Shot, whites: Whites) -> Shot:
    if shot.gains is None or shot.profile is None or not shot.gains_stated:
        return shot
    key = (shot.gains, _content(shot.profile))
    if key not in whites:
        whites[key] = shot.profile.kelvin_and_duv(np.array(shot.gains))
    white = whites[key]
    if white is None:
        return replace(shot, remarks=(*shot.remarks, f"{shot.path.name}: its white balance fits no white light; kelvins are not known"))
    return replace(shot, kelvin=Reading(white[0], "computed"), duv=Reading(white[1], "computed"))


def _content(profile: ColourProfile) -> bytes:
    second = b"" if profile.second is None else np.asarray(profile.second).tobytes()
    return np.asarray([*np.ravel(profile.first), profile.first_kelvin, profile.second_kelvin], np.float64).tobytes() + second
