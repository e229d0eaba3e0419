"""What a step minimises, each option with the paper's choice among them."""

from __future__ import annotations

from dataclasses import dataclass

from cat_dataset.errors import UsageError

DENSITIES = ("auto", "uniform", "logit-normal", "shifted")
WEIGHTINGS = ("auto", "velocity", "picture")


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectiveOptions:
    """Field names are the YAML keys and, with dashes, the flags."""

    density: str = "auto"
    """Of training times: ``uniform``, ``logit-normal``, ``shifted`` (logit-normal, shifted for the resolution as the editing
    schedule is); ``auto``: logit-normal with mean 0.3 for nano, else shifted."""

    density_mean: float = 0.0
    """Mean of the normal behind logit-normal and shifted times; positive is noisier. ``auto`` adds nano's 0.3 to it."""

    density_std: float = 1.0
    """Standard deviation of that normal."""

    weighting: str = "auto"
    """Of the squared error over times: ``velocity`` (Eq. 4: none) or ``picture`` (t², the clean picture's error); ``auto``:
    picture for nano, else velocity."""

    training_guidance: float = 0.0
    """The embedded guidance value while training; 0 means the base's own (1 for FLUX.1 Kontext; diffusers' script takes 3.5)."""

    text_dropout: float = 0.0
    """Share of pairs that are trained with an empty sentence (their numbers stay)."""

    source_noise: float = 0.0
    """Most noise on the source's latents, in the latents' unit (their standard deviation is about 1): each pair gets a random
    amount from 0 to this, so that chained edits, whose source is an edit, drift less."""

    consistency: float = 0.0
    """Weight of a → b → c: the predicted b, edited on to a third frame c of its series, must give c. 0 is off."""

    consistency_share: float = 0.25
    """Share of steps that have it, where its weight is not 0; such a step costs about twice as much."""

    def __post_init__(self) -> None:
        if self.density not in DENSITIES:
            raise UsageError(f"density must be one of {', '.join(DENSITIES)}, not {self.density!r}")
        if self.weighting not in WEIGHTINGS:
            raise UsageError(f"weighting must be one of {', '.join(WEIGHTINGS)}, not {self.weighting!r}")
        if not -10 <= self.density_mean <= 10:
            raise UsageError(f"density_mean must be from -10 to 10, not {self.density_mean}")
        if not 0 < self.density_std <= 10:
            raise UsageError(f"density_std must be above 0 and at most 10, not {self.density_std}")
        if not 0 <= self.text_dropout < 1:
            raise UsageError(f"text_dropout must be in [0, 1), not {self.text_dropout}")
        for name in ("training_guidance", "source_noise", "consistency"):
            if not 0 <= getattr(self, name) <= 100:
                raise UsageError(f"{name} must be from 0 to 100, not {getattr(self, name)}")
        if not 0 < self.consistency_share <= 1:
            raise UsageError(f"consistency_share must be above 0 and at most 1, not {self.consistency_share}")
