"""An adapter on disk: what was saved comes back to the bit, or one line says why not."""

from __future__ import annotations

import json
import logging
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from diffusers import FluxKontextPipeline

from cat_dataset.errors import AdapterError
from tests.train.requests import ISO, TURN, ask, velocity
from train.adapter.options import AdapterOptions
from train.bases.nano import NanoBase, NanoShape
from train.model import EditModel
from train.model_files import LORA_FILE, PROJECTOR_FILE, load_model, save_adapter
from train.tensors import load_tensors, save_tensors

ABOUT = {"tasks": {"iso": 1, "rotation_z": 10}}


def saved(folder: Path, model: EditModel) -> Path:
    for name, parameter in model.named_parameters():
        if ".lora_" in name or name.startswith("adapter."):
            torch.nn.init.normal_(parameter, std=0.3)
    folder.mkdir(parents=True, exist_ok=True)
    save_adapter(folder, model, ABOUT)
    return folder


@pytest.fixture(scope="module")
def adapter(tiny_kontext: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of rank 4 on the tiny Kontext as it is on disk."""
    return saved(tmp_path_factory.mktemp("adapter"), on_disk(tiny_kontext, rank=4))


def on_disk(tiny_kontext: Path, **options: object) -> EditModel:
    from train.bases.choose import open_base
    from train.bases.folder import find_folder

    return EditModel(open_base(find_folder(str(tiny_kontext)), size=16), AdapterOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {"rank": 2, "source_token": True, "task_id": False},
        {"rank": 0, "scalar": "raw", "match_rms": False, "wording": "numbers", "units": "plain"},
        {"rank": 2, "conditioning": "plain", "wording": "numbers"},
        {"rank": 2, "conditioning": "kontinuous", "lora_feed_forward": True},
        {"rank": 0, "conditioning": "kontinuous-paper"},
    ],
)
@torch.no_grad()
def test_saved_and_loaded_are_equal_to_the_bit(tiny_kontext: Path, tmp_path: Path, options: dict[str, object]) -> None:
    model = on_disk(tiny_kontext, **options)
    again, about = load_model(saved(tmp_path, model))
    assert again.options == model.options and about["tasks"] == ABOUT["tasks"]
    one, two = model.state_dict(), again.state_dict()
    assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
    assert torch.equal(velocity(model.eval(), ask(ISO, TURN)), velocity(again, ask(ISO, TURN)))


@contextmanager
def no_warnings(but: str = "nothing") -> Iterator[None]:
    """Fails at any warning of Python or of diffusers' logger, unless it starts with ``but``."""
    found: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("diffusers")
    level = logger.level
    logger.setLevel(logging.WARNING)
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert [message for message in found if not message.startswith(but)] == []


@torch.no_grad()
def test_stock_diffusers_loads_the_lora_without_a_warning_and_gives_the_same(adapter: Path, tiny_kontext: Path) -> None:
    ours, _ = load_model(adapter)
    expected = velocity(ours, ask(ISO))
    pipeline = FluxKontextPipeline.from_pretrained(tiny_kontext)
    ours.base.transformer = pipeline.transformer
    untouched = velocity(ours, ask(ISO))
    assert not torch.allclose(untouched, expected, atol=1e-5)

    # diffusers says this of every LoRA that leaves the text encoder as it is.
    with no_warnings(but="No LoRA keys associated to CLIPTextModel found"):
        pipeline.load_lora_weights(adapter)
    assert sum("lora_" in name for name in pipeline.transformer.state_dict()) == len(load_tensors(adapter / LORA_FILE))
    assert torch.equal(velocity(ours, ask(ISO)), expected)

    pipeline.unload_lora_weights()
    assert torch.equal(velocity(ours, ask(ISO)), untouched)
    with no_warnings():
        pipeline.transformer.load_lora_adapter(adapter, prefix="transformer", weight_name=LORA_FILE)
    assert torch.equal(velocity(ours, ask(ISO)), expected)


def change_json(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        about = json.loads((folder / "adapter.json").read_text(encoding="utf-8"))
        for name, value in values.items():
            at = about["options"] if name in about["options"] or name == "sparkle" else about
            at[name] = value
        (folder / "adapter.json").write_text(json.dumps(about), encoding="utf-8")

    return change


def change_tasks(change: Callable[[dict[str, dict[str, object]]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
        change(tasks)
        (folder / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")

    return apply


def change_tensors(file: str, change: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        tensors = load_tensors(folder / file)
        change(tensors)
        save_tensors(folder / file, tensors)

    return apply


def nan(tensors: dict[str, torch.Tensor]) -> None:
    next(iter(tensors.values())).view(-1)[0] = float("nan")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change_json(rank=8), r"pytorch_lora_weights.safetensors holds another model's weights \(.*lora_A.weight has shape \(4, 32\)"),
        (change_json(rank=0, conditioning="plain", wording="numbers", tasks={"iso": 2}), "another registry of attributes .*iso"),
        (change_json(tasks={"sparkle": 3}), "another registry of attributes .*sparkle"),
        (change_json(sparkle=True), "has an option 'sparkle' that this version does not know"),
        (change_json(rank="4"), "rank must be of type int, not '4'"),
        (change_json(mask="eq7"), "adapter.json: mask must be one of"),
        (change_json(task_id=False), r"numeric_projector.safetensors holds .* \(projector.task.weight is unknown\)"),
        (change_json(source_token=True), "source.decode.1.bias is missing"),
        (change_json(lora_feed_forward=True), "is missing"),
        (change_json(base="sparkle"), "unknown base 'sparkle'"),
        (change_json(rank=0), "pytorch_lora_weights.safetensors has no place in the model"),
        (change_json(conditioning="plain", wording="numbers"), "numeric_projector.safetensors has no place in the model"),
        (change_json(size=10**9), "adapter.json is not what this trainer writes"),
        (change_tasks(lambda tasks: tasks["iso"].update(span=3.0)), "another registry of attributes .*differs in iso"),
        (change_tasks(lambda tasks: tasks.pop("rotation_z")), "another registry of attributes .*differs in rotation_z"),
        (change_json(schema=99), "another version"),
        (change_tensors(LORA_FILE, nan), "not finite"),
        (change_tensors(PROJECTOR_FILE, nan), "not finite"),
        (change_tensors(LORA_FILE, lambda tensors: tensors.pop(next(iter(tensors)))), "is missing"),
        (lambda folder: (folder / LORA_FILE).unlink(), "pytorch_lora_weights.safetensors is missing"),
        (lambda folder: (folder / PROJECTOR_FILE).write_bytes(b"\0" * 64), "cannot be read"),
    ],
)
def test_a_wrong_adapter_is_named_in_one_line(adapter: Path, tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    folder = tmp_path / "adapter"
    shutil.copytree(adapter, folder)
    damage(folder)
    with pytest.raises(AdapterError, match=message) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value) and re.match(rf"{folder}|the adapter", str(caught.value))


def test_an_adapter_of_another_base_is_named(tmp_path: Path) -> None:
    folder = saved(tmp_path, EditModel(NanoBase(NanoShape(size=16)), AdapterOptions()))
    change_json(base_about={"shape": {"size": 16, "heads": 1}})(folder)
    with pytest.raises(AdapterError, match=r"holds another model's weights .* has shape"):
        load_model(folder)
    change_json(base_about={"shape": {"size": 16, "heads": 64, "double": 64, "single": 64}})(folder)
    with pytest.raises(AdapterError, match=r"of a larger nano than base\.safetensors"):
        load_model(folder)
