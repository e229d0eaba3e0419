"""What this machine offers to workers: a Blender, devices of their own, threads, memory."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import render.blender
from cat_dataset.errors import UsageError
from cat_dataset.parallel import default_workers

ROOT = Path(render.blender.__file__).resolve().parents[2]
_LISTS = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK")
"""What shows a process some GPUs and no others: NVIDIA's, AMD's two, Intel's. A scheduler may have set them."""
_UNLESS_SET = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK")


def blender_command(program: str | None) -> list[str]:
    """The command that starts a worker: in ``program``, else in the bpy wheel of this Python, else in ``blender``.

    Raises:
        UsageError: there is none of them.
    """
    script = str(ROOT / "render" / "blender" / "worker.py")
    if program is None and find_spec("bpy") is not None:
        return [sys.executable, "-m", "render.blender.worker"]
    found = shutil.which(program or "blender")
    if found is None and program is not None:
        raise UsageError(f"--blender {program} is no program that can be run; give the path of a Blender")
    if found is None:
        raise UsageError("there is no Blender: pip install 'cat-dataset[blender]', or name a program with --blender")
    return [found, "-b", "-P", script]


def python_path() -> str:
    """``PYTHONPATH`` for a worker under this Python: our packages first."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def device_count() -> int | None:
    """How many GPUs we may use; None where that is not known."""
    given = _given()
    if given:
        return min(len(devices) for devices in given.values())
    return sum(path.name.removeprefix("nvidia").isdigit() for path in Path("/dev").glob("nvidia*")) or None


def default_slots(gpus_per_worker: int) -> int:
    """As many workers as there are GPUs for; one where there are none: Cycles uses all cores."""
    return max(1, (device_count() or 1) // gpus_per_worker) if gpus_per_worker else 1


def pinned(slot: int, slots: int, gpus_per_worker: int) -> dict[str, str]:
    """Environment that shows worker ``slot`` its own ``gpus_per_worker`` GPUs and no others, whoever made them.

    Raises:
        UsageError: there are fewer than the workers need.
    """
    if not gpus_per_worker:
        return {}
    there, needed = device_count(), slots * gpus_per_worker
    if there is not None and there < needed:
        raise UsageError(
            f"{slots} workers of {gpus_per_worker} GPUs need {needed} GPUs, and there are {there}; lower one of the two numbers"
        )
    given = _given() or {name: [str(number) for number in range(needed)] for name in _UNLESS_SET}
    return {name: ",".join(devices[slot * gpus_per_worker : (slot + 1) * gpus_per_worker]) for name, devices in given.items()}


def _given() -> dict[str, list[str]]:
    """The lists that the environment holds already."""
    lists = {name: [device.strip() for device in os.environ.get(name, "").split(",") if device.strip()] for name in _LISTS}
    return {name: devices for name, devices in lists.items() if devices}


def threads_each(slots: int) -> int | None:
    """Cycles threads of each of ``slots`` workers that share the cores; None, all, for one alone."""
    return max(1, default_workers() // slots) if slots > 1 else None


def memory_each(slots: int) -> int:
    """Bytes at which a worker is replaced: its share of three quarters of the memory; 0 (never) where that is not known."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4 // slots
    except (AttributeError, ValueError, OSError):
        return 0
