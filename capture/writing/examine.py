"""What a worker does with one frame: develop it, gather evidence, compare it with the reference, encode it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from capture.developing.decode import decode, finish
from capture.developing.recipe import FrameRecipe, Recipe
from capture.proving.alignment import Features, features
from capture.proving.compare import compare
from capture.proving.evidence import gather
from capture.reading.shot import Shot


@dataclass(frozen=True)
class Expected:
    """The reference frame, and how the metadata say this one differs: EV of brightness (None if unknown), magnification."""

    reference: Features
    ev: float | None
    scale: float = 1.0


@dataclass(frozen=True)
class Examined:
    """A frame as PNG ``picture``, its ``facts`` (JSON), and its features where they were asked for."""

    picture: bytes
    facts: Mapping[str, Any]
    features: Features | None = None


def examine(shot: Shot, recipe: Recipe, frame: FrameRecipe, expected: Expected | None) -> Examined:
    """Develop a frame and say everything about it that later judgements need. Without ``expected`` it is the reference."""
    decoded = decode(shot, recipe)
    linear = decoded.picture(frame, recipe)
    facts: dict[str, Any] = {
        "evidence": gather(decoded.mosaic, linear),
        "size": [linear.shape[1], linear.shape[0]],
        "remarks": list(decoded.remarks),
    }
    own = None
    if expected is None:
        own = features(linear)
    else:
        facts["comparison"] = compare(expected.reference, linear, ev=expected.ev, scale=expected.scale)
    finished = finish(linear, recipe, frame)
    facts["clipped_share"] = finished.clipped_share
    return Examined(finished.png, facts, own)


def develop_again(shot: Shot, recipe: Recipe, frames: Sequence[FrameRecipe]) -> list[tuple[bytes, float]]:
    """PNG and clipped share of each of ``frames``, from one decoding of ``shot``."""
    decoded = decode(shot, recipe, mosaic=False)
    made = [finish(decoded.picture(frame, recipe), recipe, frame) for frame in frames]
    return [(one.png, one.clipped_share) for one in made]
