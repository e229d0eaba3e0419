"""Shirt, trousers and shoes, grown from MakeHuman's tights: looser, smoothed over, cut where the recipe says, with hems.

Where the cuts run is said on the template, which stands as all characters do before they get their shape: so a hem lies at the same
place on every body.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.blender.figure.person_file import Part
from render.people import skeleton, source
from render.people.piece import Body, numbers, sparse, surface
from render.people.sheet import Sheet, clip, hemmed, normals, smoothed
from render.people.source import Floats, Indices

SLEEVES = {"short": 0.62, "long": 1.92, "three-quarter": 1.45}
"""Where a sleeve ends: 0 at the shoulder, 1 at the elbow, 2 at the wrist."""
NECKS = {"round": (0.0, 0.078), "wide": (0.012, 0.098), "v": (0.042, 0.076)}
"""Of the neck's opening: metres that its middle lies lower than the round one's, and its half width."""

WAIST, HIPS, ANKLE, SHOE = 0.09, 0.0, -0.735, -0.715
"""Heights on the template where trousers begin, shirts end, trousers end and shoes begin."""
SOLE = 0.016
"""Thickness of a shoe's sole in metres, by which clothed characters stand higher."""
ROUNDING = 0.006
"""Metres over which the sides of the neck's opening go over into its front and back."""
ARM = ("upperarm", "lowerarm", "wrist", "finger", "metacarpal")


@lru_cache(maxsize=1)
def _arm() -> Floats:
    """How far along an arm every point of the base mesh lies, [19158]; −1 elsewhere."""
    points = source.base().points
    bones = {bone.name: np.array(bone.head) for bone in skeleton.bones(points)}
    found = np.full(len(points), -1.0)
    for side, sign in ((".L", 1), (".R", -1)):
        follows = np.zeros(len(points))
        for bone, (index, weight) in skeleton.weights().items():
            if bone.startswith(ARM) and bone.endswith(side):
                follows[index] += weight
        joints = [bones[f"{name}{side}"] for name in ("upperarm01", "lowerarm01", "wrist")]
        nearest = np.full(len(points), np.inf)
        along = np.zeros(len(points))
        for number, (start, end) in enumerate(pairwise(joints)):
            share = (points - start) @ (end - start) / ((end - start) @ (end - start))
            ends = (0.0 if number else -1.0, 1.0 if not number else 2.0)
            share = np.clip(share, *ends)
            gap = np.linalg.norm(points - start - share[:, None] * (end - start), axis=1)
            along = np.where(gap < nearest, number + share, along)
            nearest = np.minimum(gap, nearest)
        chosen = (follows > 0.5) & (sign * points[:, 0] > 0)
        found[chosen] = along[chosen]
    return found


def _collar(points: Floats, neck: str) -> Floats:
    """Metres below or beside the neck's opening, on the template."""
    lower, half = NECKS[neck]
    across = np.abs(points[:, 0]) / half
    front = np.clip((0.03 - points[:, 1]) / 0.1, 0, 1)
    side = 0.572 + 0.12 * (points[:, 1] + 0.02)
    curve = np.sqrt(np.clip(1 - across**2, 0, 1)) if neck != "v" else np.clip(1.05 - across, 0, 1)
    opening = side - (0.004 + (0.022 + lower) * front) * curve
    below, beside = opening - points[:, 2], 0.8 * half * (across - 1)
    return np.asarray(np.logaddexp(below / ROUNDING, beside / ROUNDING) * ROUNDING - ROUNDING * np.log(2.0))


def _shirt_line(clothes: dict[str, Any]) -> Floats:
    """Positive where the shirt is, about metres from its edge, at every point of the base mesh."""
    points = source.base().points
    sleeve = 0.23 * (SLEEVES[clothes["sleeves"]] - _arm())
    return np.asarray(np.minimum.reduce([sleeve, _collar(points, clothes["neck"]), points[:, 2] - HIPS]))


def _trousers_line() -> Floats:
    points = source.base().points
    reach = np.minimum(WAIST - points[:, 2], points[:, 2] - ANKLE)
    return np.asarray(np.where(_arm() >= 0, -1.0, reach))


def _shoes_line() -> Floats:
    return np.asarray(SHOE - source.base().points[:, 2])


def hidden(clothes: dict[str, Any], margin: float = 0.045) -> Indices:
    """The points of the skin that clothes cover by ``margin`` metres or more at their edges."""
    deep = np.maximum(np.minimum(_shirt_line(clothes) - margin, 1.0), np.minimum(_trousers_line() - margin, 1.0))
    middle = (_shirt_line(clothes) > 0.02) & (_trousers_line() > 0.02)
    covered = (deep > 0) | middle | (_shoes_line() > -0.01)
    return np.flatnonzero(covered[: source.BODY])


@lru_cache(maxsize=1)
def _beneath() -> tuple[Indices, Indices]:
    """The tights' points, and the skin point that lies nearest to each on the template."""
    tights = np.unique(source.base().quads["helper-tights"])
    used = np.unique(source.base().quads["body"])
    skin = source.base().points[used].astype(np.float32)
    nearest = [int(((skin - point) ** 2).sum(axis=1).argmin()) for point in source.base().points[tights].astype(np.float32)]
    return tights, used[nearest]


