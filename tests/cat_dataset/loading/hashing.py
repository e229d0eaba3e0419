"""Everything of a sample as one hash: what must not differ between workers, ranks and resumes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from cat_dataset.loading.samples import PairSample, stack


def digest(sample: PairSample) -> str:
    """Hash of one sample as it would be in a batch."""
    return digests(stack([sample]))[0]


def digests(batch: Mapping[str, Any]) -> list[str]:
    """A hash per sample of a batch, NumPy's or torch's: all pixels, numbers and sentences."""
    columns = [batch[name] for name in PairSample.__annotations__]
    found = []
    for place in range(len(columns[0])):
        one = hashlib.sha256()
        for value in (column[place] for column in columns):
            one.update(value.encode() if isinstance(value, str) else np.asarray(value).tobytes())
        found.append(one.hexdigest())
    return found
