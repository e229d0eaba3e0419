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

    zero_share: float = 0.05
    """Share of pairs with source = target and change 0."""

    crop: float = 0.5
    """Smallest random crop as a share of the picture's short side, for pixel-domain attributes; 1 means none."""

    mirror: float = 0.5
    """Share of pairs whose pictures are mirrored left to right, of series whose attributes allow it; their edits are too."""

    cache_mb: int = 1024
    """Memory for decoded training frames."""

    def __post_init__(self) -> None:
        if not 0 <= self.zero_share < 1:
            raise UsageError(f"zero_share must be in [0, 1), not {self.zero_share}")
        if not 0 <= self.mirror <= 1:
            raise UsageError(f"mirror must be in [0, 1], not {self.mirror}")
        if not 0 < self.crop <= 1:
            raise UsageError(f"crop must be in (0, 1], not {self.crop}")
        if self.cache_mb < 1:
            raise UsageError(f"cache_mb must be at least 1, not {self.cache_mb}")
        for name in self.attributes:
            attribute(name)
