"""The colour of a black body: from kelvins to linear Rec.709 by Planck's law and the CIE 1931 observer, and back.

Standard library only: also used inside Blender, whose own black body is a fit that stands still above 12000 K.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

Triple = tuple[float, float, float]

SECOND_RADIATION_CONSTANT = 1.438776877e-2
"""c2 = hc/k in metre kelvins (CODATA 2018)."""
COOLEST, HOTTEST = 500.0, 100_000.0
"""Kelvins between which `correlated_kelvin` searches."""
_RUNGS = 96
_GOLDEN = (math.sqrt(5) - 1) / 2

TO_REC709 = (
    (3.2404541621, -1.5371385128, -0.4985314096),
    (-0.9692660305, 1.8760108454, 0.0415560175),
    (0.0556434310, -0.2040259135, 1.0572251882),
)
"""XYZ to linear Rec.709 (the primaries of sRGB) with white D65, from the chromaticities of ITU-R BT.709."""
TO_XYZ = (
    (0.4124564391, 0.3575760776, 0.1804374833),
    (0.2126728514, 0.7151521553, 0.0721749933),
    (0.0193338956, 0.1191920259, 0.9503040785),
)


def blackbody_xyz(kelvin: float) -> Triple:
    """CIE 1931 XYZ of a black body, luminance 1."""
    total = [0.0, 0.0, 0.0]
    for index, weights in enumerate(OBSERVER):
        metres = (OBSERVER_FIRST_NM + index * OBSERVER_STEP_NM) * 1e-9
        exponent = SECOND_RADIATION_CONSTANT / (metres * kelvin)
        radiance = math.exp(-exponent) / -math.expm1(-exponent) / (metres * 1e9) ** 5  # exp(+x) would overflow
        for channel, weight in enumerate(weights):
            total[channel] += weight * radiance
    return (total[0] / total[1], 1.0, total[2] / total[1])


def blackbody_rgb(kelvin: float) -> Triple:
    """Linear Rec.709 of a black body, luminance 1. Below about 1900 K it is outside the gamut: blue is 0 then (`in_gamut`)."""
    clipped = [max(0.0, value) for value in _times(TO_REC709, blackbody_xyz(kelvin))]
    luminance = _times(TO_XYZ, clipped)[1]
    return (clipped[0] / luminance, clipped[1] / luminance, clipped[2] / luminance)


def in_gamut(kelvin: float) -> bool:
    """Whether Rec.709 can show the black body's colour."""
    return min(_times(TO_REC709, blackbody_xyz(kelvin))) >= 0


def correlated_kelvin(rgb: Sequence[float]) -> float:
    """Correlated colour temperature of linear Rec.709: the black body nearest to it in CIE 1960 uv.

    Raises:
        ValueError: black.
    """
    if not any(value > 0 for value in rgb):
        raise ValueError("black has no colour temperature")
    place = _uv(_times(TO_XYZ, rgb))
    ladder = _ladder()
    nearest = min(range(len(ladder)), key=lambda index: math.dist(place, ladder[index][1]))
    low, high = ladder[max(nearest - 1, 0)][0], ladder[min(nearest + 1, _RUNGS)][0]
    while high - low > 1e-9 * high:  # golden-section search
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if math.dist(place, _locus(left)) < math.dist(place, _locus(right)):
            high = right
        else:
            low = left
    return 2e6 / (low + high)


@cache
def _ladder() -> list[tuple[float, tuple[float, float]]]:
    """Mireds from `HOTTEST` to `COOLEST`, in even steps of their logarithm, with their places on the locus."""
    first, last = 1e6 / HOTTEST, 1e6 / COOLEST
    mireds = [first * (last / first) ** (rung / _RUNGS) for rung in range(_RUNGS + 1)]
    return [(mired, _locus(mired)) for mired in mireds]


def _locus(mired: float) -> tuple[float, float]:
    return _uv(blackbody_xyz(1e6 / mired))


def _uv(xyz: Triple) -> tuple[float, float]:
    x, y, z = xyz
    scale = x + 15 * y + 3 * z
    return (4 * x / scale, 6 * y / scale)