def _sheet(body: Body) -> tuple[Sheet, Indices]:
    """The tights with, after its place, each point's: nearest skin point and its normal, and weights by bone."""
    tights, beneath = _beneath()
    outward = normals(body.points[: source.BODY], source.base().quads["body"].tolist())
    table = np.zeros((len(body.points), len(skeleton.parents())))
    for column, (index, weight) in enumerate(skeleton.weights().values()):
        table[index, column] = weight
    place = np.full(len(body.points), -1)
    place[tights] = np.arange(len(tights))
    rows = np.concatenate([body.points[tights], body.points[beneath], outward[beneath], table[tights]], axis=1)
    return Sheet(rows, place[source.base().quads["helper-tights"]].tolist()), tights


def _kept_off(sheet: Sheet, points: Floats, least: Floats | float) -> Floats:
    """``points`` moved outward to at least ``least`` metres above the skin."""
    skin, outward = sheet.rows[:, 3:6], sheet.rows[:, 6:9]
    above = ((points - skin) * outward).sum(axis=1)
    return np.asarray(points + np.maximum(least - above, 0.0)[:, None] * outward)


def _part(name: str, sheet: Sheet, look: dict[str, Any]) -> Part:
    sheet, hem = hemmed(sheet.at(smoothed(sheet.points, sheet.polygons, 3, border_only=True)), 0.002, 0.012)
    part = surface(name, sheet.points, sheet.polygons, look=look)
    weights = np.where(sheet.rows[:, 9:] < 1e-4, 0.0, sheet.rows[:, 9:])
    weights /= weights.sum(axis=1, keepdims=True)
    for bone, column in zip(skeleton.parents(), weights.T, strict=True):
        chosen = np.flatnonzero(column)
        if len(chosen):
            part.weights[bone] = sparse(chosen, column[chosen])
    part.fields["hem"] = numbers(hem)
    return part


def _hanging(points: Floats, chosen: NDArray[np.bool_], slope: float) -> Floats:
    """``points`` as cloth hangs: what is ``chosen`` comes nowhere farther in than ``slope`` metres per metre below what juts out above."""
    inside = np.flatnonzero(chosen)
    axis = np.array([0.0, float(np.median(points[inside, 1]))])
    way = points[inside, :2] - axis
    out, round_about, height = np.linalg.norm(way, axis=1), np.arctan2(way[:, 1], way[:, 0]), points[inside, 2]
    turn = np.abs((round_about[:, None] - round_about + np.pi) % (2 * np.pi) - np.pi)
    drop = height - height[:, None]
    reach = np.where((turn < 0.16) & (drop >= 0), out - slope * drop, 0.0).max(axis=1)
    hung = points.copy()
    hung[inside, :2] = axis + way * (np.maximum(out, reach) / np.maximum(out, 1e-6))[:, None]
    return hung


def shirt(body: Body, clothes: dict[str, Any]) -> Part:
    """The shirt: loose at the hem and the sleeves."""
    sheet, tights = _sheet(body)
    template = source.base().points[tights]
    line = _shirt_line(clothes)[tights]
    arm = _arm()[tights]
    loose = float(clothes["loose"])
    torso = (arm < 0) & (template[:, 2] > HIPS - 0.08) & (template[:, 2] < 0.45)
    points = smoothed(sheet.points, sheet.polygons, 6)
    wide = 0.004 + 0.010 * loose * np.where(arm >= 0, np.clip(arm / SLEEVES[clothes["sleeves"]], 0, 1), 0.0)
    low = np.clip((0.35 - template[:, 2]) / 0.4, 0, 1) * (arm < 0)
    points = points + (wide + 0.006 * low)[:, None] * normals(points, sheet.polygons)
    points = np.where(torso[:, None], _hanging(points, torso, 0.5 - 0.4 * loose), points)
    hem = np.clip((0.14 - template[:, 2]) / 0.1, 0, 1)[:, None] * torso[:, None]
    points = smoothed(points, sheet.polygons, 3)
    points = (1 - hem) * points + hem * smoothed(points, sheet.polygons, 10)
    points = _kept_off(sheet, points, 0.005 + 0.006 * low)
    look = {"colour": clothes["shirt_colour"], "cloth": "jersey"}
    if "stripes" in clothes:
        look |= {"pattern": "stripes", "second": clothes["stripes"]}
    return _part("shirt", clip(sheet.at(points), line), look)


def trousers(body: Body, clothes: dict[str, Any]) -> Part:
    """The trousers: close at the waist, wider down the legs."""
    sheet, tights = _sheet(body)
    template = source.base().points[tights]
    points = smoothed(sheet.points, sheet.polygons, 4)
    down = np.clip((0.0 - template[:, 2]) / 0.7, 0, 1)
    wide = 0.001 + (0.006 + 0.014 * float(clothes["legs"])) * down
    points = _kept_off(sheet, points + wide[:, None] * normals(points, sheet.polygons), 0.003)
    return _part("trousers", clip(sheet.at(points), _trousers_line()[tights]), {"colour": clothes["trousers_colour"], "cloth": "twill"})


def shoes(body: Body, clothes: dict[str, Any]) -> Part:
    """Plain shoes on flat soles."""
    sheet, tights = _sheet(body)
    points = smoothed(sheet.points, sheet.polygons, 3)
    points = _kept_off(sheet, points + 0.003 * normals(points, sheet.polygons), 0.004)
    ground = SOLE + 0.006
    points[:, 2] = np.where(points[:, 2] < ground, 0.0, points[:, 2])
    return _part("shoes", clip(sheet.at(points), _shoes_line()[tights]), {"colour": clothes["shoes_colour"], "cloth": "leather"})
