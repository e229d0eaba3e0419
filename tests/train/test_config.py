from itertools import pairwise
from pathlib import Path

import pytest

from cat_dataset.errors import CatError, InputError, UsageError
from train.config import TrainConfig, keys, parse_config


def write(folder: Path, text: str) -> list[str]:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return ["--config", str(path)]


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    config, plan = parse_config(
        [*write(tmp_path, "batch: 7\nseed: 3\nlearning_rate: 1\n"), "--batch", "9", "--attributes", "iso", "exposure"]
    )
    assert (config.batch, config.seed, config.optimising.learning_rate) == (9, 3, 1.0)
    assert config.data.zero_share == TrainConfig().data.zero_share
    assert config.data.attributes == ["iso", "exposure"]
    assert not plan


def test_every_field_is_documented() -> None:
    assert set(keys()) == {*TrainConfig().as_dict(), "resume"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bach: 7", "unknown key 'bach'; did you mean 'batch'"),
        ("batch: many", "batch must be of type int, not 'many'"),
        ("batch: true", "batch must be of type int"),
        ("attributes: iso", "attributes must be of type list"),
        ("attributes: [fluff]", "unknown attribute 'fluff'"),
        ("zero_share: 1.5", "zero_share must be in"),
        ("mirror: -0.5", "mirror must be in"),
        ("- 1\n- 2", "must hold keys and values"),
        ("a: [", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        ("weight_decay: .nan", "must be a finite number"),
        ("learning_rate: 1" + "0" * 400, "must be of type float"),
        ("learning_rate: fast", "must be of type float, not 'fast'"),
        ("seed: 2001-99-99", "not valid YAML: month"),
        ("seed: " + "9" * 5000, "not valid YAML: Exceeds the limit"),
        ("seed: 1\nseed: 2", "'seed' stands twice"),
        (
            "batch: "
            + "[&a [x, x], "
            + "".join(f"&{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}], " for a, b in pairwise("abcdefghijk"))
            + "]",
            "batch must be of type int, not [[",
        ),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CatError, match=message.replace("[", r"\[")):
        parse_config(write(tmp_path, text))


def test_numbers_are_read_as_people_write_them(tmp_path: Path) -> None:
    config, _ = parse_config(write(tmp_path, "learning_rate: 1e-4\nema: 0"))
    assert (config.optimising.learning_rate, config.optimising.ema) == (1e-4, 0.0)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        parse_config(["--config", str(tmp_path / "no.yaml")])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bach", "3"], "unrecognized arguments: --bach"),
        (["--batch", "x"], "invalid int value"),
        (["--config", ""], "is no file; check --config"),
        (["--checkpointing", "9" * 5000], "whole number from 1"),
        (["--validate-pairs", "1000000000000"], "validate_pairs must be at most 10000"),
        (["--learning-rate", "nan"], "learning_rate must be a finite number"),
        (["--seed", str(2**64)], "seed must be at most"),
        (["--threads", "1000000"], "threads must be at most 1024"),
    ],
)
def test_a_wrong_flag_is_one_line(words: list[str], message: str) -> None:
    with pytest.raises(CatError, match=message):
        parse_config(words)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="clip must be positive"):
        TrainConfig.of(clip=0.0)
