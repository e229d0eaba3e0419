"""Random choices of a plan: camera, sky and its turn. Each is keyed by what it belongs to, so that a plan can grow."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from cat_dataset.files import slug

DIGITS = 6


@dataclass(frozen=True)
class Named:
    """A character or a sky: an asset's path in the project, or a word that stands for something without one."""

    path: str

    @property
    def name(self) -> str:
        """The asset's own name; of a MetaHuman, whose blueprint is BP_NAME, the name."""
        return self.path.rpartition("/")[2].partition(".")[0].removeprefix("BP_") or "unnamed"

    @property
    def key(self) -> str:
        """The scene key: what a leak-free split groups by."""
        return f"{self.name}-{self._digest[:8]}" if "/" in self.path else self.path

    @property
    def part(self) -> str:
        """Its part of a series id."""
        return f"{slug(self.name, 17)}_{self._digest[:6]}" if "/" in self.path else slug(self.path, 24)

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.path.encode()).hexdigest()


def character(given: str) -> Named:
    """The character that a plan names: a path, or the NAME of a MetaHuman where they are put unless told."""
    return Named(_short(given) if "/" in given else f"/Game/MetaHumans/{given}/BP_{given}")


def view(seed: int, whose: str, index: int, azimuths: tuple[float, float], elevations: tuple[float, float]) -> tuple[float, float]:
    """Azimuth and elevation, degrees, of camera ``index`` of the character ``whose``: even over the area of the sphere."""
    draw = random.Random(f"view {seed} {whose} {index}")
    low, high = (math.sin(math.radians(limit)) for limit in elevations)
    elevation = math.degrees(math.asin(draw.uniform(low, high)))
    return round(draw.uniform(*azimuths), DIGITS) + 0.0, round(elevation, DIGITS) + 0.0


def sky(seed: int, whose: str, skies: Sequence[str]) -> tuple[Named, float]:
    """The sky of a character and what it is turned by, degrees. A further sky takes over some characters, and moves no other's."""
    drawn = {one: hashlib.sha256(f"sky {seed} {whose} {one}".encode()).digest() for one in skies}
    chosen = max(drawn, key=drawn.__getitem__)
    turn = round(random.Random(f"turn {seed} {whose} {chosen}").uniform(0.0, 360.0), DIGITS)
    return Named(_short(chosen)), turn if "/" in chosen else 0.0


def _short(path: str) -> str:
    """The path of an asset without the object in it, where that is the asset itself (/Game/A.A): one asset, one name."""
    asset, _, inside = path.partition(".")
    return asset if inside == asset.rpartition("/")[2] else path
