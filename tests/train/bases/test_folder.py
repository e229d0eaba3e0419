"""A base's folder: what is missing or cut off is named with what to do, before anything is loaded."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
from safetensors.torch import load_file, save_file

from cat_dataset.errors import CatError, InputError, UsageError
from train.bases.choose import open_base, resolve
from train.bases.folder import find_folder, missing

WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"
CONFIG = "transformer/config.json"
INDEX = WEIGHTS + ".index.json"
GET = "hf download black-forest-labs/FLUX.1-Kontext-dev --local-dir DIR"


@pytest.fixture
def folder(tiny_kontext: Path, tmp_path: Path) -> Path:
    """A folder of one's own, to damage."""
    return Path(shutil.copytree(tiny_kontext, tmp_path / "base"))


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def shards(folder: Path, weight_map: object) -> None:
    (folder / INDEX).write_text(json.dumps({"weight_map": weight_map}), encoding="utf-8")


def edit_index(folder: Path, **entries: object) -> None:
    edit_json(folder / "model_index.json", **entries)


def edit_json(path: Path, **entries: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **entries}), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / WEIGHTS).unlink(), f"{WEIGHTS} is missing"),
        (lambda f: (f / WEIGHTS).rename(f / "transformer/model.bin"), "is missing (model.bin is not read: safetensors only)"),
        (lambda f: cut(f / WEIGHTS, 20_000), f"{WEIGHTS} is cut off: 20000 of "),
        (lambda f: cut(f / WEIGHTS, 100), f"{WEIGHTS} is cut off or no safetensors file (100 bytes)"),
        (lambda f: cut(f / WEIGHTS, 0), "is cut off or no safetensors file (0 bytes)"),
        (lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes() + b"x"), "has 1 bytes too many"),
        (lambda f: (f / WEIGHTS).write_bytes(b"version https://git-lfs.github.com/spec/v1\n"), "Git LFS pointer"),
        (lambda f: (f / WEIGHTS).write_bytes((8).to_bytes(8, "little") + b"not json"), "has a damaged header"),
        (lambda f: shards(f, {"a": "one.safetensors", "b": "two.safetensors"}), "transformer/two.safetensors is missing"),
        (lambda f: shutil.rmtree(f / "text_encoder_2"), "text_encoder_2/config.json is missing"),
        (lambda f: (f / "tokenizer/tokenizer.json").unlink(), "tokenizer/ has no vocabulary"),
        (lambda f: (f / "scheduler/scheduler_config.json").unlink(), "scheduler/scheduler_config.json is missing"),
        (lambda f: cut(f / "scheduler/scheduler_config.json", 50), "scheduler/scheduler_config.json is damaged"),
        (lambda f: (f / "text_encoder/config.json").write_text("[1]"), "text_encoder/config.json is damaged"),
        (lambda f: edit_json(f / CONFIG, num_layers=10**9), f"{CONFIG} has an impossible num_layers"),
        (lambda f: edit_json(f / CONFIG, joint_attention_dim=-32), f"{CONFIG} has an impossible joint_attention_dim"),
        (lambda f: edit_json(f / CONFIG, _class_name="os"), f"{CONFIG} is that of another class than FluxTransformer2DModel"),
        (lambda f: edit_index(f, vae=["os", "system"]), "model_index.json names no vae of diffusers or transformers"),
        (lambda f: edit_index(f, transformer=["diffusers", "UNet2DModel"]), "a transformer UNet2DModel instead of FluxTransformer2DModel"),
    ],
)
def test_what_is_missing_is_named(folder: Path, damage: Callable[[Path], object], said: str) -> None:
    found = find_folder(str(folder))
    assert missing(found) == []
    damage(folder)
    assert any(said in line for line in missing(found)), missing(found)
    with pytest.raises(InputError) as error:
        found.load(encoders=True)
    assert said.split(" is missing", maxsplit=1)[0] in str(error.value) and GET in str(error.value) and "non-commercial" in str(error.value)


def test_an_index_that_is_none_is_refused(folder: Path) -> None:
    (folder / "model_index.json").write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(UsageError, match=r"its model_index\.json is that of a nameless pipeline"):
        find_folder(str(folder))


