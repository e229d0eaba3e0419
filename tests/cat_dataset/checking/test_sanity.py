"""Label sanity: what is odd is named, and what is only uneven, saturated or turning is left alone."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from capture.ingest import app as ingest
from capture.simulate.command import app as simulate
from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.checking.exposure_jumps import jumps
from cat_dataset.checking.sanity import Finding, findings, luminance_findings, value_findings
from cat_dataset.fingerprint import luminance
from cat_dataset.images import decode_rgb, encode_png
from cat_dataset.series import read_series
from cat_dataset.series_writer import SeriesWriter
from tests.cat_dataset.factory import build_dataset

F_NUMBERS = [
    1.0,
    1.1,
    1.2,
    1.4,
    1.6,
    1.8,
    2.0,
    2.2,
    2.5,
    2.8,
    3.2,
    3.5,
    4,
    4.5,
    5,
    5.6,
    6.3,
    7.1,
    8,
    9,
    10,
    11,
    13,
    14,
    16,
    18,
    20,
    22,
    25,
    29,
    32,
]
ISOS = [
    50,
    64,
    80,
    100,
    125,
    160,
    200,
    250,
    320,
    400,
    500,
    640,
    800,
    1000,
    1250,
    1600,
    2000,
    2500,
    3200,
    4000,
    5000,
    6400,
    8000,
    10000,
    12800,
]
SECONDS = [
    1 / 8000, 1 / 6400, 1 / 5000, 1 / 4000, 1 / 3200, 1 / 2500, 1 / 2000, 1 / 1600, 1 / 1250, 1 / 1000, 1 / 800, 1 / 640, 1 / 500, 1 / 400,
    1 / 320, 1 / 250, 1 / 200, 1 / 160, 1 / 125, 1 / 100, 1 / 80, 1 / 60, 1 / 50, 1 / 40, 1 / 30, 1 / 25, 1 / 20, 1 / 15, 1 / 13, 1 / 10,
    1 / 8, 1 / 6, 1 / 5, 1 / 4, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.3, 1.6, 2, 2.5, 3.2, 4, 5, 6, 8, 10, 13, 15, 20, 25, 30,
]  # fmt: skip
CAMERA = {
    "aperture": F_NUMBERS,
    "iso": ISOS,
    "exposure": [math.log2(t) for t in SECONDS],
    "full stops of aperture": [1, 1.4, 2, 2.8, 4, 5.6, 8, 11, 16, 22, 32],
    "half stops of aperture": [1, 1.2, 1.4, 1.7, 2, 2.4, 2.8, 3.3, 4, 4.8, 5.6, 6.7, 8, 9.5, 11, 13, 16, 19, 22],
    "full stops of exposure": [math.log2(t) for t in (1 / 1000, 1 / 500, 1 / 250, 1 / 125, 1 / 60, 1 / 30, 1 / 15, 1 / 8, 1 / 4, 1 / 2, 1)],
}


def odd(attribute: str, values: list[float]) -> list[Finding]:
    return list(value_findings("s", {attribute: np.array(values, np.float64)}))


@pytest.mark.parametrize("table", CAMERA)
def test_real_camera_steps(table: str) -> None:
    """Every stretch of a camera's own steps is even, and one that lacks a step is flagged for that one or not at all."""
    attribute, values = table.rsplit(maxsplit=1)[-1], CAMERA[table]
    forward = ATTRIBUTES[attribute].scale.forward
    named = tried = 0
    for count in range(6, len(values) + 1, 3):
        for begin in range(0, len(values) - count + 1, 2):
            stretch = values[begin : begin + count]
            assert odd(attribute, stretch) == []
            for lost in range(1, count - 1, 2):
                tried += 1
                for finding in odd(attribute, stretch[:lost] + stretch[lost + 1 :]):
                    assert (finding.kind, finding.frame) == ("missing step", lost)
                    about = float(finding.message.split("about ")[1].removeprefix("ISO ").removeprefix("f/").removesuffix(" EV"))
                    assert abs(forward(about) - forward(stretch[lost])) < 0.2
                    named += 1
    assert named >= 0.95 * tried


