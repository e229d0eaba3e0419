"""Landmarks: points of the base mesh by name. Its topology never changes, so neither do they."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from render.people import source

MIDDLE = {
    "lip_upper": 474, "lip_lower": 523, "lip_upper_outer": 455, "lip_lower_outer": 492, "nose_tip": 297, "chin": 5162,
    "head_top": 881, "neck_front": 803, "chest": 1890,
}  # fmt: skip
"""Points in the plane x = 0."""

LEFT = {
    "mouth_corner": 7139, "lid_upper": 6785, "lid_lower": 6828, "eye_inner": 6850, "eye_outer": 6807, "brow_inner": 7006,
    "brow_middle": 7002, "brow_outer": 7005, "cheek": 11909, "nose_wing": 7099, "ear": 11983, "shoulder": 8236, "elbow": 10042,
    "wrist": 10210, "hip": 10920, "heel": 12442,
}  # fmt: skip
"""Points of the left half (+x); the right ones are their mirror images."""


@lru_cache(maxsize=1)
def landmarks() -> dict[str, int]:
    """Every landmark's point."""
    right = source.mirrored(np.array(list(LEFT.values())))
    sides = {f"{name}_left": index for name, index in LEFT.items()}
    return {**MIDDLE, **sides, **{f"{name}_right": int(index) for name, index in zip(LEFT, right, strict=True)}}
