"""NumeriKontrolPipeline, and docs/edit.md: its pictures are those of stock diffusers, and its code runs as it is written."""

from __future__ import annotations

import logging
import re
import runpy
import shutil
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from diffusers import FluxKontextPipeline
from PIL import Image

from cat_dataset.errors import AdapterError, InputError, Stopped, UsageError
from cat_dataset.images import encode_png
from cat_dataset.instructions import Edit
from tests.train.adapters import save_random
from train.adapter.options import AdapterOptions
from train.attention.masks import dense_mask
from train.bases.choose import open_base
from train.bases.folder import find_folder
from train.bases.nano import NanoBase, NanoShape
from train.editing.edits import values_after
from train.editing.pictures import SMALLEST, add_change, as_rgb
from train.editing.sampler import edit_latents
from train.model import EditModel
from train.pipeline import NumeriKontrolPipeline
from train.requests import Instruction

API, STOCK = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs" / "edit.md").read_text(encoding="utf-8"), re.DOTALL)
PHOTO = np.random.default_rng(5).integers(0, 256, (16, 24, 3), dtype=np.uint8)
NAMES = ("exposure", "rotation_z", "light_temperature")
TWO = [("rotation_z", 30), ("exposure", -1)]


@pytest.fixture(scope="module")
def root(tiny_kontext: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the snippets run: a photo, the base's folder, a run of it, and one of nano."""
    root = tmp_path_factory.mktemp("edit")
    shutil.copytree(tiny_kontext, root / "FLUX.1-Kontext-dev")
    base = open_base(find_folder(str(root / "FLUX.1-Kontext-dev")), size=20)
    save_random(root / "runs/kontext-001/checkpoints/step-010000/adapter", base, *NAMES)
    save_random(root / "runs/nano-001/checkpoints/step-000001/adapter", NanoBase(NanoShape(size=16)), *NAMES)
    (root / "photo.png").write_bytes(encode_png(PHOTO))
    return root


@pytest.fixture(scope="module")
def kontext(root: Path) -> NumeriKontrolPipeline:
    return NumeriKontrolPipeline.from_pretrained(root / "runs/kontext-001")


@pytest.fixture(scope="module")
def nano(root: Path) -> NumeriKontrolPipeline:
    return NumeriKontrolPipeline.from_pretrained(root / "runs/nano-001")


@pytest.fixture(scope="module")
def stock(root: Path) -> FluxKontextPipeline:
    pipe = FluxKontextPipeline.from_pretrained(str(root / "FLUX.1-Kontext-dev"))
    pipe.load_lora_weights(str(root / "runs/kontext-001/checkpoints/step-010000/adapter"))
    pipe.set_progress_bar_config(disable=True)
    return pipe


def stock_picture(pipe: FluxKontextPipeline, embeds: torch.Tensor, pooled: torch.Tensor, **more: object) -> np.ndarray:
    image = pipe(
        image=Image.fromarray(PHOTO), prompt_embeds=embeds, pooled_prompt_embeds=pooled, guidance_scale=2.5, num_inference_steps=4,
        height=16, width=24, max_area=16 * 24, _auto_resize=False, generator=torch.Generator().manual_seed(9), output_type="np", **more,
    ).images[0]  # fmt: skip
    return np.asarray((image * 255).round(), dtype=int)


def test_without_numbers_it_is_the_stock_pipeline(kontext: NumeriKontrolPipeline, stock: FluxKontextPipeline) -> None:
    words, pooled, _ = stock.encode_prompt("make it snow", None, max_sequence_length=128)
    ours = kontext(PHOTO, prompt="make it snow", steps=4, seed=9, output="np")
    assert np.abs(ours - stock_picture(stock, words, pooled)).max() <= 1
    other, pooled, _ = stock.encode_prompt("Increase the exposure", None, max_sequence_length=128)
    assert np.abs(ours - stock_picture(stock, other, pooled)).max() > 1


def test_two_numbers_in_stock_diffusers_with_a_mask(kontext: NumeriKontrolPipeline, stock: FluxKontextPipeline, root: Path) -> None:
    parts = [stock.encode_prompt(text, None, max_sequence_length=128) for text in ("Increase the exposure", "Turn it")]
    words, pooled = torch.cat([part[0] for part in parts], dim=1), torch.stack([part[1] for part in parts]).mean(0)
    numbers = kontext.model.adapter.projector(torch.tensor([[0.25, 0.4]]), torch.tensor([[4, 10]]))
    keys = torch.ones(1, 2 + words.shape[1] + 2 * 24, dtype=torch.bool)
    with torch.no_grad():
        embeds = torch.cat([numbers, words], dim=1)
        theirs = stock_picture(stock, embeds, pooled, joint_attention_kwargs={"attention_mask": dense_mask("blind", 2, keys)})
    told = Instruction(tasks=(4, 10), numbers=(0.25, 0.4), parts=("Increase the exposure", "Turn it"))
    latents = edit_latents(kontext.model, kontext.base.to_latents([PHOTO]), [told], (4, 6), steps=4, seed=9)
    assert np.abs(kontext.base.to_pictures(latents, 16, 24)[0] - theirs).max() <= 1


def test_the_stock_snippet_gives_our_picture(kontext: NumeriKontrolPipeline, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    diffusers.utils.logging.set_verbosity_warning()
    ear = Listener(logging.WARNING)
    logging.getLogger("diffusers").addHandler(ear)
    monkeypatch.chdir(root)
    (root / "stock_snippet.py").write_text(STOCK, encoding="utf-8")
    runpy.run_path("stock_snippet.py", run_name="__main__")
    logging.getLogger("diffusers").removeHandler(ear)
    diffusers.utils.logging.set_verbosity_error()
    assert [line for line in said if not line.startswith("No LoRA keys associated to CLIPTextModel found")] == []
    theirs = np.asarray(Image.open("stock.png"), dtype=int)
    assert np.abs(kontext("photo.png", [("exposure", 1)], output="np") - theirs).max() <= 1
    assert np.abs(kontext("photo.png", [("exposure", -1)], output="np") - theirs).max() > 1


def test_the_first_snippet(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    (root / "snippet.py").write_text(API, encoding="utf-8")
    names = runpy.run_path("snippet.py", run_name="__main__")
    assert np.array_equal(names["picture"], names["same"])
    assert len(names["strip"]) == 5 and names["first"] != names["second"]
    assert Image.open("edited.png").size == (24, 16)


@pytest.mark.parametrize("name", ["kontext", "nano"])
def test_several_edits_in_any_order_are_the_same_bytes(name: str, request: pytest.FixtureRequest) -> None:
    pipe: NumeriKontrolPipeline = request.getfixturevalue(name)
    one, two = (pipe(PHOTO, edits, steps=2, output="np") for edits in (TWO, TWO[::-1]))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, pipe(PHOTO, TWO[:1], steps=2, output="np"))


def test_a_sweep_is_its_pictures(kontext: NumeriKontrolPipeline) -> None:
    strip = kontext.sweep(PHOTO, "exposure", np.linspace(-2, 2, 3), edits="Rotate the cup by 20 degrees about the vertical axis", steps=2)
    for exposure, picture in zip((-2, 0, 2), strip, strict=True):
        alone = kontext(PHOTO, [("exposure", exposure), Edit("rotation_z", 20, "cup")], steps=2, output="np")
        assert np.abs(np.asarray(picture, dtype=int) - alone).max() <= 1
    assert kontext.sweep(PHOTO, "exposure", []) == []


@pytest.mark.parametrize("name", ["kontext", "nano"])
def test_a_chain_rounds_nothing(name: str, request: pytest.FixtureRequest) -> None:
    """The second link starts from the latents of the first."""
    pipe: NumeriKontrolPipeline = request.getfixturevalue(name)
    told: list[tuple[int, int]] = []
    first, second = pipe.chain(PHOTO, [[TWO[0]], [TWO[1]]], steps=2, output="np", progress=lambda *done: told.append(done))
    assert np.array_equal(first, pipe(PHOTO, [TWO[0]], steps=2, output="np"))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    small = pipe.base.fit(PHOTO)
    grid, latents = pipe.base.grid(*small.shape[:2]), pipe.base.to_latents([small])
    for asked in TWO:
        latents = edit_latents(pipe.model, latents, [pipe.instruction([Edit(*asked)], {})], grid, steps=2)
        latents = latents.clamp(-1, 1) if name == "nano" else latents
    (wanted,) = pipe.base.to_pictures(latents, *small.shape[:2])
    assert np.array_equal(second, wanted if name == "kontext" else add_change(PHOTO, small, wanted))
    assert not np.array_equal(second, pipe(first, [TWO[1]], steps=2, output="np"))


def test_a_chain_moves_the_values() -> None:
    edits = [Edit("iso", 1.0, relative=True), Edit("rotation_z", 20.0), Edit("exposure", 1)]
    values = values_after({"iso": 400.0, "rotation_z": 350.0}, edits)
    assert values == {"iso": pytest.approx(800.0), "rotation_z": pytest.approx(10.0)}
    assert values_after(values, [Edit("iso", 400.0)])["iso"] == pytest.approx(1200.0)


def test_nano_adds_its_change_to_a_larger_picture() -> None:
    """Fresh nano predicts the source: at any size the picture comes back as it was, detail and all."""
    pipe = NumeriKontrolPipeline(EditModel(NanoBase(NanoShape(size=16)), AdapterOptions()), {"tasks": {"exposure": 4}})
    large = np.random.default_rng(1).integers(0, 256, (123, 457, 3), dtype=np.uint8)
    assert np.array_equal(pipe(large, [("exposure", 1)], output="np"), large)


def test_a_picture_in_any_form_is_the_same_picture(kontext: NumeriKontrolPipeline, root: Path) -> None:
    lying = Image.Exif()
    lying[0x0112] = 8
    turned = Image.fromarray(np.rot90(PHOTO, -1))  # EXIF 8: to be turned a quarter anticlockwise
    turned.save(root / "turned.png", exif=lying)
    paths = [root / "photo.png", root / "turned.png"]
    for form in [*paths, str(paths[0]), Image.fromarray(PHOTO), PHOTO / 255, Image.open(paths[1])]:
        assert np.array_equal(as_rgb(form), PHOTO), form
    deep = Image.fromarray((PHOTO[..., 0].astype(np.uint16) << 8) + 3)
    assert np.array_equal(as_rgb(deep), as_rgb(PHOTO[..., 0]))
    assert kontext(Image.fromarray(PHOTO[:, :18]), TWO, steps=1).size == (18, 16)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 1), "needs at least 16"),
        ((SMALLEST - 1, 40), "needs at least 16"),
        ((20_000, 16), "more than 8 times"),
        ((20_000, 20_000), "more than the"),
    ],
)
def test_sizes_that_cannot_be_edited_are_one_line(nano: NumeriKontrolPipeline, shape: tuple[int, int], message: str) -> None:
    picture = np.broadcast_to(np.zeros(3, np.uint8), (*shape, 3))
    with pytest.raises(InputError, match=message):
        nano(picture, TWO)


