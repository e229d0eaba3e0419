"""A run's caches: latents of the frames that its pairs show, and texts of the sentences that they say.

<cache>/latents-<identity>/<chunk>.safetensors    latents [n, N, C] in the VAE's type, by frame (`train.data.needs.FrameKeys`)
<cache>/texts-<identity>/<chunk>.safetensors      tokens [T, D] and pooled [1, P], by sentence
<cache>/*/about.json                              whose they are (`train.data.identity`), and the texts' root mean square
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from cat_dataset.errors import InputError, UsageError
from cat_dataset.files import read_json
from cat_dataset.manifests import Dataset
from train.bases.folder import BaseFolder
from train.bases.frozen import FrozenBase
from train.bases.interface import Base
from train.data.identity import ABOUT, Identity, codec_identity, texts_identity
from train.data.options import DataOptions
from train.data.store import Store
from train.requests import Text


class Caches:
    """The caches of one base's encoders in the folder ``cache``.

    Raises:
        InputError: a chunk is damaged, or files by which to tell the encoders are gone.
    """

    def __init__(self, cache: Path, folder: BaseFolder, dtype: torch.dtype, size: int) -> None:
        self.cache, self.codec, self.encoders = cache, codec_identity(folder, dtype, size), texts_identity(folder, dtype)
        self.latents = Store(self.codec.folder(cache, "latents"))
        self.texts = Store(self.encoders.folder(cache, "texts"))

    @property
    def described(self) -> bool:
        """Whether somebody has begun to fill them."""
        return all((store.folder / ABOUT).is_file() for store in (self.latents, self.texts))

    @property
    def token_rms(self) -> float:
        """`Base.token_rms`, as it was found when the texts were encoded.

        Raises:
            InputError: it was not.
        """
        about = self.texts.folder / ABOUT
        found = read_json(about)
        rms = found.get("token_rms") if isinstance(found, dict) else None
        if not isinstance(rms, float) or not (math.isfinite(rms) and rms > 0):
            raise InputError(f"{about} does not say the texts' root mean square; delete {self.texts.folder} and run again")
        return rms

    def text(self, sentence: str) -> Text:
        """A sentence's text, as the base's encoder gave it."""
        entry = self.texts.get(sentence)
        return Text(tokens=entry["tokens"], pooled=entry["pooled"][0] if "pooled" in entry else None)

    def frame(self, key: str) -> Tensor:
        """A frame's latents [N, C], as the base's VAE gave them; float32."""
        return self.latents.get(key)["latents"][0].float()


def cache_place(options: DataOptions, base: str, dataset: Dataset) -> Path | None:
    """The folder of the caches of a run; None where it encodes as it goes.

    Raises:
        UsageError: caches that cannot be.
    """
    if options.cache == "off" or (options.cache == "auto" and base == "nano"):
        return None
    if base == "nano":
        raise UsageError(f"--cache {options.cache}: nano's latents are its pictures, so there is nothing to keep; leave --cache out")
    if crop_of(options, base) < 1:
        raise UsageError(f"--crop {options.crop:g} shows other pixels each time, which no cache can hold; take --crop 1 or --cache off")
    return dataset.manifests.parent / "cache" / base if options.cache == "auto" else Path(options.cache).expanduser()


def crop_of(options: DataOptions, base: str) -> float:
    """The smallest random crop that a run with this base takes."""
    return options.crop or (0.5 if base == "nano" else 1.0)


def has_encoders(base: Base) -> bool:
    """Whether a base can encode pictures and sentences itself."""
    return base.pipeline is None or base.pipeline.text_encoder is not None


def lend_vae(base: FrozenBase) -> bool:
    """Give a base without encoders its VAE, which validation needs to see pictures. False if its weights are gone.

    Raises:
        InputError: they are damaged.
    """
    import diffusers

    folder = base.folder.source / "vae"
    if not any(folder.glob("*.safetensors")):
        return False
    cls = {"kontext": diffusers.AutoencoderKL, "klein": diffusers.AutoencoderKLFlux2}[base.folder.kind]
    try:
        vae = cls.from_pretrained(str(folder), torch_dtype=base.dtype, local_files_only=True, use_safetensors=True)
    except Exception as error:
        raise InputError(f"{folder} cannot be loaded ({type(error).__name__}: {' '.join(str(error).split())}); copy it again") from None
    base.pipeline.register_modules(vae=vae.requires_grad_(False).eval().to(base.device))
    return True


def claim(store: Store, identity: Identity, token_rms: float | None = None) -> None:
    """Say whose results a store holds, before the first of them.

    Raises:
        InputError: the encoders give other values than when it was begun.
    """
    more = {} if token_rms is None else {"token_rms": token_rms}
    store.describe(ABOUT, lambda path: identity.write(path, **more))
    if token_rms is not None and not math.isclose(read_json(store.folder / ABOUT).get("token_rms", 0.0), token_rms, rel_tol=1e-2):
        raise InputError(
            f"{store.folder} was filled by encoders that gave other values (another version of diffusers or transformers?); "
            "delete it and run again"
        )