@pytest.mark.parametrize("file", [WEIGHTS, "vae/diffusion_pytorch_model.safetensors", "text_encoder_2/model.safetensors"])
def test_no_weight_is_made_up(folder: Path, file: str) -> None:
    """transformers would give what is absent random values, diffusers none."""
    weights = load_file(folder / file)
    absent = next(name for name in sorted(weights) if "norm" in name)
    save_file({name: tensor for name, tensor in weights.items() if name != absent}, folder / file, metadata={"format": "pt"})
    found = find_folder(str(folder))
    assert missing(found) == []
    with pytest.raises(InputError, match=rf"cannot be loaded as kontext \({file.partition('/')[0]} lacks .*{re.escape(absent)}"):
        found.load()


def test_encoders_whose_numbers_are_not_finite_are_refused(folder: Path) -> None:
    file = folder / "text_encoder_2/model.safetensors"
    save_file({name: tensor * math.nan for name, tensor in load_file(file).items()}, file, metadata={"format": "pt"})
    with pytest.raises(InputError, match="the text encoders give numbers that are not finite"):
        open_base(find_folder(str(folder)), size=16, transformer=False)


def test_every_shard_must_be_there_and_whole(folder: Path) -> None:
    found = find_folder(str(folder))
    transformer = found.load(encoders=False).transformer
    (folder / WEIGHTS).unlink()
    transformer.save_pretrained(str(folder / "transformer"), max_shard_size="30KB")
    first, second, *_ = sorted((folder / "transformer").glob("*-of-*.safetensors"))
    assert missing(found) == []
    cut(first, first.stat().st_size - 1)
    second.unlink()
    lines = missing(found)
    assert len(lines) == 2 and f"{first.name} is cut off" in lines[0] and f"{second.name} is missing" in lines[1]


def test_a_configuration_without_what_is_needed_is_named(folder: Path) -> None:
    (folder / "vae" / "config.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match=r"vae/config\.json has no block_out_channels"):
        open_base(find_folder(str(folder)), size=16)


def test_an_index_that_points_outside_is_refused(folder: Path) -> None:
    shards(folder, {"a": "../../vae/diffusion_pytorch_model.safetensors"})
    with pytest.raises(InputError, match="no index of safetensors files beside it"):
        missing(find_folder(str(folder)))


def test_the_advice_for_klein_is_kleins(tiny_klein: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny_klein, tmp_path / "base"))
    (copy / WEIGHTS).unlink()
    with pytest.raises(InputError, match=r"hf download black-forest-labs/FLUX\.2-klein-base-4B") as error:
        find_folder(str(copy)).load(encoders=True)
    assert "non-commercial" not in str(error.value)


def test_what_is_no_base_says_why(folder: Path, tmp_path: Path) -> None:
    for name in ("flux1-kontext-dev.safetensors", "flux1-kontext.gguf", "model.ckpt"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(UsageError, match="is one file; single-file checkpoints"):
            find_folder(str(tmp_path / name))
    for source, message in (
        (folder / "transformer", "it holds one model"),
        (tmp_path / "no" / "such" / "folder", "there is no such folder"),
        (folder / "scheduler", "it has no model_index.json"),
        (tmp_path, "it holds single-file checkpoints"),
    ):
        with pytest.raises(UsageError, match=message):
            find_folder(str(source))
    edit_index(folder, _class_name="FluxPipeline")
    with pytest.raises(UsageError, match="that of a FluxPipeline"):
        find_folder(str(folder))


def test_a_hub_id_is_looked_up_in_the_local_cache(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    for download in (True, False):
        with pytest.raises(CatError, match=r"--base someone/kontext-dev: neither a folder .*hf download someone/kontext-dev"):
            find_folder("someone/kontext-dev", download=download)
    cached = tmp_path / "hub" / "models--someone--kontext-dev"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("0" * 40, encoding="utf-8")
    shutil.copytree(folder, cached / "snapshots" / ("0" * 40))
    found, sentence = resolve("someone/kontext-dev")
    assert found is not None and found.kind == "kontext" and "base kontext from someone/kontext-dev" in sentence
    assert missing(found) == []
    (found.source / WEIGHTS).unlink()
    for download in (True, False):
        assert missing(find_folder("someone/kontext-dev", download=download)) == [f"{WEIGHTS} is missing"]
