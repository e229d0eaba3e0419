"""The adapter's options, each with the paper's choice among them."""

from __future__ import annotations

from dataclasses import dataclass

from cat_dataset.errors import UsageError

KINDS = ("numeric", "plain", "kontinuous", "kontinuous-paper")
SCALARS = ("fourier", "raw")
UNITS = ("scale", "plain")
WORDINGS = ("directions", "numbers")
MASKS = ("blind", "none", "eq6", "easycontrol")

_OF_TOKENS = {"scalar": "fourier", "task_id": True, "source_token": False, "match_rms": True, "mask": "blind"}
"""Options of conditioning numeric alone, and their defaults."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdapterOptions:
    """Saved with the adapter: editing needs the same ones. Field names are the YAML keys and, with dashes, the flags."""

    conditioning: str = "numeric"
    """``numeric`` (numeric tokens), ``plain`` (the sentence alone), ``kontinuous`` or ``kontinuous-paper`` (Kontinuous Kontext's
    modulation, as its authors published it and as NumeriKontrol re-implements it)."""

    rank: int = 128
    """LoRA rank; 0 trains the projector alone. nano trains all its weights instead."""

    lora_feed_forward: bool = False
    """Whether LoRA is on the double blocks' feed-forward layers too (as Kontinuous Kontext's is), not on attention alone."""

    scalar: str = "fourier"
    """How the number enters the projector: ``raw`` (the paper's) or ``fourier``, raw with low-frequency Fourier features."""

    units: str = "scale"
    """What the number is: ``scale``, the change in stops, mireds or degrees over the attribute's span, or ``plain``, the
    paper's difference of natural values."""

    wording: str = "directions"
    """What the sentence says: ``directions`` without numbers (one text embedding for each template and sign), or ``numbers``
    (the paper's)."""

    task_id: bool = True
    """Whether the projector is told the attribute (the paper's task embedding)."""

    source_token: bool = False
    """One more token for each edit, of the attribute's value in the source picture where it is known."""

    match_rms: bool = True
    """Scale numeric tokens to the root mean square of the text's tokens; off is the paper's."""

    mask: str = "blind"
    """Who sees whom: ``blind`` (numeric tokens do not see each other: the paper's prose), ``none``, or for study ``eq6`` (the
    paper's Eq. 6 to the letter, which cuts numbers off) and ``easycontrol``."""

    def __post_init__(self) -> None:
        choices = {"conditioning": KINDS, "scalar": SCALARS, "units": UNITS, "wording": WORDINGS, "mask": MASKS}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        if not 0 <= self.rank <= 4096:
            raise UsageError(f"rank must be from 0 to 4096, not {self.rank}")
        if self.conditioning == "plain" and self.wording != "numbers":
            raise UsageError("conditioning plain knows a number from the sentence alone; it needs wording numbers")
        if self.conditioning.startswith("kontinuous") and self.wording != "directions":
            raise UsageError(f"conditioning {self.conditioning} takes the number out of the sentence; it needs wording directions")
        if self.conditioning != "numeric":
            for name, value in _OF_TOKENS.items():
                if getattr(self, name) != value:
                    raise UsageError(f"{name} is about numeric tokens, which conditioning {self.conditioning} has none of; leave it out")

    @property
    def plain(self) -> bool:
        """Whether numbers are the paper's plain differences."""
        return self.units == "plain"

    @property
    def says_numbers(self) -> bool:
        """Whether sentences hold their numbers."""
        return self.wording == "numbers"
