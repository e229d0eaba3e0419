from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from cat_dataset.errors import AdapterError, CatError
from cat_dataset.images import decode_rgb, encode_png
from cat_dataset.instructions import Edit
from cat_dataset.sheets import save_png
from tests.train.adapters import save_random
from train.bases.nano import NanoBase, NanoShape
from train.edit import app
from train.pipeline import NumeriKontrolPipeline


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """nano that nobody has trained."""
    return save_random(tmp_path_factory.mktemp("adapter") / "nano", NanoBase(NanoShape(size=16)), "iso", "rotation_z")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(encode_png(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)))
    return path


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cores are shared in tests, and threads that wait for each other there cost minutes."""
    monkeypatch.setattr("train.data.loader.default_threads", lambda: 1)


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


def test_flags_and_sentences_in_any_order_are_one_edit(adapter: Path, picture: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.png", tmp_path / "two.png"
    for out, words in (
        (one, ["Increase the ISO by 1 stop", "--edit", "rotation_z=-30"]),
        (two, ["--edit", "rotation_z = -30 degrees", "--edit", "iso=+1stop"]),
    ):
        status, text = call(picture, *words, "--adapter", adapter, "--out", out)
        assert status == 0, text
    assert one.read_bytes() == two.read_bytes() != picture.read_bytes()


def test_a_chain_moves_the_value_it_starts_from(adapter: Path, picture: Path, tmp_path: Path) -> None:
    """ISO 400 + 400 + 400: the second link is half a stop and a bit, not a stop, so it needs the value after the first."""
    once, chained = tmp_path / "once.png", tmp_path / "chained.png"
    words = ["--edit", "iso=400", "--edit", "rotation_z=10", "--edit", "iso=400", "--chain"]
    assert call(picture, *words, "--adapter", adapter, "--from", "iso=400", "--out", chained)[0] == 0
    pipe = NumeriKontrolPipeline.from_pretrained(adapter)
    links = [[("iso", 1, "stops")], [("rotation_z", 10)], [Edit("iso", math.log2(1200 / 800), relative=True)]]
    save_png(once, pipe.chain(picture, links, output="np")[-1])
    assert chained.read_bytes() == once.read_bytes()


def test_a_photo_comes_out_upright(adapter: Path, tmp_path: Path) -> None:
    lying = Image.Exif()
    lying[0x0112] = 6
    Image.new("RGB", (60, 40)).save(tmp_path / "lying.jpg", exif=lying)
    status, text = call(tmp_path / "lying.jpg", "--edit", "iso=1stop", "--adapter", adapter, "--out", tmp_path / "out.png")
    assert status == 0, text
    assert decode_rgb((tmp_path / "out.png").read_bytes()).shape == (60, 40, 3)


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
        (["Increase the ISO by 1 stop", "--edit", "iso"], "say it like --edit exposure=+1"),
        (["Increase the ISO by 1 stop", "--edit", "fluff=1"], "unknown attribute"),
        (["Increase the ISO by 1 stop", "--edit", "rotation_z=1 mired"], "does not change by mired; give it in degrees"),
        (["Increase the ISO by 1 stop", "--chain", "--sweep", "0", "1", "2"], "exclude each other"),
        (["Increase the ISO by 1 stop", "--guidance", "2"], "has no guidance"),
        ([""], "say what to edit"),
    ],
)
def test_a_wrong_request_is_one_line(adapter: Path, picture: Path, words: list[str], message: str) -> None:
    status, text = call(picture, words[0], "--adapter", adapter, *words[1:])
    assert status == 2
    assert message in text
    assert not Path("picture_edited.png").exists()


QUICK = """
import sys
from typer.testing import CliRunner
from train.edit import app

picture, absent = sys.argv[1:]
for words in (
    ["--help"], [picture], [picture, "Make it nicer"], [picture, "--edit", "fluff=1"], [picture, "--edit", "iso=1", "--steps", "x"],
    [absent, "--edit", "exposure=1"], [picture, "--edit", "exposure=1", "--adapter", absent],
):
    assert CliRunner().invoke(app, words).exit_code == (0 if words == ["--help"] else 2), words
slow = {"torch", "diffusers", "transformers", "matplotlib"} & set(sys.modules)
assert not slow, slow
"""


def test_help_and_slips_of_the_keyboard_do_not_wait_for_torch(picture: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", QUICK, str(picture), str(tmp_path / "no")], check=True, cwd=Path(__file__).parents[2])


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
    shutil.copytree(adapter, copy)
    about = json.loads((copy / "adapter.json").read_text(encoding="utf-8"))
    change(about)
    (copy / "adapter.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(AdapterError, match=r"adapter\.json is not what this trainer writes|another registry"):
        NumeriKontrolPipeline.from_pretrained(copy)


@pytest.mark.parametrize("size", [0, -8, 63, "64", 10**9])
def test_a_tampered_nano_is_refused(adapter: Path, tmp_path: Path, size: object) -> None:
    copy = tmp_path / "adapter"
    shutil.copytree(adapter, copy)
    about = json.loads((copy / "adapter.json").read_text(encoding="utf-8"))
    about["base_about"]["shape"]["size"] = size
    (copy / "adapter.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(CatError):
        NumeriKontrolPipeline.from_pretrained(copy)


def test_unusable_files_are_named(adapter: Path, picture: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.png"
    cut.write_bytes(picture.read_bytes()[:300])
    for path, message in ((cut, "cut.png"), (tmp_path / "no.png", "does not exist")):
        status, text = call(path, "Increase the ISO by 1 stops", "--adapter", adapter)
        assert status == 2 and message in text
    with pytest.raises(AdapterError, match="does not exist"):
        NumeriKontrolPipeline.from_pretrained(tmp_path / "no_run")
