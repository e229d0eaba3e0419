"""How far pixels may be from what the metadata claim, and why that far.

Real cameras: shutter times are rounded names (1/60 for 1/64: 0.09 EV at most, CIPA DC-011-2023 lists the series), f-numbers too
(5.6 for 4√2: 0.02 EV), a lens passes less light than its f-number says and not evenly (T-stop and vignetting, which
change with the aperture), and ISO may be off by calibration (ISO 12232 rounds to thirds of a stop).
"""

BRIGHTNESS_EV = {
    "exposure": 0.15, "iso": 0.25, "aperture": 0.30, "white_balance": 0.15, "focus_distance": 0.30, "focal_length": 0.40,
}  # fmt: skip
"""Shutter rounding and measurement; ISO calibration between gain stages; T-stop and vignetting; the working f-number that
changes with focus (1 + magnification: 0.3 EV at 1:9); zooms that change T-stop."""
OPPOSITE_EV = 0.3
"""A finished picture (JPEG) is refused when it is darker by this where it is claimed brighter by `CLEARLY_EV`, or the reverse."""
CLEARLY_EV = 0.7
NAMES_EV = 0.14
"""What the rounded names of shutter time and f-number hide together at most (1/60 for 1/64 is 0.09, f/3.5 for f/3.56 0.05 EV)."""
FLICKER_EV = 0.03
"""Scatter of brightness against the metadata from which light is called unsteady: ten times what the simulated camera shows."""
LIGHT_DRIFT_EV = 0.06
"""Steady change of light from the first to the last frame from which it is named."""
NOISE_EV = 0.40
"""ISO from the slope of the noise: gain stages are within 0.15 EV, the measurement adds three standard errors."""
PROFILE_EV = 0.5
"""Variance against the file's NoiseProfile: texture adds to it, lossy compression takes from it."""
NOISE_LIMIT_EV = 1.0
"""With a tolerance beyond this the noise says nothing about ISO."""
APERTURE_EV = 1.0
FOCUS_DIOPTRES = 0.35
SCALE = 0.03
"""Focal lengths are rounded to 1 mm (2.8 % at 18 mm) and change with focus."""
RATIO_EV = 0.02
"""Change of the sensor's R/G and B/G over a white-balance series, where only multipliers may change."""
DRIFT_PX = 0.5
"""Displacement below which a frame stays where it is: interpolation would cost more sharpness than it mends."""
DRIFT_SHARE = 0.12
"""Displacement in shares of the short side beyond which a frame would cost the series too much of its picture."""
MATCH_SAME, MATCH_OTHER, MATCH_FAR = 0.5, 0.25, 0.7
"""Correlation of detail from which two frames show one scene, and below which they do not; the last for frames that could
not be aligned or lie far off, where an alignment has sought whatever is alike. Honest simulated frames have 0.8 to 1."""
LEAST_OVERLAP = 0.15
"""Share of the picture that both frames must have unclipped before one is called another scene."""
LEAST_PIXELS = 8000
"""Pixels that both frames must have unclipped for it: on fewer, noise alone can make one scene look like two."""
MOVING_SHARE, MOVING_BALANCE = 0.0004, 0.05
"""Share of the picture; it is 0 in every honest simulated pair, sharp, blurred, noisy or hand-held. In a white-balance series the
pictures differ in colour by design, and up to 3 % of them by more than gains explain."""
BANDING_EV = 0.02
"""Amplitude of a wave along the rows or columns of the brightness ratio of two frames."""
OVEREXPOSED, UNDEREXPOSED = 0.25, 0.25
"""Clipped share of any colour, and share of green at or below black."""
LEAST_BLOCKS = 0.03
"""Share of the grid's blocks that must be usable for a brightness."""
