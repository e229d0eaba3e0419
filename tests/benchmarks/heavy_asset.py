"""An asset of as many triangles as wanted, made of sines: a bumpy ring."""

from __future__ import annotations

import math
from pathlib import Path


def write_ring(path: Path, triangles: int) -> int:
    """Write it as an OBJ; the triangles it really has."""
    across = max(8, round(math.sqrt(triangles / 4)))
    around = 2 * across
    lines = []
    for i in range(around):
        for j in range(across):
            u, v = 2 * math.pi * i / around, 2 * math.pi * j / across
            thick = 0.35 + 0.05 * math.sin(9 * u) * math.cos(5 * v) + 0.01 * math.sin(61 * u + 17 * v)
            out = 1.0 + thick * math.cos(v)
            lines.append(f"v {out * math.cos(u):.6f} {thick * math.sin(v):.6f} {out * math.sin(u):.6f}\n")
    for i in range(around):
        here, there = i * across, (i + 1) % around * across
        for j in range(across):
            after = (j + 1) % across
            lines.append(f"f {here + j + 1} {here + after + 1} {there + after + 1} {there + j + 1}\n")
    path.write_text("".join(lines), encoding="utf-8")
    return 2 * around * across
