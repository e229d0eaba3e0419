"""Which pairs a run sees, and how."""

from __future__ import annotations

from dataclasses import dataclass, field

from cat_dataset.attributes import attribute
from cat_dataset.errors import UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class DataOptions:
    """Field names are the YAML keys and, with dashes, the flags."""

    attributes: list[str] = field(default_factory=list)
    """Train on these attributes only; empty means all in the dataset."""

    weights: list[str] = field(default_factory=list)
    """How often attributes are drawn, relative to the others' 1: ``rotation_z=3 iso=0.5``."""

    composite_share: float = -1.0
    """Share of pairs from series that vary several attributes at once; negative leaves it to how many series do."""

    zero_share: float = 0.05
    """Share of pairs with source = target and change 0."""

    crop: float = 0.0
    """Smallest random crop as a share of the picture's short side, for pixel-domain attributes; 1 means none, which caches
    need; 0 means the base's own: 0.5 for nano, else 1."""

    mirror: float = 0.5
    """Share of pairs whose pictures are mirrored left to right, of series whose attributes allow it; their edits are too."""

    cache: str = "auto"
    """Where latents and texts are kept, so that VAE and text encoders are not loaded in training: a folder, ``off``, or ``auto``:
    ``cache/<base>`` beside the manifests, off for nano."""

    cache_mb: int = 1024
    """Memory for decoded training frames."""

    def __post_init__(self) -> None:
        if not 0 <= self.zero_share < 1:
            raise UsageError(f"zero_share must be in [0, 1), not {self.zero_share}")
        if not 0 <= self.mirror <= 1:
            raise UsageError(f"mirror must be in [0, 1], not {self.mirror}")
        if not 0 <= self.crop <= 1:
            raise UsageError(f"crop must be in (0, 1], or 0 for the base's own, not {self.crop}")
        if not self.composite_share <= 1:
            raise UsageError(f"composite_share must be at most 1, not {self.composite_share}")
        if not self.cache:
            raise UsageError("cache must be auto, off or a folder")
        if self.cache_mb < 1:
            raise UsageError(f"cache_mb must be at least 1, not {self.cache_mb}")
        for name in self.attributes:
            attribute(name)
        self.weight_of()

    def weight_of(self) -> dict[str, float]:
        """The ``weights`` by attribute.

        Raises:
            UsageError: one that cannot be read, or is given twice.
        """
        found: dict[str, float] = {}
        for item in self.weights:
            name, _, number = item.partition("=")
            if attribute(name).name in found:
                raise UsageError(f"weights give {name} twice; give one number")
            try:
                found[name] = float(number)
            except ValueError:
                raise UsageError(f"weights {item!r}: say it like rotation_z=3") from None
            if not 0 <= found[name] < float("inf"):
                raise UsageError(f"the weight of {name} must be 0 or more, not {number}")
        return found
