"""A camera on the bench: known scenes through the simulated sensor, straight to what the proof sees, with every trap by argument.

No file is written: numbers go from the sensor into `Mosaic`, and a plain demosaic makes the working picture, so that hundreds of
series can be judged in minutes and each trap has a known strength.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from capture.colour_temperature import ColourProfile
from capture.proving.alignment import features
from capture.proving.compare import compare
from capture.proving.evidence import Mosaic, gather
from capture.proving.exposure_law import exposure_claim
from capture.proving.judge import Proof, judge
from capture.reading.formats import Kind
from capture.reading.shot import Reading, Shot
from capture.simulate.hdr_scene import View, look
from capture.simulate.procedural import environment
from capture.simulate.sensor import COLOUR_MATRIX, Sensor, camera_rgb, fixed_pattern, mosaic
from capture.srgb import XYZ_FROM_SRGB

SENSOR = Sensor()
MARGIN = 24
"""Pixels of scene around the picture that a moved camera may see."""


@dataclass(frozen=True)
class Press:
    """One press of the shutter: what was really set, and what happened to it.

    ``says`` replaces values in the metadata alone. ``light``: factor on the scene; ``banding``: amplitude in EV and phase of
    bands over the rows; ``shift`` in pixels, ``turn`` in degrees, ``zoom``; ``mover``: left, top, side as shares of the picture;
    ``flash``: strength of light added from the front; ``scene``: another one; ``focus`` in metres.
    """

    iso: float = 200
    f_number: float = 4.0
    shutter: float = 1 / 60
    kelvin: float = 6504.0
    focal_length: float = 35.0
    focus: float = 3.0
    says: dict[str, float] = field(default_factory=dict)
    light: float = 1.0
    banding: tuple[float, float] = (0.0, 0.0)
    shift: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0
    zoom: float = 1.0
    mover: tuple[float, float, float] | None = None
    flash: float = 0.0
    black: bool = False
    copy_of: int | None = None
    scene: int | None = None
    jpeg: bool = False


@lru_cache(maxsize=8)
def scene(number: int, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Camera light (height, width, 3) with a margin around it, 1 = its 70th percentile; and a depth map in metres.

    A view into an environment, with textured cards standing in it at several depths.
    """
    rng = np.random.Generator(np.random.Philox(key=[77, number]))
    wide, high = width + 2 * MARGIN, height + 2 * MARGIN
    radiance = look(_environment(number), View(rng.uniform(0, 360), rng.uniform(-14, 4), 70).directions(wide, high)).copy()
    depth = np.asarray(4 + 16 * (1 - np.mgrid[0:high, 0:wide][0] / high), np.float32)
    level = np.percentile(radiance[..., 1], 70)
    y, x = np.mgrid[0:high, 0:wide] / np.float32(width)
    for far in (6.0, 3.0, 1.8, 1.2):
        left, top = rng.uniform(0.08, 0.7) * wide / width, rng.uniform(0.1, 0.4) * high / width
        inside = (abs(x - left - 0.13) < 0.13) & (abs(y - top - 0.16) < 0.16)
        waves = np.sin(x * rng.uniform(40, 160) + y * rng.uniform(-60, 60)) * np.sin(y * rng.uniform(40, 160)) > rng.uniform(-0.4, 0.4)
        one, two = rng.uniform(0.1, 1.2, (2, 3)) * level
        radiance[inside] = np.where(waves[inside][:, None], one, two)
        depth[inside] = far
    light = camera_rgb(cv2.GaussianBlur(np.asarray(np.minimum(radiance, 50 * level), np.float32), (0, 0), 0.6))
    return np.asarray(light / np.percentile(light.max(axis=-1), 70), np.float32), depth


@lru_cache(maxsize=4)
def _environment(number: int) -> np.ndarray:
    return environment(number)


