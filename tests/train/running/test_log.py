from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cat_dataset.errors import UsageError
from train.running.log import FILES, RunLog, check_loggers


def test_lines_beyond_the_step_and_torn_ones_are_dropped(tmp_path: Path) -> None:
    log = RunLog(tmp_path, [], 0, {})
    for step in (1, 2, 3):
        log.write("log", step, {"loss": 0.5 / step})
    log.close()
    whole = (tmp_path / "log.jsonl").read_text()
    with open(tmp_path / "log.jsonl", "a", encoding="utf-8") as stream:
        stream.write('not a line\n[4]\n{"step": "x"}\n{"loss": 1}\n{"step": 4, "lo')
    RunLog(tmp_path, [], 3, {})
    assert (tmp_path / "log.jsonl").read_text() == whole
    RunLog(tmp_path, [], 2, {}).write("log", 3, {"loss": 0.5 / 3})
    assert (tmp_path / "log.jsonl").read_text() == whole
    RunLog(tmp_path, [], 0, {})
    assert [(tmp_path / f"{name}.jsonl").read_bytes() for name in FILES] == [b""] * 3


def test_numbers_that_json_lacks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        RunLog(tmp_path, [], 0, {}).write("log", 1, {"loss": float("nan")})


def test_a_logger_that_is_not_installed_is_one_line() -> None:
    with pytest.raises(UsageError, match=r'^--log-to no_such_logger needs no_such_logger: pip install "cat-dataset\[logging\]"'):
        check_loggers(["json", "no_such_logger"])


def test_tensorboard_has_the_same_numbers(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for first, steps in ((0, (1, 2, 3)), (2, (3, 4))):  # stopped after a checkpoint at step 2, and gone on with
        log = RunLog(tmp_path, ["tensorboard"], first, {})
        for step in steps:
            log.write("log", step, {"loss": step + first / 10})
        log.write("validation", steps[-1], {"attributes": {"iso": {"psnr": 20.0, "spearman": None}}})
        log.picture(steps[-1], "edits", np.zeros((4, 6, 3), np.uint8))
        log.close()
    found = EventAccumulator(str(tmp_path / "tensorboard"))
    found.Reload()
    assert sorted(found.Tags()["scalars"]) == ["train/loss", "validation/attributes/iso/psnr"]
    assert found.Tags()["images"] == ["edits"]
    kept = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["loss"]) for line in kept] == [(1, 1.0), (2, 2.0), (3, 3.2), (4, 4.2)]
    assert [(s.step, round(s.value, 4)) for s in found.Scalars("train/loss")] == [(1, 1.0), (2, 2.0), (3, 3.2), (4, 4.2)]
