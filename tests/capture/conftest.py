"""Real camera files for the tests: DNGs from the simulated camera, JPEGs with hand-made EXIF, and real ones where they lie."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.simulate.camera import photograph
from capture.simulate.dng import DngTags, _exif, dng_bytes
from capture.simulate.hdr_scene import Source
from capture.simulate.orders import parse_order
from capture.simulate.press import Shoot
from capture.simulate.sensor import COLOUR_MATRIX
from capture.simulate.sweep import sweep
from capture.simulate.tiff import HEADER, directory, long, short, text

ROOT = Path(__file__).resolve().parents[2]
SIZE = (96, 64)
TAGS = DngTags(
    iso=400, f_number=Fraction(4), exposure_time=Fraction(1, 60), focal_length_mm=35.0, focus_distance_m=3.0,
    neutral=np.array([0.45, 1.0, 0.65]), colour_matrix=COLOUR_MATRIX, black=2048, white=15000, noise=(1e-4, 1e-6),
    taken="2026:01:02 03:04:05", subsecond="07", description="a wall", serial="SECRET-4711",
)  # fmt: skip


@pytest.fixture(scope="session")
def environment():
    """A procedural environment, loaded once."""
    return Source("procedural", None, 3).load()


@pytest.fixture
def shoot(tmp_path, environment):
    """Photograph a scene with the simulated camera: ``shoot("iso", 3)`` gives the folder of its DNGs.

    ``traps`` are orders as on the command line. The truth about the folder's frames is then in ``shoot.truth[folder]``.
    """

    def take(
        vary: str, frames: int = 3, *, name: str = "", size=SIZE, limits=None, compensate: bool = False, crop: int = 0, traps=(), **rig
    ) -> Path:
        folder = tmp_path / "cards" / (name or f"{vary}_series")
        scene = Shoot(f"procedural_{crop:02d}", Source("procedural", None, 3), crop, 0)
        orders = [parse_order(trap) for trap in traps]
        chosen = sweep(vary, frames, limits, compensate)
        take.truth[folder] = photograph(scene, environment, chosen, folder, size, vary=vary, traps=orders, **rig)
        return folder

    take.truth = {}
    return take


def write_dng_file(path: Path, *, seed: int = 0, level: int = 6000, size=SIZE, **changes: object) -> Path:
    """A noisy DNG with ``TAGS`` changed as asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    mosaic = np.clip(rng.normal(level, 300, (size[1], size[0])), 0, 15000).astype(np.uint16)
    path.write_bytes(dng_bytes(mosaic, replace(TAGS, **changes)))
    return path


def write_jpeg_file(
    path: Path, *, picture=None, make: str = "Maker", model: str = "Maker One", automatic: bool = False, **changes: object
) -> Path:
    """A JPEG with EXIF. ``picture`` is (height, width, 3) BGR."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if picture is None:
        picture = np.random.default_rng(1).integers(40, 200, (64, 96, 3), np.uint8)
    tags = replace(TAGS, make=make, model=model, white_balance_manual=not automatic, **changes)
    first = {271: text(tags.make), 272: text(tags.model), 274: short(tags.orientation)}
    exif_at = 8 + len(directory({**first, 34665: long(0)}, 8))
    tiff = HEADER + directory({**first, 34665: long(exif_at)}, 8) + directory(_exif(tags), exif_at)
    segment = b"Exif\0\0" + tiff
    plain = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    path.write_bytes(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + plain[2:])
    return path


def run(module: str, *arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command of this package in a process of its own and check its exit status."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False
    )
    assert done.returncode == expect, done.stderr
    assert "Traceback" not in done.stderr
    return done


def folder_bytes(folder: Path) -> dict[str, bytes]:
    """Every file under ``folder`` by its relative name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real camera files; tests that need it are skipped where it is absent (they may not be given away)."""
    folder = Path(os.environ.get("CAT_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "series").is_dir():
        pytest.skip("no real camera files here (set CAT_REAL_DATA to their folder)")
    return folder
