"""A fault that cat-verify found: something that is not as it was built. Suspicious labels are findings (`cat_dataset.checking.sanity`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cat_dataset.tables import REMAKE

COPY = f"copy the shard again, or delete it and {REMAKE}"
"""What to do about a damaged shard."""
ABSENT = f"copy it beside the others, give their folder with --shards, or {REMAKE}"


@dataclass(frozen=True)
class Fault:
    """``message`` says what is wrong and ``remedy`` what to do; the place is as exact as it is known.

    ``kind`` is dataset, table, totals, split, absent, unreadable, size, hash, exchanged, place, header, unsafe name, picture,
    padding, sample, end, cut off, decode, luminance or more. ``offset`` counts bytes from the beginning of ``shard``.
    """

    kind: str
    message: str
    remedy: str
    shard: str = ""
    offset: int | None = None
    series: str = ""
    frame: int | None = None

    def __str__(self) -> str:
        offset = "" if self.offset is None else f"byte {self.offset}"
        frame = "" if self.frame is None else f"frame {self.frame}"
        place = ", ".join(part for part in (self.shard, offset, self.series, frame) if part)
        return f"{place}{': ' if place else ''}{self.message}; {self.remedy}"

    def as_json(self) -> dict[str, Any]:
        """All fields, for other programs."""
        return asdict(self)
