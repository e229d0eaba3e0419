"""How many samples a frame gets: by the name of a quality, or by the seconds a frame may take. Standard library only.

Timing differs from run to run, and pixels depend on the number of samples. So what a time budget comes to is settled once
per output folder, by whoever gets there first, and taken from there ever after: by resumed runs and by other workers.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cat_dataset.errors import InputError, UsageError
from cat_dataset.files import json_bytes, read_json

QUALITIES = {"draft": 16, "standard": 64, "high": 256}
"""Samples per pixel, denoised; docs/performance.md has the decibels."""
STANDARD = "standard"
PLAIN_TIMES = 4
"""Without a denoiser, as many times more."""
RECORDS = ".time-budget"
"""Folder in the output folder that keeps what time budgets came to."""
STEPS = tuple(step << doubling for doubling in range(16) for step in (2, 3))
LADDER = (1, *STEPS)
"""The numbers that a time budget may come to: coarse, so that small differences in timing do not show."""
LARGEST = LADDER[-1]


def samples_of(quality: str, denoise: bool) -> int:
    """Samples per pixel of a quality."""
    return QUALITIES[quality] * (1 if denoise else PLAIN_TIMES)


def affordable(budget: float, seconds: Mapping[int, float]) -> int:
    """The largest number of `LADDER` whose frame takes at most ``budget`` seconds.

    ``seconds`` are what frames of two or more numbers of samples took; a line through the two largest is followed.

    Raises:
        UsageError: not even one sample fits.
    """
    (few, cheap), (many, dear) = sorted(seconds.items())[-2:]
    each = max((dear - cheap) / (many - few), 0.0)
    fixed = max(dear - many * each, 0.0)
    fitting = [samples for samples in LADDER if fixed + samples * each <= budget]
    if not fitting:
        least = fixed + each
        raise UsageError(f"--time-budget {budget:g}: a frame of one sample takes {least:.2g} s here; give it more, or use a smaller --size")
    return fitting[-1]


def record(out: Path, budget: float, size: int, device: str, denoise: bool) -> Path:
    """The file that keeps what ``budget`` seconds per frame come to for series in ``out``."""
    return out / RECORDS / f"{round(budget * 1000)}ms-{size}px-{device}-{'denoised' if denoise else 'plain'}.json"


def settled(path: Path) -> int | None:
    """The number kept in a `record`; None where there is none yet.

    Raises:
        InputError: something else is kept there.
    """
    if not path.is_file():
        return None
    content = read_json(path, cap=1000)
    samples = content.get("samples") if isinstance(content, dict) else None
    if type(samples) is not int or samples not in LADDER:
        raise InputError(f"{path} holds no number of samples; delete it to measure again, or give --samples")
    return samples


def settle(path: Path, samples: int) -> int:
    """Keep ``samples`` in a `record` unless somebody did so first; the number that is kept, which everybody must take."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix="partial-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(json_bytes({"samples": samples}))
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, path)  # fails where the name is taken, unlike a rename
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            if not path.exists():
                os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    kept = settled(path)
    if kept is None:
        raise InputError(f"{path} vanished while it was read; run again")
    return kept
