"""Samples by name and by time: what a time budget comes to is settled once, whoever asks and however often."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.errors import InputError, UsageError
from cat_dataset.series import read_series
from render.blender.picture.quality import LADDER, QUALITIES, affordable, record, samples_of, settle, settled
from render.blender.rotate import parser
from tests.render.runs import TINY, error_lines, in_turn, rotate

NO_SAMPLES = [flag for flag in TINY if flag != "--samples"]
NO_SAMPLES.remove("1")  # its value


def test_without_a_denoiser_a_quality_takes_more() -> None:
    assert [samples_of(name, denoise=True) for name in QUALITIES] == [16, 64, 256]
    assert [samples_of(name, denoise=False) for name in QUALITIES] == [64, 256, 1024]


@given(st.floats(0.001, 2), st.floats(1e-5, 0.1), st.floats(0.01, 1000))
def test_the_samples_of_a_time_budget_fit_and_the_next_number_would_not(fixed: float, each: float, budget: float) -> None:
    seconds = {samples: fixed + samples * each for samples in (2, 8, 32)}
    try:
        chosen = affordable(budget, seconds)
    except UsageError:
        assert fixed + each > 0.999 * budget
        return
    assert fixed + chosen * each <= 1.001 * budget
    assert chosen == LADDER[-1] or fixed + LADDER[LADDER.index(chosen) + 1] * each > 0.999 * budget


def test_a_machine_too_fast_to_measure_gets_the_most() -> None:
    assert affordable(1.0, {2: 0.1, 8: 0.1}) == LADDER[-1]
    assert affordable(1.0, {2: 0.11, 8: 0.1}) == LADDER[-1]
    assert list(LADDER) == sorted(set(LADDER))


def test_whoever_settles_first_is_right(tmp_path: Path) -> None:
    path = record(tmp_path, 2.0, 64, "cpu", True)
    assert settled(path) is None
    offers, taken = LADDER[:16], []
    threads = [threading.Thread(target=lambda offer=offer: taken.append(settle(path, offer))) for offer in offers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 16
    assert len(set(taken)) == 1
    assert settled(path) == taken[0]
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert record(tmp_path, 2.0, 64, "cpu", False) != path != record(tmp_path, 2.001, 64, "cpu", True)


@pytest.mark.parametrize("content", ["{}", "[]", '{"samples": 0}', '{"samples": 2.0}', '{"samples": true}', "x", '{"samples": 5}'])
def test_a_record_that_is_not_ours_is_refused(tmp_path: Path, content: str) -> None:
    path = record(tmp_path, 2.0, 64, "cpu", True)
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="delete it"):
        settled(path)


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--quality", "draft", "--samples", "3"], "not allowed with"),
        (["--time-budget", "2", "--quality", "draft"], "not allowed with"),
        (["--time-budget", "0"], "outside 0.001 to 86400"),
        (["--time-budget", "nan"], "outside 0.001 to 86400"),
        (["--time-budget", "soon"], "is not a number"),
    ],
)
def test_flags_that_contradict_are_refused(flags: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parser().parse_args(flags)


def test_a_time_budget_is_measured_once_and_kept(tmp_path: Path) -> None:
    flags = [*NO_SAMPLES, "--states", 2, "--out", tmp_path]
    first = rotate(*flags, "--time-budget", 2)
    assert first.returncode == 0, first.stderr
    samples = read_series(tmp_path / "rotate_z-car-studio-v00").constants["samples"]
    assert samples in LADDER
    assert settled(record(tmp_path, 2.0, 64, "cpu", True)) == samples
    assert f"2: {samples} samples" in first.stdout

    kept = 3 if samples != 3 else 2  # had it measured again, it would not come to this
    record(tmp_path, 2.0, 64, "cpu", True).write_text(f'{{"samples": {kept}}}', encoding="utf-8")
    later = [*flags, "--time-budget", 2]
    other, conflict, hopeless = in_turn(
        [["rotate", *later, "--first-view", 1], ["rotate", *later], ["rotate", *flags, "--time-budget", 0.001]]
    )
    assert other.returncode == 0, other.stderr
    assert read_series(tmp_path / "rotate_z-car-studio-v01").constants["samples"] == kept
    assert conflict.returncode == 2
    assert f"was made with samples = {samples}, not {kept}" in error_lines(conflict)[0]
    assert hopeless.returncode == 2
    assert "a frame of one sample takes" in error_lines(hopeless)[0]
