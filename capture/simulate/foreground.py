"""A few textured solids in front of an environment, lit by it, so that a view has sharp edges, colours and depth.

Spheres and boxes stand on an unseen floor. Diffuse light comes from the environment's irradiance as spherical harmonics
of order 2 (Ramamoorthi & Hanrahan, SIGGRAPH 2001), gloss from the mirrored environment with Schlick's Fresnel term, and
the floor darkens where a solid stands on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.simulate.hdr_scene import Floats, View, look

EYE_HEIGHT = 1.4
"""Metres from the floor to the camera."""


@dataclass(frozen=True)
class Solid:
    """``centre`` and ``half`` (half extents) in metres; a sphere's radius is ``half[0]``; ``turn`` about the vertical."""

    sphere: bool
    centre: NDArray[np.float64]
    half: NDArray[np.float64]
    turn: float
    texture: int
    paint: NDArray[np.float64]
    gloss: float
    scale: float


def place_solids(rng: np.random.Generator, view: View, count: int) -> list[Solid]:
    """``count`` solids side by side in front of the camera, sized to fill about a fifth of the picture's width each."""
    solids = []
    half_field = np.radians(view.field_of_view / 2)
    slots = (np.arange(count) + 0.5 + rng.uniform(-0.3, 0.3, count)) / count * 2 - 1
    for slot in slots:
        distance = rng.uniform(2.2, 4.5)
        bearing = np.radians(view.yaw) + np.arctan(0.85 * slot * np.tan(half_field))
        size = distance * np.tan(half_field) * rng.uniform(0.12, 0.26)
        sphere = bool(rng.random() < 0.5)
        half = size * (np.ones(3) if sphere else rng.uniform(0.6, 1.25, 3))
        centre = np.array([np.sin(bearing) * distance, half[1] - EYE_HEIGHT, np.cos(bearing) * distance])
        solids.append(
            Solid(sphere, centre, half, rng.uniform(0, np.pi), int(rng.integers(4)), rng.uniform(0.04, 0.75, (2, 3)),
                  float(rng.choice([0.02, 0.05, 0.25])), rng.uniform(2.5, 6))
        )  # fmt: skip
    return sorted(solids, key=lambda solid: -float(np.linalg.norm(solid.centre)))


@dataclass(frozen=True)
class Surface:
    """What is seen of one thing by itself: ``mask`` (height, width), radiance (height, width, 3) there, metres along the rays."""

    mask: NDArray[np.bool_]
    radiance: Floats
    distance: Floats


def add_solids(picture: Floats, directions: Floats, environment: Floats, solids: list[Solid]) -> Floats:
    """``picture`` (height, width, 3) seen along ``directions`` with ``solids`` in front of it."""
    ground, surfaces = seen_surfaces(picture, directions, environment, solids)
    return flattened(ground, surfaces)


def flattened(ground: Floats, surfaces: list[Surface]) -> Floats:
    """``ground`` (height, width, 3) with the nearest of ``surfaces`` in front of it at every pixel."""
    result = ground.copy()
    nearest = np.full(ground.shape[:2], np.inf, np.float32)
    for surface in surfaces:
        visible = surface.mask & (surface.distance < nearest)
        nearest[visible] = surface.distance[visible]
        result[visible] = surface.radiance[visible]
    return result


def seen_surfaces(picture: Floats, directions: Floats, environment: Floats, solids: list[Solid]) -> tuple[Floats, list[Surface]]:
    """``picture`` with the floor darkened where solids stand, and each solid as if no other stood before it, far ones first."""
    ground = picture.copy()
    harmonics = irradiance_harmonics(environment)
    blurred = _blurred(environment)
    _darken_floor(ground, directions, solids)
    surfaces = []
    for solid in solids:
        depth, normal, local = _hit(directions, solid)
        mask = np.isfinite(depth)
        if not mask.any():
            continue
        n, d = normal[mask], directions[mask]
        albedo = _texture(local[mask], solid)
        occlusion = np.clip(0.45 + 0.55 * (local[mask][:, 1] / solid.half[1] * 0.5 + 0.5), 0, 1)[:, None]
        diffuse = albedo * irradiance(harmonics, n) * occlusion / np.pi
        facing = np.clip(-(n * d).sum(-1, keepdims=True), 0, 1)
        mirror = d + 2 * facing * n
        fresnel = solid.gloss + (1 - solid.gloss) * (1 - facing) ** 5
        radiance = np.zeros_like(picture)
        radiance[mask] = diffuse * (1 - fresnel) + look(blurred, mirror) * fresnel
        surfaces.append(Surface(mask, radiance, depth))
    return ground, surfaces


def floor_distance(directions: Floats, farthest: float) -> Floats:
    """Metres along the rays to the floor, or to the environment at ``farthest`` where a ray meets no floor before."""
    down = directions[..., 1]
    reach = np.where(down < 0, -EYE_HEIGHT / np.minimum(down, -1e-9), farthest)
    return np.asarray(np.minimum(reach, farthest), np.float32)


