"""Skin, landmarks, teeth and clothes of bodies, and that they are anny's where anny can tell."""

from __future__ import annotations

import os

import numpy as np
import pytest

from render.people import clothes, skeleton, source
from render.people.landmarks import landmarks
from render.people.mouth import mouth
from render.people.piece import Body, cut
from render.people.shape import shaped
from render.people.sheet import Sheet, clip, hemmed, normals
from tests.render.people.people import CORNERS, raw_body

WORN = {
    "sleeves": "short", "neck": "v", "loose": 0.5, "legs": 0.5, "shirt_colour": [0.1, 0.1, 0.1], "trousers_colour": [0.1, 0.1, 0.1],
    "shoes_colour": [0.1, 0.1, 0.1],
}  # fmt: skip


@pytest.fixture(scope="module", params=list(CORNERS))
def body(request: pytest.FixtureRequest) -> Body:
    return raw_body(request.param)


def test_a_body_stands_on_the_ground_and_is_symmetric(body: Body) -> None:
    skin = body.points[: source.BODY]
    assert skin[:, 2].min() == 0.0
    assert 1.0 < skin[:, 2].max() < 2.7, "corners of the phenotype space; recipes stay far from them"
    assert abs(skin[:, 0].max() + skin[:, 0].min()) < 1e-3


def test_landmarks_lie_where_they_should(body: Body) -> None:
    places = {name: body.points[index] for name, index in landmarks().items()}
    for name, place in places.items():
        if name.endswith("_left"):
            mirror = places[name.replace("_left", "_right")] * [-1, 1, 1]
            assert place[0] > 0 and np.abs(place - mirror).max() < 2e-3, name
        elif not name.endswith("_right"):
            assert abs(place[0]) < 1e-4, name
    upwards = ("chin", "lip_lower_outer", "lip_upper_outer", "nose_tip", "lid_lower_left", "lid_upper_left", "brow_middle_left", "head_top")
    heights = [places[name][2] for name in upwards]
    assert heights == sorted(heights)
    assert np.linalg.norm(places["lip_upper"] - places["lip_lower"]) < 5e-3
    assert places["nose_tip"][1] == min(place[1] for name, place in places.items() if place[2] > places["chin"][2])


def test_weights_add_up_and_bones_hang_together() -> None:
    total = np.zeros(len(source.base().points))
    for points, weights in skeleton.weights().values():
        total[points] += weights
    assert total == pytest.approx(1.0)
    assert len(skeleton.parents()) == 104
    seen = {""}
    for name, parent in skeleton.parents().items():
        assert parent in seen
        seen.add(name)


def test_teeth_follow_the_jaw_and_stand_before_the_tongue(body: Body) -> None:
    upper, lower, tongue = mouth(body)
    assert set(upper.shapes) <= {"mouthFunnel"} and {"jawOpen", "jawForward", "jawLeft", "jawRight"} <= set(lower.shapes)
    drop = np.array(lower.shapes["jawOpen"][1]).reshape(-1, 3)
    assert len(drop) == lower.count and drop[:, 2].max() < -5e-3
    front = {part.name: np.array(part.points).reshape(-1, 3)[:, 1].min() for part in (upper, lower, tongue)}
    assert front["teeth_upper"] < front["teeth_lower"] < front["tongue"]
    assert 0.05 < np.mean(upper.fields["gums"]) < 0.2


def test_clothes_cover_and_stay_outside_of_the_skin(body: Body) -> None:
    outward = normals(body.points[: source.BODY], source.base().quads["body"].tolist())
    used = np.unique(source.base().quads["body"])
    for part in (clothes.shirt(body, WORN), clothes.trousers(body, WORN)):
        points = np.array(part.points).reshape(-1, 3)[np.array(part.fields["hem"]) == 0]
        inside = 0
        for point in points[::9]:
            nearest = used[((body.points[used] - point) ** 2).sum(axis=1).argmin()]
            inside += (point - body.points[nearest]) @ outward[nearest] < 0
        assert inside == 0, part.name
        total = np.zeros(part.count)
        for index, weight in part.weights.values():
            total[list(index)] += weight
        assert total == pytest.approx(1.0, abs=1e-4)


def test_what_decency_asks_for_is_covered_whatever_is_worn() -> None:
    """The chest, the hips and all between them are under cloth: no polygon of the skin is left there."""
    template = source.base().points[: source.BODY]
    torso = (template[:, 2] > -0.2) & (template[:, 2] < 0.43) & (np.abs(template[:, 0]) < 0.15)
    for sleeves in clothes.SLEEVES:
        for neck in clothes.NECKS:
            assert set(np.flatnonzero(torso)) <= set(clothes.hidden({**WORN, "sleeves": sleeves, "neck": neck})), (sleeves, neck)


def test_a_sheet_is_cut_along_a_straight_line_and_hemmed() -> None:
    square = Sheet(
        np.array([[x, y, 0.0] for y in range(3) for x in range(3)], dtype=float), [[0, 1, 4, 3], [1, 2, 5, 4], [3, 4, 7, 6], [4, 5, 8, 7]]
    )
    cut_sheet = clip(square, 1.25 - square.points[:, 0])
    assert cut_sheet.points[:, 0].max() == 1.25
    whole, hem = hemmed(cut_sheet, 0.1, 0.2)
    assert len(whole.polygons) == len(cut_sheet.polygons) + 2 * 8
    assert whole.points[:, 2].min() == pytest.approx(-0.1)
    assert set(hem) == {0.0, 1.0}


def test_units_below_the_least_offset_are_left_out() -> None:
    skin, kept = cut("skin", raw_body("man"), source.base().quads["body"])
    assert list(kept) == list(range(source.BODY)), "the points of the skin are those of the base mesh"
    for _, offsets in skin.shapes.values():
        assert np.linalg.norm(np.array(offsets).reshape(-1, 3), axis=1).min() > 0.9e-5
    assert len(skin.shapes) == 51, "the tongue's own unit moves no skin"


@pytest.mark.skipif(os.environ.get("CAT_TEST_ANNY") != "1", reason="loads anny's whole model, over a minute at first: set CAT_TEST_ANNY=1")
def test_shapes_bones_and_weights_are_annys() -> None:
    import anny
    from anny.models.model_data import TopologyConfig

    model = anny.Anny(
        topology=TopologyConfig("makehuman", remove_unattached_vertices=False, triangulate_faces=False), local_changes="default",
        facial_actions="all", phenotypes="all", phenotype_blendshapes="original",
    )  # fmt: skip
    mixed = {"gender": 0.3, "age": 0.8, "muscle": 0.6, "weight": 0.4, "height": 0.55, "proportions": 0.45}
    mixed |= {"african": 0.5, "asian": 0.3, "caucasian": 0.2}
    theirs = model(phenotype_kwargs=mixed, local_changes_kwargs={"nose-hump-incr": 0.4}, facial_actions={"jawOpen": 1.0})
    points = theirs["rest_vertices"][0].detach().numpy()
    ours = shaped(mixed, {"nose/nose-hump-incr": 0.4})
    jaw = source.face_units()["jawOpen"]
    ours[jaw.points] += jaw.offsets
    lifted = ours - points
    assert np.abs(lifted - lifted.mean(axis=0)).max() < 1e-9
    assert list(model.bone_labels) == list(skeleton.parents())
