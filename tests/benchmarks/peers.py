"""The other loaders and writers: the same frames in their own formats, read at random as their documentation shows.

    pip install --no-deps litdata==0.2.76 mosaicml-streaming==0.13.0
    pip install boto3 brotli catalogue lightning-utilities python-snappy requests tqdm xxhash zstd

(Without ``--no-deps`` mosaicml-streaming brings an older transformers and four cloud clients that nothing here needs.) A
peer that is not installed is skipped by name.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

Read = Callable[[int], bytes]
"""The picture file of a frame by its number."""


def mosaic(folder: Path, pictures: Iterable[bytes]) -> Read:
    """MDS shards of mosaicml-streaming, default settings, read by index.

    Raises:
        ImportError: it is not installed.
    """
    streaming = _import_streaming()
    with streaming.MDSWriter(out=str(folder), columns={"frame": "int", "picture": "bytes"}) as writer:
        for number, picture in enumerate(pictures):
            writer.write({"frame": number, "picture": picture})
    dataset = streaming.StreamingDataset(local=str(folder), batch_size=1)

    def read(number: int) -> bytes:
        sample = dataset[number]
        assert sample["frame"] == number
        return bytes(sample["picture"])

    return read


def litdata(folder: Path, pictures: Iterable[bytes]) -> Read:
    """Chunks of litdata, 64 MB each as in its documentation, read by index.

    Raises:
        ImportError: it is not installed.
    """
    package = importlib.import_module("litdata")
    cache = importlib.import_module("litdata.streaming.cache").Cache(str(folder), chunk_bytes="64MB")
    for number, picture in enumerate(pictures):
        cache[number] = {"frame": number, "picture": picture}
    cache.done()
    cache.merge()
    dataset = package.StreamingDataset(str(folder))

    def read(number: int) -> bytes:
        sample = dataset[number]
        assert sample["frame"] == number
        return bytes(sample["picture"])

    return read


PEERS: dict[str, Callable[[Path, Iterable[bytes]], Read]] = {"mosaicml-streaming": mosaic, "litdata": litdata}


def versions(names: Sequence[str]) -> str:
    """``name version`` of each package, or that it is not installed."""
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed: skipped")
    return ", ".join(found)


def _import_streaming() -> Any:
    """mosaicml-streaming without its ready-made vision data sets, which alone need torchvision."""
    sys.modules.setdefault("streaming.vision", types.ModuleType("streaming.vision"))
    return importlib.import_module("streaming")
