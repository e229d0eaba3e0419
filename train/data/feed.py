"""What the loop asks for data; whether it comes from pictures or from caches is hidden here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from cat_dataset.images import Rgb
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import Pair, PairIndex
from train.adapter.options import AdapterOptions
from train.bases.frozen import FrozenBase
from train.bases.interface import Base
from train.data.encoded import Caches, cache_place, crop_of, has_encoders
from train.data.loader import Batch, BatchLoader
from train.data.needs import FrameKeys, Shown
from train.data.options import DataOptions
from train.data.texts import TextMemory
from train.requests import Text

_HELD_OUT_CACHE_MB = 64


class Feed:
    """The data of one process's training steps: from caches where the base has no encoders.

    ``index`` is the stream of training pairs, ``waited_s`` the seconds that `steps` has kept its caller waiting.

    Raises:
        UsageError: the dataset has nothing to draw from, or ``world`` processes cannot share the batch.
    """

    def __init__(
        self,
        dataset: Dataset,
        base: Base,
        adapter: AdapterOptions,
        options: DataOptions,
        *,
        seed: int,
        batch: int,
        rank: int = 0,
        world: int = 1,
        second: Callable[[int], bool] | None = None,
    ) -> None:
        self.index = training_pairs(dataset, adapter, options, seed)
        self.waited_s = 0.0
        self._dataset, self._base, self._adapter, self._seed = dataset, base, adapter, seed
        place = None if has_encoders(base) else cache_place(options, base.name, dataset)
        if place is None:
            self._keys, self._caches = None, None
        else:
            assert isinstance(base, FrozenBase)
            self._keys, self._caches = FrameKeys(dataset), Caches(place, base.folder, base.dtype, base.size)
        self._loader = BatchLoader(
            dataset, self.index, adapter, size=base.size, batch=batch, crop=crop_of(options, base.name), cache_mb=options.cache_mb,
            rank=rank, world=world, second=second, latents=self._kept if self._caches else None,
        )  # fmt: skip
        self._texts = TextMemory(self._caches.text if self._caches else base.encode_text)

    def steps(self, first: int, last: int) -> Iterator[Batch]:
        """Batches of steps first to last - 1, in order, made ahead of time on threads."""
        batches = self._loader.steps(first, last)
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            self.waited_s += time.perf_counter() - asked
            if batch is None:
                return
            yield batch

    def latents(self, batch: Batch, part: slice) -> tuple[Tensor, Tensor]:
        """Sources and targets [b, N, C] of a part of a batch, float32 on the base's device."""
        if batch.latents is None:
            return self._encoded(batch.sources[part]), self._encoded(batch.targets[part])
        source, target = (latents[part].to(self._base.device, non_blocking=True) for latents in batch.latents)
        return source, target

    @property
    def sees(self) -> bool:
        """Whether pictures can be edited and shown: not where the VAE's files are gone."""
        return self._base.pipeline is None or self._base.pipeline.vae is not None

    def encode(self, sentence: str) -> Text:
        """The text of one sentence, on the CPU."""
        return self._texts(sentence)

    def held_out(self, count: int) -> Batch:
        """The first ``count`` held-out pairs with pictures, always the same ones: of the validation split, else test, else train."""
        index = held_out_pairs(self._dataset, self._adapter, self._seed)
        loader = BatchLoader(
            self._dataset, index, self._adapter, size=self._base.size, batch=count, crop=1.0, cache_mb=_HELD_OUT_CACHE_MB
        )  # fmt: skip
        return loader.make(0)

    def _kept(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        """The latents of sources and targets, from the cache."""
        assert self._keys and self._caches
        read, keys = self._caches.frame, self._keys
        source, target = (
            torch.stack([read(keys(Shown(row=row, mirrored=pair.mirrored))) for pair, row in zip(pairs, rows, strict=True)])
            for rows in ([pair.source for pair in pairs], [pair.target for pair in pairs])
        )
        return (source.pin_memory(), target.pin_memory()) if self._base.device.type == "cuda" else (source, target)

    def _encoded(self, pictures: Sequence[Rgb]) -> Tensor:
        """One by one, so that a picture's latents do not depend on what it shares a batch with: the caches hold the same bits."""
        return torch.cat([self._base.to_latents([picture]) for picture in pictures])


def training_pairs(dataset: Dataset, adapter: AdapterOptions, options: DataOptions, seed: int) -> PairIndex:
    """The stream of pairs that a run trains on."""
    return PairIndex(
        dataset,
        split="train",
        seed=seed,
        attributes=options.attributes or None,
        zero_share=options.zero_share,
        plain=adapter.plain,
        weights=options.weight_of(),
        mirror=options.mirror,
        composite_share=None if options.composite_share < 0 else options.composite_share,
    )


def held_out_split(dataset: Dataset) -> str:
    """The split that is looked at while training: validation, else test, else train."""
    filled = set(dataset.series["split"])
    return next(name for name in ("validation", "test", "train") if name in filled)


def held_out_pairs(dataset: Dataset, adapter: AdapterOptions, seed: int) -> PairIndex:
    """The stream that held-out pairs come from."""
    return PairIndex(dataset, split=held_out_split(dataset), seed=seed, zero_share=0.0, plain=adapter.plain)
