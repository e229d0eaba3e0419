"""What may be done to an asset that cannot be used as it is, and which way is up. Standard library only.

Whatever was done to an asset is part of what its pixels depend on; of an asset that needed nothing, nothing is.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from cat_dataset import series_writer
from cat_dataset.errors import InputError, SeriesConflict

MOST_POLYGONS = 2_000_000
NOT_SAYING = {".obj": "y", ".glb": "y", ".gltf": "y", ".ply": "z", ".stl": "z"}
"""Formats whose files do not say which axis is up (glTF fixes it), and the axis that Blender's importers take."""


@dataclass(frozen=True)
class AssetPolicy:
    """How assets are taken.

    ``up`` is the axis of the file that points up, or "auto" for what its format says; ``missing_textures`` is "refuse" or
    "allow"; ``too_many`` is "refuse" or "decimate", for assets of more than ``max_polygons`` triangles.
    """

    up: str = "auto"
    missing_textures: str = "refuse"
    max_polygons: int = MOST_POLYGONS
    too_many: str = "refuse"

    @classmethod
    def of(cls, flags: argparse.Namespace) -> AssetPolicy:
        """The policy that the flags of `add_asset_flags` ask for."""
        return cls(flags.up, flags.missing_textures, flags.max_polygons, flags.too_many)

    def as_flags(self) -> list[str]:
        """The flags that ask for this policy."""
        limits = ["--max-polygons", str(self.max_polygons), "--too-many", self.too_many]
        return ["--up", self.up, "--missing-textures", self.missing_textures, *limits]

    def axis_up(self, suffix: str) -> str | None:
        """The axis that this policy makes point up in files of that suffix; None where they are left as they are."""
        usual = NOT_SAYING.get(suffix.lower())
        return None if usual is None or self.up in ("auto", usual) else self.up

    def possible(self, suffix: str) -> list[dict[str, Any]]:
        """Every `Subject.adapted` that a file of that suffix may have under this policy, the one of least first."""
        axis = self.axis_up(suffix)
        turned = {} if axis is None else {"up": axis}
        patched = [{}, {"missing_textures": "allow"}] if self.missing_textures == "allow" else [{}]
        thinned = [{}, {"max_polygons": self.max_polygons}] if self.too_many == "decimate" else [{}]
        return [{**turned, **one, **two} for one, two in product(patched, thinned)]

    def too_large(self, name: str, count: int) -> InputError:
        """The error for the asset ``name`` that has ``count`` triangles."""
        return InputError(
            f"{name} has {count:,} triangles, more than the {self.max_polygons:,} of --max-polygons; "
            "raise it, or thin the asset out by --too-many decimate"
        )

    def is_complete(self, folder: Path, settings: Mapping[str, Any], asset: Path | None) -> bool:
        """`series_writer.is_complete` before ``asset`` was loaded: whatever this policy may have done to it is as good.

        Raises:
            SeriesConflict: finished, or begun, with settings that fit none of it.
        """
        least, *more = self.possible(asset.suffix if asset else "")
        for adapted in more:
            with suppress(SeriesConflict):
                return series_writer.is_complete(folder, {**settings, **adapted})
        return series_writer.is_complete(folder, {**settings, **least})


def add_asset_flags(parser: argparse._ActionsContainer) -> None:
    """The flags of an `AssetPolicy`."""
    parser.add_argument(
        "--up", choices=("auto", "y", "z"), default="auto",
        help="axis that points up in OBJ and glTF (auto: y), PLY and STL (auto: z) files; the other formats say it themselves",
    )  # fmt: skip
    parser.add_argument(
        "--missing-textures", choices=("refuse", "allow"), default="refuse",
        help="what to do with an asset that lacks a texture: refuse it, or render the material's plain colour (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--max-polygons", type=_at_least_a_hundred, default=MOST_POLYGONS, metavar="N",
        help="triangles of the largest asset to take as it is (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--too-many", choices=("refuse", "decimate"), default="refuse",
        help="what to do with an asset of more triangles than that (default: %(default)s)",
    )  # fmt: skip


def _at_least_a_hundred(text: str) -> int:
    if not text.isdecimal() or not 100 <= int(text) <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 100 to 1,000,000,000")
    return int(text)
