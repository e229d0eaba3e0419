"""Small parts of the judgement: shared crop, brightness by blocks, bands."""

from __future__ import annotations

import numpy as np
import pytest

from capture.proving.banding import _wave
from capture.proving.blur_law import _backwards
from capture.proving.brightness import brightness
from capture.proving.coarse import log_gradient
from capture.proving.crop import shared_crop
from capture.proving.noise_law import _shared_texture
from capture.proving.proof import Check, Verdict, worst


def test_the_shared_crop_is_seen_by_all() -> None:
    size = (100, 60)
    assert shared_crop([], size) == (0, 0, 100, 60)
    transforms = [(1, 0, 4.0, 0, 1, -3.0), (1, 0, -2.5, 0, 1, 0.0), (0.99, 0.01, 0.0, -0.01, 0.99, 0.5)]
    left, top, width, height = shared_crop(transforms, size)
    assert width * height > 0.8 * size[0] * size[1]
    for transform in transforms:
        matrix = np.array(transform).reshape(2, 3)
        for x in (left, left + width - 1):
            for y in (top, top + height - 1):
                at = matrix @ (x, y, 1)
                assert 0 <= at[0] <= size[0] - 1
                assert 0 <= at[1] <= size[1] - 1


def reports(evs: list[float], scene: np.ndarray) -> list[dict]:
    made = []
    for ev in evs:
        light = scene * 2.0**ev
        green = [None if v > 0.9 else float(v) for v in light]
        made.append({"grid": {"rows": 8, "columns": 12, "samples": 100, "green": green}, "noise": {"slope": 1e-5, "offset": 1e-8}})
    return made


def test_brightness_is_linked_over_frames_that_share_no_block() -> None:
    scene = 2.0 ** np.random.default_rng(0).uniform(-7, -1, 96)
    truth = [-5.0, -3.0, -1.0, 1.0, 3.0, 5.0]
    found = brightness(reports(truth, scene), [ev + (ev == 3.0) * 0.5 for ev in truth])
    assert found.residual == pytest.approx([0, 0, 0, 0, -0.5, 0], abs=0.02)


def test_a_frame_without_usable_blocks_is_not_measured() -> None:
    scene = 2.0 ** np.random.default_rng(0).uniform(-4, -1, 96)
    found = brightness(reports([0.0, 1.0, 0.5, 9.0], scene), [0.0, 1.0, 0.5, 9.0])
    assert np.isfinite(found.residual).tolist() == [True, True, True, False]


def test_a_wave_is_found_and_noise_is_none() -> None:
    at = np.linspace(0, 1, 96)
    noise = np.random.default_rng(1).normal(0, 0.01, 96)
    assert _wave(0.05 * np.sin(2 * np.pi * 3 * at + 1) + 0.3 * at + noise) == pytest.approx(0.05, rel=0.25)
    assert _wave(noise) == 0
    assert _wave(np.full(96, np.nan)) == 0


def test_the_worst_of_checks() -> None:
    good, bad, open_ = (Check("a", verdict, "") for verdict in (Verdict.PROVED, Verdict.REFUSED, Verdict.UNKNOWN))
    aside = Check("b", Verdict.UNKNOWN, "", decides=False)
    assert worst([good, aside]) is Verdict.PROVED
    assert worst([good, open_]) is Verdict.UNKNOWN
    assert worst([open_, bad]) is Verdict.REFUSED
    assert worst([aside]) is Verdict.UNKNOWN


def test_gradients_do_not_depend_on_where_in_memory_they_lie() -> None:
    """OpenCV may round by the alignment of what it is given: the same command then made other bytes."""
    rng = np.random.default_rng(4)
    logs, seen = rng.normal(0, 1, (170, 255)).astype(np.float32), set()
    for _ in range(40):
        crowd = [np.ones(int(rng.integers(1, 200_000)), np.uint8) for _ in range(8)]
        seen.add(log_gradient(logs, np.ones(logs.shape, bool)).tobytes())
        del crowd
    assert len(seen) == 1


def test_texture_that_all_frames_share_is_no_noise() -> None:
    isos = [100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0]
    textured = [(iso * 1e-6 + 1.5e-4, 1e-6) for iso in isos]
    assert _shared_texture(textured, isos) == pytest.approx(1.5e-4, rel=0.05)
    assert _shared_texture([(iso * 1e-6, 1e-8) for iso in isos], isos) == 0
    false = [100.0, 400.0, 400.0, 800.0, 1600.0, 3200.0]
    assert _shared_texture(textured, false) == pytest.approx(1.5e-4, rel=0.05)
    assert _shared_texture(textured[:4], isos[:4]) == 0


def test_blur_that_grows_with_the_f_number_is_backwards() -> None:
    x = np.array([2.0, 3.0, 4.0, 5.0])
    sharper = np.outer(x - 3, np.full(10, 0.3))
    assert not _backwards(x, sharper)
    assert _backwards(x, -sharper)
    assert not _backwards(x, sharper * 0.01)
