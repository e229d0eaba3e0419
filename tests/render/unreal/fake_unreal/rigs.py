"""Control rigs of the fake: controls with types, limits and parents, and the pose that local values make.

Every body control has local axes that point anywhere (a fixed turn made from its name): nothing that drives it can get by with
a guess at them. Space: Unreal's, centimetres, the person faces +y, so that its right is -x.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

Quat = np.ndarray
"""x, y, z, w."""


@dataclass(frozen=True)
class FakeControl:
    """``offset`` is the rest transform from the parent: rotation and translation; the value at rest is the identity."""

    kind: str
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    parent: str = ""
    at: tuple[float, float, float] = (0.0, 0.0, 0.0)


def times(a: Quat, b: Quat) -> Quat:
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return np.array([
        aw * bx + bw * ax + ay * bz - az * by,
        aw * by + bw * ay + az * bx - ax * bz,
        aw * bz + bw * az + ax * by - ay * bx,
        aw * bw - ax * bx - ay * by - az * bz,
    ])  # fmt: skip


def inverse(q: Quat) -> Quat:
    return q * np.array([-1.0, -1.0, -1.0, 1.0])


def rotate(q: Quat, v: np.ndarray) -> np.ndarray:
    return times(times(q, np.array([*v, 0.0])), inverse(q))[:3]


@lru_cache(maxsize=256)
def odd_axes(name: str) -> Quat:
    """A turn that depends on the name only."""
    numbers = np.random.default_rng(zlib.crc32(name.encode())).normal(size=4)
    return numbers / np.linalg.norm(numbers)


def rotator_of(q: Quat) -> tuple[float, float, float]:
    """Roll, pitch, yaw in degrees: Unreal's rotator turns about x (roll), then y (pitch), then z (yaw), the first two backwards."""
    x, y, z, w = q
    forward = rotate(q, np.array([1.0, 0.0, 0.0]))
    yaw, pitch = math.atan2(forward[1], forward[0]), math.atan2(forward[2], math.hypot(forward[0], forward[1]))
    level = times(inverse(from_rotator(0.0, math.degrees(pitch), math.degrees(yaw))), np.array([x, y, z, w]))
    return math.degrees(-2 * math.atan2(level[0], level[3])), math.degrees(pitch), math.degrees(yaw)


def from_rotator(roll: float, pitch: float, yaw: float) -> Quat:
    def about(axis: int, degrees: float) -> Quat:
        q = np.zeros(4)
        q[axis], q[3] = math.sin(math.radians(degrees) / 2), math.cos(math.radians(degrees) / 2)
        return q

    return times(about(2, yaw), times(about(1, -pitch), about(0, -roll)))


class FakeRig:
    """A rig asset: its controls in order, parents first."""

    def __init__(self, controls: dict[str, FakeControl], without: frozenset[str] = frozenset()) -> None:
        self.controls = {name: control for name, control in controls.items() if name not in without}
        self._offsets: dict[str, tuple[Quat, np.ndarray]] = {}
        self.rest = self.pose({})

    def offset(self, name: str) -> tuple[Quat, np.ndarray]:
        """Rotation and translation of a control at rest, from its parent."""
        if name not in self._offsets:
            self._offsets[name] = self._offset(name)
        return self._offsets[name]

    def _offset(self, name: str) -> tuple[Quat, np.ndarray]:
        control = self.controls[name]
        whole = odd_axes(name)
        if control.parent not in self.controls:
            return whole, np.array(control.at)
        above = odd_axes(control.parent)
        step = np.array(control.at) - np.array(self.controls[control.parent].at)
        return times(inverse(above), whole), rotate(inverse(above), step)

    def pose(self, values: dict[str, Quat]) -> dict[str, tuple[Quat, np.ndarray]]:
        """Rotation and position of every control in the rig's space, given local rotations."""
        done: dict[str, tuple[Quat, np.ndarray]] = {}
        for name, control in self.controls.items():
            above, origin = done.get(control.parent, (np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(3)))
            turn, step = self.offset(name)
            done[name] = times(times(above, turn), values.get(name, np.array([0.0, 0.0, 0.0, 1.0]))), origin + rotate(above, step)
        return done


def _floats(*names: str, low: float = 0.0) -> dict[str, FakeControl]:
    return {f"CTRL_{side}_{name}": FakeControl("FLOAT", (low,), (1.0,)) for name in names for side in "LR"}


FACE = {
    "CTRL_C_jaw": FakeControl("VECTOR2D", (-1.0, 0.0), (1.0, 1.0)),
    "CTRL_C_eye": FakeControl("VECTOR2D", (-1.0, -1.0), (1.0, 1.0)),
    "CTRL_L_nose": FakeControl("VECTOR2D", (-1.0, -1.0), (1.0, 1.0)),
    "CTRL_R_nose": FakeControl("VECTOR2D", (-1.0, -1.0), (1.0, 1.0)),
    **_floats("mouth_cornerPull", "mouth_cornerDepress", "mouth_stretch", "mouth_pressU", "mouth_pressD", "mouth_purseU", "mouth_purseD"),
    **_floats("mouth_upperLipRaise", "brow_raiseIn", "brow_raiseOut", "brow_down", "eye_squintInner", "eye_cheekRaise"),
    **_floats("mouth_suckBlow", "eye_blink", low=-1.0),
    "CTRL_faceGUI": FakeControl("EULER_TRANSFORM"),
}


def _body() -> dict[str, FakeControl]:
    chain = [
        ("body_ctrl", 0, 95),
        *((f"spine_0{n}_ctrl", 0, 95 + 9 * n) for n in range(1, 6)),
        ("neck_01_ctrl", -1, 148),
        ("neck_02_ctrl", 0, 153),
    ]
    controls: dict[str, FakeControl] = {}
    above = ""
    for name, y, z in [*chain, ("head_ctrl", 1, 158)]:
        controls[name] = FakeControl("EULER_TRANSFORM", parent=above, at=(0.0, float(y), float(z)))
        above = name
    for side, sign in (("l", 1.0), ("r", -1.0)):  # the person faces +y: its left is +x
        above = "spine_05_ctrl"
        for part, x, y, z in (
            ("clavicle_{}_ctrl", 3, 0, 145),
            ("upperarm_{}_fk_ctrl", 18, -2, 142),
            ("lowerarm_{}_fk_ctrl", 38, -3, 122),
            ("hand_{}_fk_ctrl", 55, 3, 103),
        ):
            controls[part.format(side)] = FakeControl("EULER_TRANSFORM", parent=above, at=(sign * x, float(y), float(z)))
            above = part.format(side)
        controls[f"arm_{side}_fk_ik_switch"] = FakeControl("BOOL")
    controls["hat_ctrl"] = FakeControl("ROTATOR", parent="head_ctrl", at=(0.0, 0.0, 175.0))
    return controls


BODY = _body()
EYES = {"FACIAL_L_Eye": (3.15, 9.0, 165.0), "FACIAL_R_Eye": (-3.15, 9.0, 165.0)}


@lru_cache(maxsize=16)
def fake_rig(kind: str, without: frozenset[str]) -> FakeRig:
    """The face or the body rig, less some of its controls."""
    return FakeRig(FACE if kind == "face" else BODY, without)