def expose(press: Press, number: int, size: tuple[int, int], key: int, constant: float, depth_of_field: bool) -> np.ndarray:
    """Raw numbers (height, width) of one press."""
    width, height = size
    light, depth = scene(number if press.scene is None else press.scene, width, height)
    if depth_of_field:
        light = _defocused(light, depth, press.f_number, press.focus)
    if press.mover:
        light = light.copy()
        left, top, side = (int(press.mover[0] * width) + MARGIN, int(press.mover[1] * height) + MARGIN, max(2, int(press.mover[2] * width)))
        level = light[top : top + side, left : left + side].mean()
        light[top : top + side, left : left + side] = np.array([0.5, 0.9, 0.3]) * (0.12 if level > 0.4 else 1.2)
    if press.flash:
        light = light + press.flash * (1.5 / depth[..., None]) ** 2 * np.array([0.5, 1.0, 0.7], np.float32)
    focal = press.focal_length / 35 * press.zoom
    middle = ((light.shape[1] - 1) / 2, (light.shape[0] - 1) / 2)
    move = cv2.getRotationMatrix2D(middle, -press.turn, focal)
    move[:, 2] += press.shift
    if not np.allclose(move, np.eye(2, 3)):
        light = cv2.warpAffine(light, move, light.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    light = np.maximum(light[MARGIN:-MARGIN, MARGIN:-MARGIN], 0)
    if press.banding[0]:
        rows = np.arange(height) / height
        light = light * 2 ** (press.banding[0] * np.sin(2 * np.pi * (3 * rows + press.banding[1])))[:, None, None]
    rng = np.random.Generator(np.random.Philox(key=[number + 1, key]))
    exposure = 0.0 if press.black else constant * press.light * press.shutter / press.f_number**2
    electrons = SENSOR.electrons(np.asarray(mosaic(light), np.float32), exposure)
    return SENSOR.read(electrons, press.iso, rng, fixed_pattern(height, width, SENSOR.non_uniformity, 1))


def _defocused(light: np.ndarray, depth: np.ndarray, f_number: float, focus: float) -> np.ndarray:
    """Thin lens: discs of confusion as a stack of blurred pictures, chosen by depth."""
    widths = 22.0 * np.abs(1 / depth - 1 / focus) / f_number * light.shape[1] / 400
    levels = np.array([0, 0.5, 1, 2, 3, 4.5, 6.5, 9, 13])
    stack = [light if r == 0 else cv2.GaussianBlur(light, (0, 0), r / 2) for r in levels]
    at = np.clip(np.interp(widths, levels, np.arange(len(levels))), 0, len(levels) - 1.001)
    low, share = at.astype(int), (at - at.astype(int))[..., None]
    whole = np.stack(stack)
    y, x = np.mgrid[0 : depth.shape[0], 0 : depth.shape[1]]
    return np.asarray(whole[low, y, x] * (1 - share) + whole[low + 1, y, x] * share, np.float32)


def developed(numbers: np.ndarray, gains: Sequence[float]) -> np.ndarray:
    """A working picture: plain demosaic, white balance, matrix; 1 = full."""
    reach = SENSOR.white - SENSOR.black
    lifted = (numbers.astype(np.int32) - SENSOR.black + 1024).clip(0, 65535).astype(np.uint16)
    rgb = cv2.demosaicing(lifted, cv2.COLOR_BayerBG2RGB).astype(np.float32)
    camera = np.minimum((rgb - 1024) / reach * (np.array(gains) / min(gains)), 1).astype(np.float32)
    matrix = COLOUR_MATRIX @ XYZ_FROM_SRGB
    back = np.linalg.inv(matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)
    return np.ascontiguousarray(camera @ back.T, np.float32)


@dataclass
class Series:
    """What judging one series made: the proof and what it rested on."""

    attribute: str
    shots: list[Shot]
    values: list[float]
    reports: list[dict]
    comparisons: list[dict | None]
    reference: int
    proof: Proof

    def verdicts(self) -> list[str]:
        return [str(frame.verdict) for frame in self.proof.frames]


def shoot(
    attribute: str, presses: Sequence[Press], *, number: int = 3, size: tuple[int, int] = (192, 128), reference: int | None = None,
    depth_of_field: bool | None = None, level: float = 0.25,
) -> Series:  # fmt: skip
    """Expose, gather, compare and judge a series. ``level``: raw level of the scene's 70th percentile in the middle exposure."""
    bright = np.log2([p.shutter * p.iso / p.f_number**2 for p in presses])
    constant = level / 2.0 ** float((bright.max() + bright.min()) / 2) * SENSOR.base_iso
    focus = attribute in ("aperture", "focus_distance") if depth_of_field is None else depth_of_field
    profile = ColourProfile(COLOUR_MATRIX)
    reference = len(presses) // 2 if reference is None else reference
    shots, pictures, reports, made = [], [], [], {}
    for index, press in enumerate(presses):
        source = index if press.copy_of is None else press.copy_of
        if attribute == "white_balance" and press == replace(presses[0], kelvin=press.kelvin, says=press.says):
            source = 0
        if source not in made:
            made[source] = expose(presses[source], number, size, source, constant, focus)
        said = {"iso": press.iso, "f_number": press.f_number, "shutter": press.shutter, "kelvin": press.kelvin,
                "focal_length": press.focal_length, "focus": press.focus} | press.says  # fmt: skip
        gains = profile.multipliers(said["kelvin"])
        picture = developed(made[source], profile.multipliers(6504.0) if attribute != "white_balance" else gains)
        if press.jpeg:
            picture = np.clip(picture, 0, 1) ** 0.85
        numbers = None if press.jpeg else Mosaic(made[source], "RGGB", (SENSOR.black,) * 4, SENSOR.white, SENSOR.noise_profile(said["iso"]))
        reports.append(gather(numbers, picture))
        pictures.append(picture)
        shots.append(_shot(index, said, tuple(float(g) for g in gains), press, size))
    values = [_value(attribute, shot, said_of(press)) for shot, press in zip(shots, presses, strict=True)]
    known = features(pictures[reference])
    comparisons: list[dict | None] = []
    for index, picture in enumerate(pictures):
        if index == reference:
            comparisons.append(None)
            continue
        ev = exposure_claim(shots[index]) - exposure_claim(shots[reference])
        scale = shots[index].focal_length.value / shots[reference].focal_length.value
        comparisons.append(compare(known, picture, ev=ev, scale=scale))
    proof = judge(attribute, shots, values, reports, comparisons, reference=reference, size=size)
    return Series(attribute, shots, values, reports, comparisons, reference, proof)


def said_of(press: Press) -> dict[str, float]:
    """What the metadata say of a press that are not in a `Shot`."""
    return {"kelvin": press.kelvin, "focus": press.focus} | press.says


def _value(attribute: str, shot: Shot, said: dict[str, float]) -> float:
    return {
        "exposure": lambda: exposure_claim(shot), "iso": lambda: shot.iso.value, "aperture": lambda: shot.f_number.value,
        "white_balance": lambda: said["kelvin"], "focus_distance": lambda: said["focus"], "focal_length": lambda: shot.focal_length.value,
    }[attribute]()  # fmt: skip


def _shot(index: int, said: dict[str, float], gains: tuple[float, float, float], press: Press, size: tuple[int, int]) -> Shot:
    read = {name: Reading(float(said[name]), "exif") for name in ("iso", "f_number", "shutter", "focal_length", "kelvin")}
    return Shot(
        path=Path(f"cat_{index + 1:04d}.{'jpg' if press.jpeg else 'dng'}"), kind=Kind.JPEG if press.jpeg else Kind.RAW, width=size[0],
        height=size[1], camera="Bench", gains=gains, flash=None, seconds=float(index), focus_distance=Reading(said["focus"], "exif"), **read,
    )  # fmt: skip


def sweep(attribute: str, *, frames: int = 7, compensate: bool = False) -> list[Press]:
    """Honest presses of a usual series."""
    base = Press()
    if attribute == "exposure":
        return [replace(base, shutter=2.0**ev / 60) for ev in np.linspace(-3, 3, frames)]
    if attribute == "iso":
        isos = [float(round(iso)) for iso in np.geomspace(100, 6400, frames)]
        return [replace(base, iso=iso, shutter=800 / 60 / iso if compensate else base.shutter) for iso in isos]
    if attribute == "aperture":
        numbers = [round(float(n), 1) for n in np.geomspace(1.8, 16, frames)]
        return [replace(base, f_number=n, shutter=(n / 4) ** 2 / 60 if compensate else base.shutter) for n in numbers]
    if attribute == "white_balance":
        return [replace(base, kelvin=float(round(1e6 / m))) for m in np.linspace(1e6 / 2800, 100, frames)]
    if attribute == "focus_distance":
        return [replace(base, focus=float(1 / d), f_number=2.0, shutter=1 / 240) for d in np.linspace(0.15, 1.0, frames)]
    return [replace(base, focal_length=float(f)) for f in np.geomspace(30, 42, frames)]
