"""Bases by their hub id: the snapshot in huggingface_hub's cache, downloaded where it is not whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cat_dataset.errors import InputError

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_FILES = ["model_index.json", *(f"*/*.{ending}" for ending in ("json", "safetensors", "txt", "model", "jinja"))]
"""The diffusers layout alone: the same weights lie in one file beside it, which nobody here reads."""


def is_hub_id(source: str) -> bool:
    """Whether ``source`` reads ``organisation/name``."""
    return _ID.fullmatch(source) is not None


def snapshot(source: str, *, whole: Callable[[Path], bool], download: bool) -> Path:
    """The local folder of a hub id.

    What the cache has is returned even if it is not whole and nothing more can be fetched.

    Args:
        whole: whether a folder has all that is needed.
        download: whether to fetch what the cache lacks.

    Raises:
        InputError: not in the cache and not to be had; says why and what to do.
    """
    import huggingface_hub
    from huggingface_hub import errors

    cached: Path | None = None
    with suppress(errors.LocalEntryNotFoundError):
        cached = Path(huggingface_hub.snapshot_download(source, allow_patterns=_FILES, local_files_only=True))
    if cached and (not download or whole(cached)):
        return cached
    by_hand = f"{how_to_get(source)}, on a machine with network if this one has none"
    if not download:
        raise InputError(f"--base {source}: neither a folder here nor in the hub's local cache; {by_hand}")
    try:
        return Path(huggingface_hub.snapshot_download(source, allow_patterns=_FILES))
    except errors.GatedRepoError:
        raise InputError(f"--base {source}: the hub wants its licence accepted and a login ('hf auth login'); {by_hand}") from None
    except errors.RepositoryNotFoundError:
        raise InputError(f"--base {source}: neither a folder here nor a repository that the hub shows you; check the name") from None
    except Exception as error:
        why = " ".join(str(error).split())[:120]
        raise InputError(
            f"--base {source}: neither a folder here nor in the hub's local cache, and the hub is out of reach "
            f"({type(error).__name__}: {why}); {by_hand}"
        ) from None


def how_to_get(source: str) -> str:
    """What to do to have a hub id's files in a folder."""
    page = f"https://huggingface.co/{source}"
    licence = f"accept the licence at {page} (non-commercial)" if "kontext" in source.lower() else f"see {page}"
    return f"{licence}, run 'hf download {source} --local-dir DIR' (huggingface-cli in older versions), then give --base DIR"
