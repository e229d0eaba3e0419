"""What a step minimises, each option with the paper's choice among them."""

from __future__ import annotations

from dataclasses import dataclass

from cat_dataset.errors import UsageError

DENSITIES = ("auto", "uniform", "logit-normal", "shifted")


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectiveOptions:
    """Field names are the YAML keys and, with dashes, the flags."""

    density: str = "auto"
    """Of training times: ``uniform``, ``logit-normal``, ``shifted`` (logit-normal, shifted for the resolution as the editing
    schedule is); ``auto``: logit-normal with mean 0.3 for nano, else shifted."""

    weighting: str = "auto"
    """Of the squared error over times: ``velocity`` (Eq. 4: none) or ``picture`` (t², the clean picture's error); ``auto``:
    picture for nano, else velocity."""

    text_dropout: float = 0.0
    """Share of pairs that are trained with an empty sentence (their numbers stay)."""

    def __post_init__(self) -> None:
        if self.density not in DENSITIES:
            raise UsageError(f"density must be one of {', '.join(DENSITIES)}, not {self.density!r}")
        if self.weighting not in ("auto", "velocity", "picture"):
            raise UsageError(f"weighting must be auto, velocity or picture, not {self.weighting!r}")
        if not 0 <= self.text_dropout < 1:
            raise UsageError(f"text_dropout must be in [0, 1), not {self.text_dropout}")
