"""The colour of skin from how much melanin and how much blood is in it. Standard library only.

Light crosses the epidermis, where melanin absorbs, is scattered back by the dermis, where haemoglobin absorbs, and crosses
the epidermis again, on ways of every length: with lengths spread exponentially, 1/(1+τ) of it comes through. The two layers
with a pigment each are those of Donner and Jensen 2006 and Jimenez et al. 2010 ("A practical appearance model for dynamic
facial color"). Melanosomes, bloodless tissue and reduced scattering after Jacques ("Skin optics", 1998); haemoglobin after
the tables of Prahl (150 g/l of blood, 75 % oxygenated); the dermis' diffuse reflectance is the dipole's of Jensen and Buhler
2002; wavelengths become colours by Wyman, Sloan and Shirley 2013.
"""

from __future__ import annotations

import math

Colour = tuple[float, float, float]

EPIDERMIS_CM, SLANT = 0.006, 2.0
"""Thickness of the epidermis, and how much longer than it the diffuse light's way through is."""
FAIREST, DARKEST = 0.013, 0.43
"""Volume of melanosomes in the epidermis; Jacques gives 1.3 to 6.3 % for light skin, 18 to 43 % for dark skin."""
BLOOD = 0.008
"""Usual volume of blood in the dermis."""
_INDEX = 1.4
_HAEMOGLOBIN = {
    430: (246072, 528600), 450: (62816, 103292), 470: (33209, 16156), 490: (23684, 16684), 510: (20035, 25773), 530: (39956, 39036),
    550: (43016, 53412), 570: (44496, 45072), 590: (14400, 28324), 610: (1506, 9443), 630: (610, 5149), 650: (368, 3750),
    670: (294, 2795),
}  # fmt: skip
"""Molar extinction of oxygenated and of deoxygenated haemoglobin by wavelength, 1/(cm M)."""
_LOBES = (
    ((1.056, 599.8, 37.9, 31.0), (0.362, 442.0, 16.0, 26.7), (-0.065, 501.1, 20.4, 26.2)),
    ((0.821, 568.8, 46.9, 40.5), (0.286, 530.9, 16.3, 31.1)),
    ((1.217, 437.0, 11.8, 36.0), (0.681, 459.0, 26.0, 13.8)),
)
_TO_SRGB = ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))


def melanosomes(tone: float) -> float:
    """The volume fraction for a ``tone`` from 0, the fairest skin, to 1, the darkest; equal steps look about equal."""
    return FAIREST * math.pow(DARKEST / FAIREST, tone)


def skin_colour(melanin: float, blood: float = BLOOD) -> Colour:
    """Linear sRGB of skin with these volume fractions of melanosomes in the epidermis and of blood in the dermis."""
    xyz, white = [0.0] * 3, [0.0] * 3
    for nm in _HAEMOGLOBIN:
        back = reflectance(nm, melanin, blood)
        for axis, lobes in enumerate(_LOBES):
            share = math.fsum(
                height * math.exp(-0.5 * ((nm - middle) / (left if nm < middle else right)) ** 2) for height, middle, left, right in lobes
            )
            xyz[axis] += share * back
            white[axis] += share
    whites = [sum(row) for row in ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))]
    seen = [value / total * d65 for value, total, d65 in zip(xyz, white, whites, strict=True)]
    r, g, b = (max(0.0, math.fsum(weight * value for weight, value in zip(row, seen, strict=True))) for row in _TO_SRGB)
    return r, g, b


def reflectance(nm: float, melanin: float, blood: float) -> float:
    """The share of diffuse light of a wavelength that comes back."""
    bare = 0.244 + 85.3 * math.exp(-(nm - 154) / 66.2)
    epidermis = melanin * 6.6e11 * math.pow(nm, -3.33) + (1 - melanin) * bare
    oxygenated, deoxygenated = _HAEMOGLOBIN[int(nm)]
    whole_blood = math.log(10) * (0.75 * oxygenated + 0.25 * deoxygenated) * 150 / 66500
    absorbed = blood * whole_blood + (1 - blood) * bare
    scattered = 2e5 * math.pow(nm, -1.5) + 2e12 * math.pow(nm, -4)
    return 1 / (1 + 2 * SLANT * EPIDERMIS_CM * epidermis) * _dipole(scattered / (scattered + absorbed))


def _dipole(albedo: float) -> float:
    """Diffuse reflectance of a deep layer of the reduced ``albedo`` (Jensen and Buhler 2002)."""
    inner = -1.440 / _INDEX**2 + 0.710 / _INDEX + 0.668 + 0.0636 * _INDEX
    mismatch = (1 + inner) / (1 - inner)
    depth = math.sqrt(3 * (1 - albedo))
    return albedo / 2 * (1 + math.exp(-4 / 3 * mismatch * depth)) * math.exp(-depth)