@given(
    name=st.sampled_from(sorted(ATTRIBUTES)), count=st.integers(5, 60), start=st.floats(0, 0.4), step=st.floats(0.02, 1),
    lost=st.sets(st.integers(1, 58), max_size=3), falls=st.booleans(),
)  # fmt: skip
def test_any_even_grid(name: str, count: int, start: float, step: float, lost: set[int], falls: bool) -> None:
    attribute = ATTRIBUTES[name]
    low, high = (attribute.scale.forward(value) for value in (attribute.low, attribute.high))
    if attribute.scale.period:
        low, high = -180.0, 180.0
    grid = low + (high - low) * (start + (0.6 * step / (count - 1)) * np.arange(count))
    values = [attribute.scale.inverse(float(x)) for x in grid]
    assert odd(name, values) == []
    lost = {index for index in lost if index < count - 1}
    kept = [value for index, value in enumerate(values) if index not in lost]
    assume(lost and len(kept) - 1 >= 3 * 2 * len(lost))
    found = odd(name, kept[::-1] if falls else kept)
    assert [finding.kind for finding in found] == ["missing step"]
    about = "about " if name in ("iso", "aperture", "exposure") else ""
    assert found[0].message.endswith(f"leave out {', '.join(about + attribute.spell(values[index]) for index in sorted(lost))}")


@pytest.mark.parametrize(
    ("attribute", "values", "says"),
    [
        ("rotation_z", [-30, -20, -10, 10, 20, 30], "steps of 10° in rotation about the vertical axis leave out 0°"),
        ("rotation_z", [330, 340, 350, 10, 20, 30], "leave out 0°"),
        ("rotation_z", [150, 160, 170, -170, -160, -150, -140], "leave out 180°"),
        ("white_balance", [3000, 3500, 4000, 5000, 5500, 6000], "steps of 500 K in white balance leave out 4500 K"),
        ("light_intensity", [10, 20, 40, 80, 640, 1280], "steps of 1 stop in light intensity leave out 160 lm, 320 lm"),
        ("iso", [100, 200, 400, 1600, 3200], "steps of 1 stop in ISO leave out about ISO 800"),
        ("exposure", [-3, -2, -1, 0, 1, 2, 3, 7], "steps of 1 EV in exposure leave out about 4 EV, about 5 EV, about 6 EV"),
        ("translation_x", [float(x) for x in range(20) if x not in range(8, 16)], "8 cm, 9 cm, 10 cm, 11 cm, 12 cm and 3 more"),
    ],
)
def test_missing_steps_are_named(attribute: str, values: list[float], says: str) -> None:
    (finding,) = odd(attribute, values)
    assert (finding.kind, says in finding.message) == ("missing step", True), finding.message


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("rotation_z", [-180, -90, 0, 90, 180]),
        ("rotation_z", [0, 45, 90, 135, 180, 225, 270, 315]),
        ("rotation_z", [1, 7, 8, 20, 33, 41, 60]),
        ("white_balance", [2800, 3200, 4000, 5200, 6000, 7000]),
        ("iso", [100, 200]),
        ("iso", [100, 800, 6400]),
        ("light_intensity", [100, 200, 300, 400, 500]),
        ("expression_smile", [-10, -10, -5, 0, 5, 5, 10]),
    ],
)
def test_nothing_odd(attribute: str, values: list[float]) -> None:
    assert odd(attribute, values) == []


def test_order() -> None:
    found = odd("iso", [100, 200, 800, 400, 1600])
    assert [(finding.kind, finding.frame) for finding in found] == [("order", 3)]
    assert str(found[0]) == "s, frame 3: the frames are not in the order of their ISO: ISO 400 after ISO 800 (1 of 4 steps go back)"
    assert [finding.frame for finding in odd("exposure", [3, 2, 1, 2, 0])] == [3]
    assert odd("rotation_z", [160, 170, 180, -170, -160]) == []
    shuffled = np.random.default_rng(1).permutation(20)
    assert [finding.kind for finding in odd("rotation_z", (shuffled * 10.0).tolist())] == ["order"]
    assert [finding.kind for finding in odd("iso", (100 * 2.0**shuffled).tolist())] == ["order"]


