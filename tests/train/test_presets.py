from pathlib import Path

import pytest

from cat_dataset.errors import UsageError
from train.config import TrainConfig, keys, parse_config
from train.presets import PRESETS, preset


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_flat_keys_of_their_types(name: str) -> None:
    known = keys()
    assert {key: type(value) for key, value in preset(name).items()} == {key: known[key][0] for key in preset(name)}
    flat = TrainConfig.of(preset=name).as_dict()
    assert {key: flat[key] for key in PRESETS[name]} == PRESETS[name]


def test_a_file_wins_over_the_preset_and_a_flag_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("preset: paper\nrank: 64\nunits: scale\n", encoding="utf-8")
    config, _ = parse_config(["--config", str(path), "--rank", "32", "--mask", "eq6"])
    options = config.adapter
    assert (options.rank, options.units, options.mask, options.scalar, options.wording) == (32, "scale", "eq6", "raw", "numbers")
    again = TrainConfig.of(**config.as_dict())
    assert again == config


def test_a_preset_by_flag_replaces_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("preset: paper\n", encoding="utf-8")
    config, _ = parse_config(["--config", str(path), "--preset", "kontinuous"])
    assert (config.adapter.conditioning, config.adapter.rank, config.adapter.wording) == ("kontinuous", 4, "directions")


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(UsageError, match="preset 'papr' is unknown; did you mean 'paper'"):
        TrainConfig.of(preset="papr")
