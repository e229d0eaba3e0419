"""Objects and skies that others publish in package registries: fetched once into a cache folder, never committed.

`robosuite` (MIT) and `pybullet` (zlib) carry objects in their wheels, `@pmndrs/assets` (CC0) skies as base64 in JavaScript.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("CAT_REAL_ASSETS_CACHE", Path.home() / ".cache" / "cat-dataset" / "real-assets"))
ALL = os.environ.get("CAT_REAL_ASSETS") == "1"
SECONDS = 240
LARGEST = 1 << 30


def wheel(requirement: str, roots: tuple[str, ...]) -> Path:
    """The unpacked folders ``roots`` of a wheel; skips the test where it cannot be had."""
    folder = CACHE / re.sub(r"[^\w.]+", "_", requirement)
    if not (folder / "whole").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _fetch(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--retries",
                "1",
                "--timeout",
                "20",
                "--no-deps",
                "--only-binary",
                ":all:",
                "-q",
                "-d",
                str(folder),
                requirement,
            ]
        )
        (archive,) = folder.glob("*.whl")
        with zipfile.ZipFile(archive) as content:
            chosen = [entry for entry in content.infolist() if entry.filename.startswith(roots)]
            assert sum(entry.file_size for entry in chosen) < LARGEST
            content.extractall(folder, chosen)
        archive.unlink()
        (folder / "whole").touch()
    return folder


def skies() -> dict[str, Path]:
    """The skies of `@pmndrs/assets`, by name; skips the test where they cannot be had."""
    folder = CACHE / "pmndrs_assets"
    if not (folder / "whole").is_file():
        if shutil.which("npm") is None:
            pytest.skip("no npm here, which carries the skies of @pmndrs/assets")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _fetch(["npm", "pack", "--silent", "--fetch-retries=0", "--pack-destination", str(folder), "@pmndrs/assets@1.7.0"])
        (archive,) = folder.glob("*.tgz")
        with tarfile.open(archive) as content:
            for member in content:
                match = re.fullmatch(r"package/hdri/(\w+)\.exr\.js", member.name)
                stream = content.extractfile(member) if match and member.size < LARGEST else None
                if match and stream:
                    text = stream.read().decode("ascii")
                    (folder / f"{match[1]}.exr").write_bytes(base64.b64decode(text[text.index("base64,") + 7 :].rstrip("'\";\n ")))
        archive.unlink()
        (folder / "whole").touch()
    return {path.stem: path for path in sorted(folder.glob("*.exr"))}


def _fetch(command: list[str]) -> None:
    """Run a registry's client; skips the test where it is offline or has no such package."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"cannot fetch {command[-1]}: {error}")
    if run.returncode:
        lines = run.stderr.strip().splitlines() or ["no reason given"]
        pytest.skip(f"cannot fetch {command[-1]}: {lines[-1][:200]}")
