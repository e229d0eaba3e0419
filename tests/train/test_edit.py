from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cat_dataset.errors import AdapterError, CatError, UsageError
from cat_dataset.images import decode_rgb, encode_png
from cat_dataset.instructions import Edit
from cat_dataset.manifests import Dataset
from train.config import TrainConfig
from train.edit import Editor, app
from train.run import train
from train.running.checkpoint import checkpoints


@pytest.fixture(scope="module")
def adapter(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapter") / "run"
    return train(TrainConfig.of(shards=str(dataset.manifests), base="nano", size=16, batch=2, max_steps=3, threads=1, out=str(folder)))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(encode_png(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)))
    return path


def call(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output


def test_one_edit_keeps_the_size(adapter: Path, picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    status, text = call(picture, "Rotate the car by 30 degrees about the vertical axis", "--adapter", adapter, "--out", out)
    assert status == 0, text
    assert decode_rgb(out.read_bytes()).shape == (40, 60, 3)


def test_a_sweep_is_a_strip_of_source_and_edits(adapter: Path, picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "strip.png"
    words = ["Increase the ISO by 1 stops", "--adapter", adapter, "--sweep", "-2", "2", "5", "--out", out]
    status, text = call(picture, *words)
    assert status == 0, text
    assert decode_rgb(out.read_bytes()).shape[1] >= 6 * 240


def test_natural_units_need_the_source_value(adapter: Path, picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    status, text = call(picture, "Increase the ISO by 1600", "--adapter", adapter, "--out", out)
    assert status == 2 and "--from iso=VALUE" in text
    assert not out.exists()
    status, text = call(picture, "Increase the ISO by 1600", "--adapter", adapter, "--from", "iso=400", "--out", out)
    assert status == 0, text


def test_several_edits_in_either_order_agree(adapter: Path) -> None:
    editor = Editor(adapter)
    source = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    turn, brighten = Edit("rotation_z", 20.0, "car"), Edit("iso", 1.0, relative=True)
    one, two = editor.edit(source, [[turn, brighten]])[0], editor.edit(source, [[brighten, turn]])[0]
    assert np.abs(one.astype(int) - two).max() <= 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["Increase the exposure by 1 EV"], "has not learned exposure"),
        (["Make it nicer"], "cannot read the instruction"),
        (["Increase the ISO by 1 stops", "--from", "iso"], "say it like --from iso=400"),
        (["Increase the ISO by 1 stops", "--out", "x.jpg"], "ends in .png"),
        (["Increase the ISO by 1 stops", "--sweep", "0", "1", "1"], "needs 2 to 200"),
        (["Increase the ISO by 1 stops", "--sweep", "-inf", "1", "3"], "finite distance"),
        (["Increase the ISO by 1 stops", "--sweep", "-1e300", "1e300", "3"], "cannot change by"),
        (["Increase the ISO by " + "9" * 300 + " stops"], "cannot change by"),
        (["Increase the ISO by 1 stop; increase the ISO by 2 stops"], "each attribute once"),
        (["Increase the ISO by 1", "--from", "iso=400", "--from", "iso=800"], "given twice"),
    ],
)
def test_a_wrong_request_is_one_line(adapter: Path, picture: Path, words: list[str], message: str) -> None:
    status, text = call(picture, words[0], "--adapter", adapter, *words[1:])
    assert status == 2
    assert message in text


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about.pop("options"),
        lambda about: about.update(tasks=3),
        lambda about: about.update(tasks={"iso": 9999}),
        lambda about: about.update(size="64"),
    ],
)
def test_a_tampered_adapter_is_refused(adapter: Path, tmp_path: Path, change: Callable[[dict[str, object]], object]) -> None:
    copy = tmp_path / "adapter"
    shutil.copytree(checkpoints(adapter)[-1] / "adapter", copy)
    about = json.loads((copy / "adapter.json").read_text(encoding="utf-8"))
    change(about)
    (copy / "adapter.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(AdapterError, match=r"adapter\.json is not what this trainer writes|another registry"):
        Editor(copy)


@pytest.mark.parametrize("size", [0, -8, 63, "64", 10**9])
def test_a_tampered_nano_is_refused(adapter: Path, tmp_path: Path, size: object) -> None:
    copy = tmp_path / "adapter"
    shutil.copytree(checkpoints(adapter)[-1] / "adapter", copy)
    about = json.loads((copy / "adapter.json").read_text(encoding="utf-8"))
    about["base_about"]["shape"]["size"] = size
    (copy / "adapter.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(CatError):
        Editor(copy)


def test_unusable_files_are_named(adapter: Path, picture: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.png"
    cut.write_bytes(picture.read_bytes()[:300])
    for path, message in ((cut, "cut.png"), (tmp_path / "no.png", "does not exist")):
        status, text = call(path, "Increase the ISO by 1 stops", "--adapter", adapter)
        assert status == 2 and message in text
    with pytest.raises(AdapterError, match="does not exist"):
        Editor(tmp_path / "no_run")
    with pytest.raises(UsageError):
        Editor(adapter).edit(np.zeros((16, 16, 3), np.uint8), [[Edit("aperture", 1.0)]])
