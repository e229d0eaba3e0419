"""By pixel: what moves in a mirrored pair moves as its edits and its sentence say, and crops are shared by source and target.

The pictures are drawn by the axes' definition (`cat_dataset.attributes`): z up, y away from the camera, x to the right.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.images import encode_png
from cat_dataset.instructions import parse
from cat_dataset.loading.pair_dataset import PairDataset
from cat_dataset.loading.samples import PairSample
from cat_dataset.pairs import PairIndex
from cat_dataset.series_writer import SeriesWriter
from tests.cat_dataset.factory import build_dataset

EVERYTHING = {"train": 1.0, "validation": 0.0, "test": 0.0}
SIDE = 96


def write(root: Path, name: str, attribute: str, values: list[float], draw: Callable[[float], np.ndarray]) -> None:
    with SeriesWriter(root / "series" / name, {}, {"test": "1"}) as writer:
        for number, value in enumerate(values):
            writer.staging_path(number, "png").write_bytes(encode_png(draw(value)))
            writer.commit(number, {attribute: value}, extension="png")
        writer.finish(source="blender", scene={"asset": name}, object="chair", varies=(attribute,), constants={})


def dot(x: float, y: float) -> np.ndarray:
    """A white dot at x to the right and y upwards, each from -1 to 1, on black."""
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    centre = (round((1 + x) / 2 * SIDE), round((1 - y) / 2 * SIDE))
    cv2.circle(picture, centre, 4, (255, 255, 255), -1, cv2.LINE_AA)
    return picture


def seen_at(picture: np.ndarray) -> tuple[float, float]:
    """Where the dot is, in the units of `dot`."""
    weight = picture[:, :, 0].astype(float)
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]] + 0.5
    side = weight.shape[0]
    return 2 * (weight * x).sum() / weight.sum() / side - 1, 1 - 2 * (weight * y).sum() / weight.sum() / side


def loaded(root: Path, mirror: float, count: int = 60) -> list[tuple[PairSample, bool]]:
    dataset = build_dataset(root, split=EVERYTHING)
    index = PairIndex(dataset, seed=1, zero_share=0.1, mirror=mirror)
    pairs = PairDataset(dataset, index, size=SIDE // 2, crop=0.6)
    return [(pairs[i], index.pair(i).mirrored) for i in range(count)]


SIN, COS = (lambda degrees: float(np.sin(np.radians(degrees)))), (lambda degrees: float(np.cos(np.radians(degrees))))
REST = 0.8
MOTIONS: dict[str, tuple[list[float], Callable[[float], np.ndarray], Callable[[PairSample], float]]] = {
    # Each: values; a picture of one; the change between the pictures of a pair, measured, in the attribute's unit.
    "translation_x": (
        [-40.0, -20.0, 0.0, 20.0, 40.0],
        lambda cm: dot(cm / 50, 0.3),
        lambda pair: 50 * (seen_at(pair["target"])[0] - seen_at(pair["source"])[0]),
    ),
    "translation_z": (
        [-40.0, -20.0, 0.0, 20.0, 40.0],
        lambda cm: dot(0.3, cm / 50),
        lambda pair: 50 * (seen_at(pair["target"])[1] - seen_at(pair["source"])[1]),
    ),
    "rotation_z": (  # a point on the side towards the camera goes to the right as it turns about the upward axis
        [-60.0, -30.0, 0.0, 30.0, 60.0],
        lambda angle: dot(REST * SIN(angle), 0.1),
        lambda pair: float(np.degrees(np.arcsin(seen_at(pair["target"])[0] / REST) - np.arcsin(seen_at(pair["source"])[0] / REST))),
    ),
    "rotation_y": (  # about the axis that points away from the camera: clockwise for the camera
        [-60.0, -30.0, 0.0, 30.0, 60.0],
        lambda angle: dot(REST * SIN(angle), REST * COS(angle)),
        lambda pair: float(np.degrees(np.arctan2(*seen_at(pair["target"])) - np.arctan2(*seen_at(pair["source"])))),
    ),
    "rotation_x": (  # about the axis to the right: what is towards the camera goes down
        [-60.0, -30.0, 0.0, 30.0, 60.0],
        lambda angle: dot(0.2, -REST * SIN(angle)),
        lambda pair: float(np.degrees(np.arcsin(-seen_at(pair["target"])[1] / REST) - np.arcsin(-seen_at(pair["source"])[1] / REST))),
    ),
}


@pytest.mark.parametrize("name", MOTIONS)
def test_pictures_move_as_edits_and_sentence_say(name: str, tmp_path: Path) -> None:
    values, draw, measured = MOTIONS[name]
    write(tmp_path, "moving", name, values, draw)
    both = loaded(tmp_path, mirror=0.5)
    assert {mirrored for _, mirrored in both} == {True, False}
    for sample, _ in both:
        asked = float(sample["deltas"][0])
        assert measured(sample) == pytest.approx(asked, abs=4), "the dot's centre is known to half a pixel of 48"
        assert [edit.delta for edit in parse(sample["instruction"])] == [asked]
        assert sample["numbers"][0] == pytest.approx(asked / ATTRIBUTES[name].span)


def test_what_nobody_may_mirror_is_not(tmp_path: Path) -> None:
    write(tmp_path, "squeezed", "deformation", [-5.0, 0.0, 5.0], lambda points: dot(points / 10, 0.0))
    assert not any(mirrored for _, mirrored in loaded(tmp_path, mirror=1.0, count=30))


def test_crops_and_flips_are_shared(tmp_path: Path) -> None:
    """Every picture is the same texture, brighter by its exposure: wherever it is cut, the difference must be even."""
    texture = np.random.default_rng(0).integers(0, 100, (SIDE, SIDE + 20, 3), np.uint8)
    write(tmp_path, "brighter", "exposure", [0.0, 1.0, 2.0, 3.0], lambda stops: texture + np.uint8(40 * stops))
    found = loaded(tmp_path, mirror=0.5)
    assert len({sample["source"].tobytes() for sample, _ in found}) > 50, "few crops are alike"
    for sample, _ in found:
        difference = sample["target"].astype(int) - sample["source"].astype(int)
        assert np.abs(difference - 40 * sample["deltas"][0]).max() <= 1, "rounded once on either side"


def test_a_mirrored_pair_is_the_flipped_pair(tmp_path: Path) -> None:
    texture = np.random.default_rng(1).integers(0, 100, (SIDE, SIDE, 3), np.uint8)
    write(tmp_path, "brighter", "exposure", [0.0, 1.0, 2.0], lambda stops: texture + np.uint8(40 * stops))
    for (plain, no), (flipped, yes) in zip(loaded(tmp_path, mirror=0.0), loaded(tmp_path, mirror=1.0), strict=True):
        assert (no, yes) == (False, True)
        assert np.array_equal(plain["source"][:, ::-1], flipped["source"])
        assert np.array_equal(plain["target"][:, ::-1], flipped["target"])
        assert plain["instruction"] == flipped["instruction"]
