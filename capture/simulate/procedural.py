"""A procedural high-dynamic-range environment: sky, sun, clouds, hills and ground, for machines without any HDRI."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WIDTH, HEIGHT = 1024, 512


def environment(seed: int) -> Floats:
    """Linear sRGB (512, 1024, 3); sunlit white paper is about 1, the sun's disk about 20,000 times that."""
    rng = np.random.Generator(np.random.Philox(key=[0x534B_59, seed]))
    lat = (0.5 - (np.arange(HEIGHT) + 0.5) / HEIGHT)[:, None] * np.pi
    lon = ((np.arange(WIDTH) + 0.5) / WIDTH - 0.5)[None, :] * 2 * np.pi
    up = np.sin(lat) * np.ones_like(lon)

    warmth = rng.uniform(0, 1)
    zenith = np.array([0.10, 0.22, 0.55]) * rng.uniform(0.7, 1.3)
    horizon = np.array([0.75, 0.80, 0.85]) * (1 - warmth) + np.array([1.1, 0.62, 0.36]) * warmth
    rise = np.clip(up, 0, 1)[..., None] ** 0.45
    sky = horizon * (1 - rise) + zenith * rise
    clouds = smooth_noise(rng, octaves=6)
    cover = np.clip((clouds - rng.uniform(0.42, 0.62)) * 5, 0, 1)[..., None] * np.clip(up * 6, 0, 1)[..., None]
    sky = sky * (1 - cover) + (0.55 + 0.6 * clouds[..., None]) * (0.35 + 0.65 * horizon) * cover

    sun_lat, sun_lon = np.radians(rng.uniform(8, 55)), rng.uniform(-np.pi, np.pi)
    cosine = np.sin(lat) * np.sin(sun_lat) + np.cos(lat) * np.cos(sun_lat) * np.cos(lon - sun_lon)
    angle = np.arccos(np.clip(cosine, -1, 1))[..., None]
    colour = np.array([1.0, 0.93, 0.82]) * (1 - warmth) + np.array([1.0, 0.66, 0.36]) * warmth
    sky = sky + colour * (0.9 * np.exp(-angle / 0.18) + 20000.0 * (angle < np.radians(0.5))) * (1 - 0.8 * cover)

    soil = np.array([[0.16, 0.13, 0.09], [0.07, 0.11, 0.04], [0.30, 0.27, 0.22]])[rng.integers(3)]
    grain = smooth_noise(rng, octaves=7)[..., None]
    ground = soil * (0.5 + 1.1 * grain) * (0.6 + 0.5 * np.sin(sun_lat))
    picture = np.where((up > 0)[..., None], sky, ground)
    for layer in range(3):
        ridge = sum(
            rng.uniform(0.2, 1) / k * np.sin(k * lon + rng.uniform(0, 2 * np.pi)) for k in (1, 2, 3, 5, 8, 13, 21, 34, 55)
        ) * rng.uniform(0.02, 0.05) + 0.12 - 0.035 * layer  # fmt: skip
        haze = (0.55, 0.3, 0.08)[layer]
        hill = (np.array([0.05, 0.085, 0.035]) * (0.5 + grain)) * (1 - haze) + horizon * haze
        picture = np.where(((lat < ridge) & (lat > 0))[..., None], hill, picture)
    return np.asarray(np.maximum(picture, 0), np.float32)


def smooth_noise(rng: np.random.Generator, octaves: int, height: int = HEIGHT, width: int = WIDTH) -> Floats:
    """Fractal noise in about 0..1, seamless at the left and right edge."""
    total, weight = np.zeros((height, width), np.float32), 0.0
    for octave in range(octaves):
        across, down = 4 << octave, 2 << octave
        cells = rng.random((down + 1, across), dtype=np.float32)
        around = np.concatenate([cells[:, -2:], cells, cells[:, :2]], axis=1)
        tall = max(height, down + 1)
        step = width / across
        scaled = cv2.resize(around, (round((across + 4) * step), tall), interpolation=cv2.INTER_CUBIC)
        start = round(2 * step)
        total += scaled[:height, start : start + width] / (1 << octave)
        weight += 1 / (1 << octave)
    return np.asarray(np.clip(total / np.float32(weight), 0, 1), np.float32)