def _times(matrix: Sequence[Triple], vector: Sequence[float]) -> Triple:
    first, second, third = (math.fsum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return (first, second, third)


OBSERVER_FIRST_NM, OBSERVER_STEP_NM = 360, 5
# fmt: off
OBSERVER: tuple[Triple, ...] = (
    (0.0001299, 3.917e-06, 0.0006061), (0.0002321, 6.965e-06, 0.001086), (0.0004149, 1.239e-05, 0.001946),
    (0.0007416, 2.202e-05, 0.003486), (0.001368, 3.9e-05, 0.00645), (0.002236, 6.4e-05, 0.01055), (0.004243, 0.00012, 0.02005),
    (0.00765, 0.000217, 0.03621), (0.01431, 0.000396, 0.06785), (0.02319, 0.00064, 0.1102), (0.04351, 0.00121, 0.2074),
    (0.07763, 0.00218, 0.3713), (0.13438, 0.004, 0.6456), (0.21477, 0.0073, 1.03905), (0.2839, 0.0116, 1.3856),
    (0.3285, 0.01684, 1.62296), (0.34828, 0.023, 1.74706), (0.34806, 0.0298, 1.7826), (0.3362, 0.038, 1.77211), (0.3187, 0.048, 1.7441),
    (0.2908, 0.06, 1.6692), (0.2511, 0.0739, 1.5281), (0.19536, 0.09098, 1.28764), (0.1421, 0.1126, 1.0419), (0.09564, 0.13902, 0.81295),
    (0.05795, 0.1693, 0.6162), (0.03201, 0.20802, 0.46518), (0.0147, 0.2586, 0.3533), (0.0049, 0.323, 0.272), (0.0024, 0.4073, 0.2123),
    (0.0093, 0.503, 0.1582), (0.0291, 0.6082, 0.1117), (0.06327, 0.71, 0.07825), (0.1096, 0.7932, 0.05725), (0.1655, 0.862, 0.04216),
    (0.22575, 0.91485, 0.02984), (0.2904, 0.954, 0.0203), (0.3597, 0.9803, 0.0134), (0.43345, 0.99495, 0.00875), (0.51205, 1.0, 0.00575),
    (0.5945, 0.995, 0.0039), (0.6784, 0.9786, 0.00275), (0.7621, 0.952, 0.0021), (0.8425, 0.9154, 0.0018), (0.9163, 0.87, 0.00165),
    (0.9786, 0.8163, 0.0014), (1.0263, 0.757, 0.0011), (1.0567, 0.6949, 0.001), (1.0622, 0.631, 0.0008), (1.0456, 0.5668, 0.0006),
    (1.0026, 0.503, 0.00034), (0.9384, 0.4412, 0.00024), (0.85445, 0.381, 0.00019), (0.7514, 0.321, 0.0001), (0.6424, 0.265, 5e-05),
    (0.5419, 0.217, 3e-05), (0.4479, 0.175, 2e-05), (0.3608, 0.1382, 1e-05), (0.2835, 0.107, 0.0), (0.2187, 0.0816, 0.0),
    (0.1649, 0.061, 0.0), (0.1212, 0.04458, 0.0), (0.0874, 0.032, 0.0), (0.0636, 0.0232, 0.0), (0.04677, 0.017, 0.0),
    (0.0329, 0.01192, 0.0), (0.0227, 0.00821, 0.0), (0.01584, 0.005723, 0.0), (0.0113592, 0.004102, 0.0), (0.00811092, 0.002929, 0.0),
    (0.00579035, 0.002091, 0.0), (0.00410946, 0.001484, 0.0), (0.00289933, 0.001047, 0.0), (0.00204919, 0.00074, 0.0),
    (0.00143997, 0.00052, 0.0), (0.000999949, 0.0003611, 0.0), (0.000690079, 0.0002492, 0.0), (0.000476021, 0.0001719, 0.0),
    (0.000332301, 0.00012, 0.0), (0.000234826, 8.48e-05, 0.0), (0.000166151, 6e-05, 0.0), (0.000117413, 4.24e-05, 0.0),
    (8.30753e-05, 3e-05, 0.0), (5.87065e-05, 2.12e-05, 0.0), (4.15099e-05, 1.499e-05, 0.0), (2.93533e-05, 1.06e-05, 0.0),
    (2.06738e-05, 7.4657e-06, 0.0), (1.45598e-05, 5.2578e-06, 0.0), (1.0254e-05, 3.7029e-06, 0.0), (7.22146e-06, 2.6078e-06, 0.0),
    (5.08587e-06, 1.8366e-06, 0.0), (3.58165e-06, 1.2934e-06, 0.0), (2.52253e-06, 9.1093e-07, 0.0), (1.77651e-06, 6.4153e-07, 0.0),
    (1.25114e-06, 4.5181e-07, 0.0),
)
# fmt: on
"""Colour-matching functions of the CIE 1931 standard colorimetric observer (2°), 360 to 830 nm: CIE 018:2019, every fifth row.

Against all rows (every nanometre) a black body's colour differs by less than 3e-6 in u'v'.
"""
