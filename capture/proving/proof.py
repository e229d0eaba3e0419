"""What the proof says: checks with figures, a verdict per frame, and what the series as a whole needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from capture.developing.recipe import UNMOVED, Crop, Transform


class Verdict(StrEnum):
    """Ordered from good to bad; "could not verify" is a state of its own, neither proof nor refusal."""

    PROVED = "proved"
    UNKNOWN = "could not verify"
    REFUSED = "refused"


@dataclass(frozen=True)
class Check:
    """One law on one frame: what the metadata claim, what the pixels show, and by how much they differ, in ``unit``.

    ``claimed`` and ``measured`` are against the reference frame where the law is one of differences; ``residual`` is against
    all frames, so that a wrong reference does not condemn the others. ``decides``: the frame's verdict rests on it.
    """

    name: str
    verdict: Verdict
    sentence: str
    claimed: float | None = None
    measured: float | None = None
    residual: float | None = None
    tolerance: float | None = None
    unit: str = ""
    decides: bool = True

    def as_json(self) -> dict[str, Any]:
        return {key: str(value) if isinstance(value, Verdict) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class FrameProof:
    """The verdict on one frame. ``flags`` are single words; ``transform`` is how it lies on the reference frame."""

    verdict: Verdict
    checks: tuple[Check, ...] = ()
    flags: tuple[str, ...] = ()
    transform: Transform = UNMOVED
    drift_px: float = 0.0
    notes: tuple[str, ...] = field(default=())

    @property
    def reason(self) -> str:
        """The sentences that led to the verdict, for a proved frame those that prove it."""
        refused = self.verdict is Verdict.REFUSED  # which any check can do, also one that alone proves nothing
        chosen = [check.sentence for check in self.checks if check.verdict is self.verdict and (check.decides or refused)]
        return "; ".join(chosen) or "; ".join(check.sentence for check in self.checks) or str(self.verdict)

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": str(self.verdict), "checks": [check.as_json() for check in self.checks], "flags": list(self.flags),
            "transform": list(self.transform), "drift_px": self.drift_px, "notes": list(self.notes),
        }  # fmt: skip


@dataclass(frozen=True)
class Proof:
    """The proof of a series. ``crop`` (left, top, width, height in the reference working picture) is seen by every accepted frame.

    ``align``: frames have to be made again with their transforms and the crop. ``another_reference``: the frame to compare
    with instead, where the reference itself is the odd one out.
    """

    frames: tuple[FrameProof, ...]
    crop: Crop
    align: bool
    another_reference: int | None = None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "frames": [frame.as_json() for frame in self.frames], "crop": list(self.crop), "align": self.align,
            "another_reference": self.another_reference, "notes": list(self.notes),
        }  # fmt: skip


def worst(checks: Sequence[Check]) -> Verdict:
    """Refused if any check refuses, else unknown if a deciding one is or none decides, else proved."""
    if any(check.verdict is Verdict.REFUSED for check in checks):
        return Verdict.REFUSED
    deciding = [check for check in checks if check.decides]
    if not deciding or any(check.verdict is Verdict.UNKNOWN for check in deciding):
        return Verdict.UNKNOWN
    return Verdict.PROVED
