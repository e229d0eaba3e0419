"""A feed gives the same from caches as from pictures, and training from caches needs no encoder."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cat_dataset.errors import InputError, UsageError
from cat_dataset.manifests import Dataset, open_dataset
from train.adapter.options import AdapterOptions
from train.bases.folder import find_folder
from train.bases.interface import Base
from train.bases.kontext import KontextBase
from train.bases.nano import NanoBase, NanoShape
from train.cache import needs, open_for_training, prepare
from train.config import TrainConfig
from train.data.encoded import has_encoders
from train.data.feed import Feed
from train.data.options import DataOptions
from train.run import train
from train.running.checkpoint import checkpoints

STEPS, BATCH = 4, 4


def config(dataset: Dataset, base: Path, **more: object) -> TrainConfig:
    return TrainConfig.of(  # type: ignore[arg-type]
        **{
            "shards": str(dataset.manifests), "base": str(base), "size": 16, "rank": 4, "batch": BATCH, "max_steps": STEPS, "threads": 1,
            "validate_pairs": 2, "log_every": 1, "ema": 0.0, "warmup": 1, **more,
        }
    )  # fmt: skip


def feed(settings: TrainConfig, dataset: Dataset, base: Base) -> Feed:
    return Feed(dataset, base, settings.adapter, settings.data, seed=settings.seed, batch=BATCH)


@pytest.fixture(scope="module")
def cached(dataset: Dataset, tiny_kontext: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainConfig, KontextBase]:
    settings = config(dataset, tiny_kontext, cache=str(tmp_path_factory.mktemp("cache")), wording="numbers")
    base = open_for_training(settings, dataset, find_folder(str(tiny_kontext)))
    assert isinstance(base, KontextBase)
    return settings, base


def test_caches_hold_what_the_encoders_give_to_the_bit(
    cached: tuple[TrainConfig, KontextBase], dataset: Dataset, tiny_kontext: Path
) -> None:
    settings, lean = cached
    full = KontextBase(find_folder(str(tiny_kontext)), size=16)
    assert lean.token_rms == full.token_rms
    online = replace(settings, data=replace(settings.data, cache="off"))
    one, other = feed(settings, dataset, lean), feed(online, dataset, full)
    for a, b in zip(one.steps(0, STEPS), other.steps(0, STEPS), strict=True):
        assert a.pairs == b.pairs
        assert not a.sources
        for part in (slice(0, BATCH), slice(1, 3)):
            for kept, fresh in zip(one.latents(a, part), other.latents(b, part), strict=True):
                assert kept.dtype == fresh.dtype == torch.float32
                assert torch.equal(kept, fresh)
        for sentence in {part for instruction in a.instructions for part in instruction.parts} | {""}:
            kept_text, fresh_text = one.encode(sentence), other.encode(sentence)
            assert torch.equal(kept_text.tokens, fresh_text.tokens)
            assert kept_text.pooled is not None and fresh_text.pooled is not None
            assert torch.equal(kept_text.pooled, fresh_text.pooled)
    assert any(pair.mirrored for batch in other.steps(0, STEPS) for pair in batch.pairs)


def test_no_text_encoder_is_in_memory(cached: tuple[TrainConfig, KontextBase]) -> None:
    base = cached[1]
    parts = {name for name, part in base.pipeline.components.items() if isinstance(part, torch.nn.Module)}
    assert parts == {"transformer", "vae"}
    assert not has_encoders(base)


def test_a_sentence_that_was_not_planned_is_named(cached: tuple[TrainConfig, KontextBase], dataset: Dataset) -> None:
    with pytest.raises(InputError, match=r"has nothing of 'Fly'; fill it with python -m train\.cache"):
        feed(cached[0], dataset, cached[1]).encode("Fly")


def test_a_damaged_chunk_is_refused(cached: tuple[TrainConfig, KontextBase], dataset: Dataset, tmp_path: Path) -> None:
    settings, base = cached
    shutil.copytree(settings.data.cache, tmp_path / "cache")
    (chunk,) = (tmp_path / "cache").glob("latents-*/*.safetensors")
    content = bytearray(chunk.read_bytes())
    content[-1] ^= 0x40
    chunk.write_bytes(content)
    moved = replace(settings, data=replace(settings.data, cache=str(tmp_path / "cache")))
    with pytest.raises(InputError, match=r"is damaged .*do not match their CRC-32"):
        for _ in feed(moved, dataset, base).steps(0, 30):
            pass


def losses(run: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_training_from_caches_is_the_same_training_and_needs_no_encoder(dataset: Dataset, tiny_kontext: Path, tmp_path: Path) -> None:
    """Online; with caches that it fills itself; and without any encoder's files.

    Numbers are said, so that every sentence must have been foreseen: those of second edits and of validation, too.
    """
    base = Path(shutil.copytree(tiny_kontext, tmp_path / "base"))
    more = {"consistency": 0.5, "consistency_share": 0.5, "text_dropout": 0.3, "wording": "numbers"}
    online = train(config(dataset, base, out=str(tmp_path / "online"), cache="off", **more))
    filled = train(config(dataset, base, out=str(tmp_path / "filled"), cache=str(tmp_path / "cache"), **more))
    for part in ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"):
        shutil.rmtree(base / part)
    (base / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    lean = train(config(dataset, base, out=str(tmp_path / "lean"), cache=str(tmp_path / "cache"), **more))
    assert losses(online) == losses(filled) == losses(lean)
    weights = [(checkpoints(run)[-1] / "weights.safetensors").read_bytes() for run in (online, filled, lean)]
    assert weights[0] == weights[1] == weights[2]
    pictures = [sorted(p.name for p in (run / "pictures").glob("*")) for run in (online, filled, lean)]
    assert pictures[0] == pictures[1] == [f"step_{STEPS:06d}.png"]
    assert pictures[2] == []
    assert (online / "pictures" / pictures[0][0]).read_bytes() == (filled / "pictures" / pictures[0][0]).read_bytes()
    with pytest.raises(InputError, match="is incomplete"):
        train(config(dataset, base, out=str(tmp_path / "more"), cache=str(tmp_path / "cache"), seed=1, **more))


def test_the_cache_of_another_vae_is_not_used(
    cached: tuple[TrainConfig, KontextBase], dataset: Dataset, tiny_kontext: Path, tmp_path: Path
) -> None:
    settings, _ = cached
    base = Path(shutil.copytree(tiny_kontext, tmp_path / "base"))
    weights = base / "vae" / "diffusion_pytorch_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-2] ^= 0x10
    weights.write_bytes(content)
    cache = Path(shutil.copytree(settings.data.cache, tmp_path / "cache"))
    caches = prepare(replace(settings, data=replace(settings.data, cache=str(cache))), dataset, find_folder(str(base)))
    assert caches is not None
    assert len(list(cache.glob("latents-*"))) == 2
    assert len(list(cache.glob("texts-*"))) == 1
    assert len(caches.latents) == len(needs(settings, dataset, "kontext")[0])


def test_the_wait_for_data_is_counted(cached: tuple[TrainConfig, KontextBase], dataset: Dataset) -> None:
    settings, base = cached
    given = feed(settings, dataset, base)
    assert given.waited_s == 0
    began = time.perf_counter()
    for _ in given.steps(0, 20):
        time.sleep(0.01)
    took = time.perf_counter() - began
    assert 0 < given.waited_s < 0.5 * took


def test_from_s3_the_cache_is_the_same(
    s3, cached: tuple[TrainConfig, KontextBase], dataset: Dataset, tiny_kontext: Path, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    settings, _ = cached
    for name in ("manifests", "shards"):
        s3.put(str(dataset.manifests.parent / name), f"lab/set/{name}", recursive=True)
    far = replace(settings, shards="s3://lab/set/manifests", data=replace(settings.data, cache=str(tmp_path / "cache")))
    prepare(far, open_dataset(far.shards), find_folder(str(tiny_kontext)))
    here, there = (
        {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*.safetensors")}
        for root in (Path(settings.data.cache), tmp_path / "cache")
    )
    assert here == there


def test_weights_and_composite_share_reach_the_pairs(dataset: Dataset) -> None:
    options = DataOptions(weights=["rotation_z=0"])
    index = Feed(dataset, NanoBase(NanoShape(size=16)), AdapterOptions(), options, seed=0, batch=2).index
    assert {index.pair(i).edits[0].attribute for i in range(100)} == {"iso"}
    with pytest.raises(UsageError, match=r"composite_share 0\.5 takes 50%"):
        Feed(dataset, NanoBase(NanoShape(size=16)), AdapterOptions(), DataOptions(composite_share=0.5), seed=0, batch=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": 0.5}, r"--crop 0\.5 shows other pixels each time"),
        ({"cache": "somewhere"}, "nano's latents are its pictures"),
    ],
)
def test_caches_that_cannot_be_are_refused(dataset: Dataset, tiny_kontext: Path, options: dict[str, object], message: str) -> None:
    folder = None if message.startswith("nano") else find_folder(str(tiny_kontext))
    with pytest.raises(UsageError, match=message):
        open_for_training(config(dataset, tiny_kontext, **options), dataset, folder)
