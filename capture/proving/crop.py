"""The part of the working picture that every frame sees."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from capture.developing.recipe import UNMOVED, Crop, Transform

MARGIN = 1.0
"""Pixels kept away from a moved frame's border, where interpolation lacks neighbours."""


def shared_crop(transforms: Sequence[Transform], size: tuple[int, int]) -> Crop:
    """The largest upright rectangle (left, top, width, height) between the borders of all frames, as they lie on the reference.

    For small rotations; a side that turns cuts as far as its innermost end. Width and height are at least 1.
    """
    width, height = size
    left, top, right, bottom = 0.0, 0.0, width - 1.0, height - 1.0
    for transform in transforms:
        if transform == UNMOVED:
            continue
        back = np.linalg.inv(np.vstack([np.array(transform).reshape(2, 3), [0, 0, 1]]))
        x0, y0, x1, y1 = MARGIN, MARGIN, width - 1 - MARGIN, height - 1 - MARGIN
        corners = np.array([[x0, y0, 1], [x1, y0, 1], [x1, y1, 1], [x0, y1, 1]]) @ back[:2].T
        left, right = max(left, corners[0, 0], corners[3, 0]), min(right, corners[1, 0], corners[2, 0])
        top, bottom = max(top, corners[0, 1], corners[1, 1]), min(bottom, corners[2, 1], corners[3, 1])
    x, y = math.ceil(left - 1e-6), math.ceil(top - 1e-6)
    return (x, y, max(1, math.floor(right + 1e-6) - x + 1), max(1, math.floor(bottom + 1e-6) - y + 1))
