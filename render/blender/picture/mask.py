"""The proof from pixels that nothing is cut off: the object's mask, rendered small in the extreme states of a sweep.

Distance and framing come from the object's outline; the mask comes from the renderer, and knows nothing of it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError, RunFailed
from render.blender.picture.alone import coverage
from render.blender.stage.framing import lowest_row, safe_distance
from render.blender.stage.pose import Pose
from render.blender.stage.scene import Scene

SIZE, SAMPLES, FILTER = 128, 4, 1.0
"""Pixels, samples a pixel, and the filter's width in pixels: parts a fifth of a pixel wide are rarely missed."""
TIGHTEST = 2


def extreme_states(poses: Sequence[Pose]) -> list[int]:
    """The first and the last state, and those that want the camera farthest away."""
    wanted = [safe_distance([pose]) for pose in poses]
    tightest = sorted(range(len(poses)), key=lambda index: -wanted[index])[:TIGHTEST]
    return sorted({0, len(poses) - 1, *tightest})


def check_mask(name: str, scene: Scene, enter: Callable[[int], str], scratch: Path) -> dict[str, Any]:
    """See that the object is in the picture, whole, in the extreme states of the series ``name``; what was seen, as JSON.

    ``enter`` brings the scene to a state and says which; ``scratch`` is a file to use on the way.

    Raises:
        InputError: nothing of it is seen. RunFailed: it touches the border.
    """
    states = extreme_states(scene.poses)
    free = []
    for index in states:
        said = enter(index)
        with scene.subject.showing_what_is_whole():
            covered = coverage(scene, SIZE, SAMPLES, FILTER, scratch)
        pose = scene.poses[index]
        left = free_border(covered, SIZE, None if pose.whole is None else lowest_row(pose, scene.distance, SIZE))
        if left is None:
            raise InputError(f"{name}: nothing of the object is seen at {said}; it is too small in a sweep this wide, or transparent")
        if left == 0:
            raise RunFailed(f"{name}: the object touches the border of the picture at {said}; please report this")
        free.append(left)
    return {"states": states, "size": SIZE, "free_border_px": min(free)}


def free_border(coverage: bytes, size: int, height: int | None = None) -> int | None:
    """Pixels free between the border and the nearest covered pixel of a float32 picture; None where nothing is covered.

    With ``height``, only the picture's first rows count, and it may go on below them.
    """
    values = array("f", coverage)
    if sys.byteorder == "big":
        values.byteswap()
    rows = [values[start : start + size] for start in range(0, size * min(size, height or size), size)]
    covered = [index for index, row in enumerate(rows) if max(row) > 0]
    if not covered:
        return None
    across = [index for row in rows for index in _ends(row)]
    below = covered if height is None else []
    return min(*covered, *across, *(size - 1 - index for index in (*below, *across)))


def _ends(row: Sequence[float]) -> list[int]:
    """First and last covered pixel of a row, if any."""
    covered = [index for index, value in enumerate(row) if value > 0]
    return [covered[0], covered[-1]] if covered else []
