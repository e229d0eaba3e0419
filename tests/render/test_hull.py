"""The few corners reach as far as all the points do, in every direction."""

from __future__ import annotations

import json

from tests.render.runs import inside_blender

CODE = """
import json
import math
import random
import sys
from array import array

sys.path.insert(0, ".")
import bpy

from render.blender.assets.hull import TOLERANCE, corners

draw = random.Random(7)


def unit():
    vector = [draw.gauss(0, 1) for _ in range(3)]
    return [value / math.hypot(*vector) for value in vector]


def flat(points):
    return array("f", (value for point in points for value in point))


ball = [unit() for _ in range(3000)]
sets = {
    "ball": ball,
    "needle": [(x, 1e-4 * y, 1e-4 * z) for x, y, z in ball],
    "tilted plane": [(x, y, 0.3 * x + 0.7 * y) for x, y, z in ball],
    "level plane": [(x, y, 0.0) for x, y, z in ball],
    "line": [(x, 2 * x, 3 * x) for x, y, z in ball],
    "far away": [(x + 1000, y - 1000, z) for x, y, z in ball],
    "triangle": [(0, 0, 0), (1, 0, 0), (0, 1, 0)],
    "point": [(1, 2, 3)] * 9,
}
directions = [unit() for _ in range(40)]
for name, points in sets.items():
    data = flat(points)
    points = list(zip(data[0::3], data[1::3], data[2::3]))
    found = corners(data)
    extent = max(max(values) - min(values) for values in zip(*points))

    def reach(some, d):
        return max(d[0] * x + d[1] * y + d[2] * z for x, y, z in some)

    short = max(reach(points, d) - reach(found, d) for d in directions)
    beyond = max(reach(found, d) - reach(points, d) for d in directions)
    print("RESULT", json.dumps([name, len(found), short <= TOLERANCE * extent, beyond <= 0, set(found) <= set(points)]))
for wrong in (math.nan, math.inf):
    try:
        corners(flat([*ball[:100], (0, wrong, 0)]))
    except ValueError:
        print("RESULT", json.dumps([str(wrong), 0, True, True, True]))
"""


def test_corners_reach_as_far_as_all_points_and_are_some_of_them() -> None:
    lines = [line for line in inside_blender(CODE).splitlines() if line.startswith("RESULT")]
    results = {name: rest for name, *rest in (json.loads(line.removeprefix("RESULT")) for line in lines)}
    assert len(results) == 10
    for name, (_, *good) in results.items():
        assert all(good), name
    assert results["line"][0] == 2
    assert results["level plane"][0] < 1000