def test_a_grid_of_two_attributes_has_no_order() -> None:
    iso, aperture = (part.ravel() for part in np.meshgrid([100.0, 200, 400, 800], [2, 2.8, 4, 5.6]))
    mixed = np.random.default_rng(0).permutation(16)
    assert list(value_findings("s", {"iso": iso[mixed], "aperture": aperture[mixed]})) == []
    found = list(value_findings("s", {"iso": 100 * 2 ** np.array([0.0, 1, 2, 4, 5]), "exposure": np.zeros(5)}))
    assert [(finding.kind, finding.frame) for finding in found] == [("missing step", 3)]


SWEEP = np.arange(13.0) - 6


def saturated(ev: np.ndarray) -> np.ndarray:
    """Mean of a scene of 12 stops, clipped at white."""
    scene = np.exp2(np.linspace(-9, 3, 400))
    return np.minimum(scene[None] * np.exp2(ev)[:, None] * 0.2, 1).mean(1)


COURSES = {
    "exposure": saturated(SWEEP),
    "white_balance": np.full(13, 0.2),
    "iso": 0.01 * 2.0 ** (np.arange(13) / 2),
    "rotation_z": 0.2 + 0.06 * np.sin(np.linspace(0, 5, 13)),
}


@pytest.mark.parametrize("attribute", COURSES)
@pytest.mark.parametrize("falls", [False, True])
def test_smooth_courses_are_left_alone(attribute: str, falls: bool) -> None:
    position = np.arange(13.0)
    course = COURSES[attribute][::-1] if falls else COURSES[attribute]
    assert jumps(position, course) == []
    assert jumps(position[:4], np.array([0.1, 0.9, 0.1, 0.9])) == []
    assert jumps(np.zeros(13), course) == []


@pytest.mark.parametrize("attribute", COURSES)
@pytest.mark.parametrize("ev", [-0.5, 0.5, -1.5])
def test_one_frame_half_a_stop_off(attribute: str, ev: float) -> None:
    for frame in range(1, 12):
        course = COURSES[attribute].copy()
        course[frame] *= 2.0**ev
        found = jumps(np.arange(13.0), course)
        assert [jump.at for jump in found] == [frame], (frame, found)
        assert found[0].ev == pytest.approx(ev, abs=0.25)


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.sampled_from([0.0, 1e-9, 0.01, 0.5, 1.0])), max_size=12),
    st.lists(st.sampled_from([0.0, 1.0]), max_size=6),
)
def test_anything_has_an_answer(frames: list[tuple[float, float]], same: list[float]) -> None:
    """Repeated values, black and white frames, any order of size: named frames exist, each once."""
    frames = sorted([*frames, *((0.0, level) for level in same)])
    found = jumps(np.array([x for x, _ in frames], np.float64), np.array([level for _, level in frames], np.float64))
    assert all(0 <= jump.at < len(frames) and math.isfinite(jump.ev) for jump in found)
    assert len({jump.at for jump in found}) == len(found)


def test_a_change_that_stays_and_an_odd_end() -> None:
    values = {"rotation_z": np.arange(12) * 5.0}
    level = np.full(12, 0.2)
    level[7:] = 0.3
    (found,) = luminance_findings("s", values, level)
    assert (found.frame, found.kind) == (7, "exposure jump")
    assert found.message == "its brightness jumps: 0.58 EV brighter than the frames beside it let expect"
    level = np.full(12, 0.2)
    level[0] = 0.1
    (found,) = luminance_findings("s", values, level)
    assert (found.frame, "1.00 EV darker" in found.message) == (0, True)
    assert list(luminance_findings("s", values, np.full(12, np.nan))) == []


def test_shuffled_frames_and_grids_are_put_in_line() -> None:
    mixed = np.random.default_rng(3).permutation(13)
    values = 100 * 2.0 ** mixed.astype(float)
    level = saturated(mixed - 6.0)
    assert list(luminance_findings("s", {"iso": values}, level)) == []
    level[4] *= 0.5
    assert [finding.frame for finding in luminance_findings("s", {"iso": values}, level)] == [4]
    iso, turn = (part.ravel() for part in np.meshgrid(2.0 ** np.arange(5) * 100, np.arange(6) * 10.0))
    level = iso / 6400
    assert list(luminance_findings("s", {"iso": iso, "rotation_z": turn}, level)) == []
    level[12] *= 2
    assert [finding.frame for finding in luminance_findings("s", {"iso": iso, "rotation_z": turn}, level)] == [12]