@pytest.mark.parametrize(
    ("edits", "how", "message"),
    [
        ([("iso", 1)], {}, "has not learned iso"),
        ([("exposure", 1), "Increase the exposure by 1 EV"], {}, "each attribute once"),
        ([("exposure", float("nan"))], {}, "cannot change by"),
        ([("exposure", "1")], {}, "changes by a number"),
        (["exposure"], {}, "cannot read the instruction"),
        ([3], {}, "an edit is a sentence or"),
        ([("light_temperature", -1200)], {}, "needs the light temperature"),
        ([("exposure", 1)], {"values": {"fluff": 1}}, "unknown attribute"),
        ([], {}, "nothing to edit"),
        (TWO, {"steps": 0}, "steps must be"),
        (TWO, {"seed": -1}, "seed must be"),
        (TWO, {"guidance": float("inf")}, "guidance must be"),
        (TWO, {"output": "jpg"}, "output must be"),
        (TWO, {"prompt": "make it snow"}, "knows no words"),
    ],
)
def test_what_cannot_be_asked_is_one_line(nano: NumeriKontrolPipeline, edits: list[object], how: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        nano(PHOTO, edits, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "picture", [3, np.zeros((16, 16, 4), np.uint8), np.full((16, 16, 3), 2.0), np.full((16, 16, 3), np.nan), np.zeros((16, 16, 3), int)]
)
def test_what_is_no_picture_is_one_line(nano: NumeriKontrolPipeline, picture: object) -> None:
    with pytest.raises(UsageError, match="to edit"):
        nano(picture, TWO)  # type: ignore[arg-type]


def test_cancelling(nano: NumeriKontrolPipeline) -> None:
    with pytest.raises(Stopped):
        nano(PHOTO, TWO, cancel=lambda: True)


def test_fused_lora_is_the_same_picture(root: Path, kontext: NumeriKontrolPipeline) -> None:
    fused = NumeriKontrolPipeline.from_pretrained(root / "runs/kontext-001", fuse=True)
    layers = [module for module in fused.model.transformer.modules() if hasattr(module, "merged")]
    assert layers and all(layer.merged for layer in layers)
    assert np.abs(fused(PHOTO, TWO, steps=2, output="np").astype(int) - kontext(PHOTO, TWO, steps=2, output="np")).max() <= 1


def test_a_package_without_an_adapter_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.editing.shipped.files", lambda _: tmp_path)
    with pytest.raises(AdapterError, match="no adapter ships"):
        NumeriKontrolPipeline.from_pretrained()


def test_a_base_that_has_moved_is_found(root: Path, tiny_kontext: Path, tmp_path: Path, kontext: NumeriKontrolPipeline) -> None:
    shutil.copytree(root / "runs/kontext-001/checkpoints/step-010000/adapter", tmp_path / "adapter")
    about = (tmp_path / "adapter/adapter.json").read_text(encoding="utf-8")
    (tmp_path / "adapter/adapter.json").write_text(about.replace("FLUX.1-Kontext-dev", "gone"), encoding="utf-8")
    moved = NumeriKontrolPipeline.from_pretrained(tmp_path / "adapter", tiny_kontext)
    assert np.array_equal(moved(PHOTO, TWO, steps=1, output="np"), kontext(PHOTO, TWO, steps=1, output="np"))
