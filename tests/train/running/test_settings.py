from __future__ import annotations

from pathlib import Path

import pytest

from cat_dataset.errors import AdapterError, UsageError
from train.config import TrainConfig, parse_config
from train.running.settings import CONFIG_FILE, check_settings, keep_settings

CONFIG = TrainConfig.of(shards="a", batch=4, max_steps=9, rank=8, learning_rate=3e-4)


def test_what_is_kept_is_a_configuration(tmp_path: Path) -> None:
    keep_settings(tmp_path, CONFIG)
    again, _ = parse_config(["--config", str(tmp_path / CONFIG_FILE)])
    assert again == CONFIG
    check_settings(tmp_path, again)


def test_what_only_watches_or_moves_a_run_may_differ(tmp_path: Path) -> None:
    check_settings(tmp_path, CONFIG)  # nothing was begun here
    keep_settings(tmp_path, CONFIG)
    free = {"shards": "b", "out": "c", "max_steps": 99, "accumulate": 2, "threads": 3, "keep": 7, "log_every": 5, "validate_pairs": 9}
    check_settings(tmp_path, TrainConfig.of(**{**CONFIG.as_dict(), **free}))


def test_what_differs_is_named(tmp_path: Path) -> None:
    keep_settings(tmp_path, CONFIG)
    other = TrainConfig.of(**{**CONFIG.as_dict(), "rank": 16, "seed": 1})
    with pytest.raises(UsageError, match=r"begun with other settings: seed was 0, now 1; rank was 8, now 16; go on with --config"):
        check_settings(tmp_path, other)


def test_a_key_that_came_later_has_its_default(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text("batch: 4\nrank: 8\nlearning_rate: 0.0003\na_key_of_old: 3\n")
    check_settings(tmp_path, CONFIG)
    with pytest.raises(UsageError, match="seed was 0, now 3"):
        check_settings(tmp_path, TrainConfig.of(**{**CONFIG.as_dict(), "seed": 3}))


@pytest.mark.parametrize("content", ["batch: [", "- 1", "\x00", "!!python/object/apply:os.getcwd []", "#" * (1 << 21), "[" * 500])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / CONFIG_FILE).write_text(content)
    with pytest.raises(AdapterError, match=r"config\.yaml .*start a new run with another --out"):
        check_settings(tmp_path, CONFIG)
    (tmp_path / CONFIG_FILE).write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(AdapterError, match=r"config\.yaml cannot be read"):
        check_settings(tmp_path, CONFIG)