def test_a_simulated_camera(tmp_path: Path) -> None:
    """A clean sweep of real development raises nothing; one frame of it half a stop brighter is named."""
    run = CliRunner().invoke
    assert run(simulate, ["--out", str(tmp_path / "dng"), "--vary", "exposure", "--size", "96", "64", "--frames", "9"]).exit_code == 0
    done = run(ingest, [str(tmp_path / "dng"), "--out", str(tmp_path / "series")])
    assert done.exit_code == 0, done.output
    (folder,) = (path for path in (tmp_path / "series").iterdir() if path.is_dir())
    series = read_series(folder)
    values = {"exposure": np.array([frame.values["exposure"] for frame in series.frames])}
    pictures = [decode_rgb((folder / frame.file).read_bytes()) for frame in series.frames]
    level = np.array([luminance(rgb) for rgb in pictures])
    assert [*value_findings("s", values), *luminance_findings("s", values, level)] == []
    brighter = level.copy()
    brighter[3] *= 2**0.5
    assert [finding.frame for finding in luminance_findings("s", values, brighter)] == [3]


def write(root: Path, name: str, values: list[float], shots: list[tuple[int, float]], attribute: str = "rotation_z") -> None:
    """A series whose frames are (number of a noise picture, brightness): equal shots are equal bytes."""
    with SeriesWriter(root / name, {}, {}) as writer:
        for index, (seed, level) in enumerate(shots):
            rgb = np.random.default_rng(seed).integers(100, 141, (8, 8, 3)) * level
            writer.staging_path(index, "png").write_bytes(encode_png(rgb.astype(np.uint8)))
            writer.commit(index, {attribute: values[index]}, extension="png")
        writer.finish(source="blender", scene={"asset": name}, object="thing", varies=(attribute,))


def test_findings_of_a_dataset(tmp_path: Path) -> None:
    angles = [-180.0, -90.0, 0.0, 90.0, 180.0]
    root = tmp_path / "series"
    write(root, "clean", angles, [(0, 1), (1, 1), (2, 1), (3, 1), (0, 1)])  # -180 and 180 degrees are one pose
    write(root, "stuck", angles, [(10, 1), (11, 1), (11, 1), (11, 1), (14, 1)])
    write(root, "taken", angles, [(20, 1), (1, 1), (2, 1), (23, 1), (24, 1)])
    write(root, "flash", angles, [(30, 1), (31, 1), (32, 1.7), (33, 1), (34, 1)])
    write(root, "mixed", [0.0, 90.0, 45.0, 135.0, 180.0], [(40 + k, 1) for k in range(5)])
    dataset = build_dataset(tmp_path)
    found = {(finding.series, finding.frame, finding.kind): finding.message for finding in findings(dataset)}
    first, second = sorted(["clean", "taken"], key=dataset.series["series"].tolist().index)
    assert set(found) == {
        ("stuck", 2, "copies"), (second, 1, "copies"), ("flash", 2, "exposure jump"), ("mixed", 2, "order"),
    }  # fmt: skip
    assert found["stuck", 2, "copies"] == (
        "it is the same picture, byte for byte, as frame 1, but says 0° instead of -90°; so do 1 frames more"
    )
    assert found[second, 1, "copies"] == f"it is the same picture, byte for byte, as frame 1 of {first} and 1 more like that"


def test_a_build_that_did_not_decode_says_so_once(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / "series", f"s{number}", [0.0, 1, 2, 3, 4], [(10 * number + k, 1) for k in range(5)])
    dataset = build_dataset(tmp_path, decode=False)
    assert [(finding.series, finding.frame, finding.kind, finding.message) for finding in findings(dataset)] == [
        ("", None, "not checked", "the build did not decode 15 of 15 frames, so their exposure was not checked")
    ]
