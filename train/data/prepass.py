"""Filling a run's caches: everything that its pairs will show and say, encoded once, before training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import cv2
import torch

from cat_dataset.frames import FrameReader
from cat_dataset.images import Rgb, decode_rgb
from cat_dataset.loading.framing import centre_square, cut_square
from cat_dataset.manifests import Dataset
from train.bases.interface import Base
from train.data.chunks import Entry
from train.data.encoded import Caches, claim
from train.data.needs import Shown

_DECODERS = 4
_AHEAD = 32
"""Pictures decoded while others are encoded."""


def fill_caches(
    caches: Caches,
    base: Base,
    dataset: Dataset,
    frames: Mapping[str, Shown],
    sentences: Sequence[str],
    *,
    rank: int = 0,
    world: int = 1,
    check: Callable[[], None] | None = None,
) -> None:
    """Encode what is missing with ``base``, which has its encoders.

    Args:
        frames: by key, as ``train.data.needs.frames`` gives them.
        rank: of ``world`` processes that share the work.
        check: called now and then; it may raise to stop.

    Raises:
        NoRoom: it does not fit on the disk.
        ManifestError: a frame is damaged or gone.
        RunFailed: the encoders' numbers are not finite.
    """
    texts = partial(_texts, base)
    claim(caches.texts, caches.encoders, base.token_rms)
    caches.texts.fill(sentences, texts, label="texts", unit="sentences", rank=rank, world=world, check=check)
    claim(caches.latents, caches.codec)
    with ThreadPoolExecutor(_DECODERS) as pool:
        latents = partial(_latents, base, FrameReader(dataset), frames, pool)
        caches.latents.fill(list(frames), latents, label="latents", unit="frames", rank=rank, world=world, check=check)


def _texts(base: Base, sentences: Sequence[str]) -> Iterator[Entry]:
    for sentence in sentences:
        text = base.encode_text(sentence)
        yield {"tokens": text.tokens} if text.pooled is None else {"tokens": text.tokens, "pooled": text.pooled[None]}


def _latents(
    base: Base, reader: FrameReader, frames: Mapping[str, Shown], pool: ThreadPoolExecutor, keys: Sequence[str]
) -> Iterator[Entry]:
    """One by one, as `train.data.feed.Feed` encodes: a picture's latents do not depend on what it shares a batch with."""
    for start in range(0, len(keys), _AHEAD):
        pictures: Iterable[Rgb] = pool.map(lambda key: framed(reader, frames[key], base.size), keys[start : start + _AHEAD])
        for picture in pictures:
            yield {"latents": _narrowed(base.to_latents([picture]).cpu(), base.dtype)}


def framed(reader: FrameReader, shown: Shown, size: int) -> Rgb:
    """A frame as an uncropped pair shows it: uint8 [size, size, 3]."""
    picture = decode_rgb(reader.read(shown.row), short_side=size)
    square = cut_square(picture, centre_square(picture.shape), size)
    return cv2.flip(square, 1) if shown.mirrored else square


def _narrowed(latents: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """In the encoder's own type where that loses nothing."""
    narrow = latents.to(dtype)
    return narrow if torch.equal(narrow.to(latents.dtype), latents) else latents