def irradiance_harmonics(environment: Floats) -> NDArray[np.float64]:
    """Nine coefficients (9, 3) of the cosine-weighted light."""
    small = cv2.resize(environment, (64, 32), interpolation=cv2.INTER_AREA).astype(np.float64)
    lat = (0.5 - (np.arange(32) + 0.5) / 32) * np.pi
    lon = ((np.arange(64) + 0.5) / 64 - 0.5) * 2 * np.pi
    y, flat = np.sin(lat)[:, None] * np.ones(64), np.cos(lat)[:, None]
    basis = _basis(np.stack([flat * np.sin(lon), y, flat * np.cos(lon)], axis=-1))
    weight = np.cos(lat)[:, None, None] * (np.pi / 32) * (2 * np.pi / 64)
    cosine_lobe = np.array([np.pi, *[2 * np.pi / 3] * 3, *[np.pi / 4] * 5])
    return np.asarray(np.einsum("hwk,hwc->kc", basis, small * weight) * cosine_lobe[:, None])


def irradiance(harmonics: NDArray[np.float64], normal: Floats) -> Floats:
    """Irradiance (n, 3) on surfaces with ``normal`` (n, 3)."""
    return np.asarray(np.maximum(_basis(normal) @ harmonics, 0.02 * harmonics[0] * 0.282095), np.float32)


def _basis(n: NDArray[np.float64] | Floats) -> NDArray[np.float64]:
    x, y, z = n[..., 0], n[..., 1], n[..., 2]
    return np.stack(
        [np.full_like(x, 0.282095), 0.488603 * y, 0.488603 * z, 0.488603 * x, 1.092548 * x * y, 1.092548 * y * z,
         0.315392 * (3 * z * z - 1), 1.092548 * x * z, 0.546274 * (x * x - y * y)], axis=-1,
    )  # fmt: skip


def _blurred(environment: Floats) -> Floats:
    small = cv2.resize(np.minimum(environment, 60), (256, 128), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.2), np.float32)


def _hit(directions: Floats, solid: Solid) -> tuple[Floats, Floats, Floats]:
    """Depth (inf where missed), surface normal and position in the solid's own frame, per pixel."""
    cos, sin = np.cos(solid.turn), np.sin(solid.turn)
    own = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    d = directions @ own.T.astype(np.float32)
    origin = (-solid.centre @ own.T).astype(np.float32)
    half = solid.half.astype(np.float32)
    if solid.sphere:
        b = d @ origin
        inside = b * b - (origin @ origin - half[0] ** 2)
        depth = np.where(inside > 0, -b - np.sqrt(np.maximum(inside, 0)), np.inf).astype(np.float32)
        local = origin + d * np.where(np.isfinite(depth), depth, 0)[..., None]
        normal = local / half[0]
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            one, two = (-half - origin) / d, (half - origin) / d
        near, far = np.minimum(one, two), np.maximum(one, two)
        face = near.argmax(-1)
        depth = np.maximum(np.maximum(near[..., 0], near[..., 1]), near[..., 2])  # far quicker than a maximum over so short an axis
        leaves = np.minimum(np.minimum(far[..., 0], far[..., 1]), far[..., 2])
        depth = np.where((depth < leaves) & (depth > 0), depth, np.inf).astype(np.float32)
        local = origin + d * np.where(np.isfinite(depth), depth, 0)[..., None]
        normal = np.zeros_like(d)
        np.put_along_axis(normal, face[..., None], -np.sign(np.take_along_axis(d, face[..., None], -1)), -1)
    return depth, np.asarray(normal @ own.astype(np.float32), np.float32), local.astype(np.float32)


def _texture(local: Floats, solid: Solid) -> Floats:
    """Albedo (n, 3) between the two paints: checks, stripes, rings of wood, or marble."""
    p = local / solid.half[0] * solid.scale
    if solid.texture == 0:
        share = ((np.floor(p + 1e-3).sum(-1) % 2) > 0.5).astype(np.float32)
    elif solid.texture == 1:
        share = 0.5 + 0.5 * np.sign(np.sin(2.2 * p[:, 1] + 0.6 * np.sin(p[:, 0])))
    else:
        wave = np.sin(1.7 * p[:, 0] + 1.3 * np.sin(1.1 * p[:, 2] + 0.7 * p[:, 1])) + 0.5 * np.sin(
            4.1 * p[:, 1] + 2.3 * np.sin(1.9 * p[:, 0])
        )
        radius = np.hypot(p[:, 0], p[:, 2])
        share = 0.5 + 0.5 * np.sin((4 * radius if solid.texture == 2 else 2.5 * p[:, 1]) + 1.6 * wave)
    return np.asarray(solid.paint[0] + (solid.paint[1] - solid.paint[0]) * share[:, None], np.float32)


def _darken_floor(picture: Floats, directions: Floats, solids: list[Solid]) -> None:
    """Contact shadows where the view meets the floor, in place."""
    down = directions[..., 1]
    floor = down < -0.05
    reach = np.where(floor, -EYE_HEIGHT / np.where(floor, down, -1), 0)
    x, z = directions[..., 0] * reach, directions[..., 2] * reach
    light = np.ones_like(down)
    for solid in solids:
        apart = ((x - solid.centre[0]) ** 2 + (z - solid.centre[2]) ** 2) / (1.25 * solid.half[[0, 2]].max()) ** 2
        light *= 1 - 0.75 * np.exp(-apart)
    picture *= np.where(floor, light, 1)[..., None].astype(np.float32)
