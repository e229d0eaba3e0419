"""Series, shards and manifests on S3 (a real server on loopback) and over HTTP."""

from __future__ import annotations

import http.server
import os
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from cat_dataset.errors import InputError, ManifestError, UsageError
from cat_dataset.folders import LocalFolder, RemoteFolder, folder_at
from cat_dataset.frames import FrameReader
from cat_dataset.manifests import open_dataset
from cat_dataset.pairs import PairIndex
from tests.cat_dataset.building.test_build import run, tree
from tests.cat_dataset.factory import make_collection, make_series, read_all

PLACES = ("--series", "s3://lab/series", "--shards", "s3://lab/set/shards", "--manifests", "s3://lab/set/manifests")


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    make_collection(tmp_path / "series", rotations=3, isos=2, frames=3)
    return tmp_path


def objects(system: object, below: str) -> dict[str, bytes]:
    return {path.removeprefix(below): system.cat_file(path) for path in system.find(below)}  # type: ignore[attr-defined]


def test_from_s3_to_s3(collection: Path, s3) -> None:
    s3.put(str(collection / "series"), "lab/series", recursive=True)
    assert "ok: 15 frames in 5 series" in run(collection, *PLACES)
    run(collection)
    local = tree(collection)
    remote = {f"{name.removeprefix('/')}": data for name, data in objects(s3, "lab/set").items()}
    assert remote == local, "the same bytes as a local build"
    assert read_all("s3://lab/set/manifests") == (15, 5)
    near, far = open_dataset(collection / "manifests"), open_dataset("s3://lab/set/manifests")
    assert PairIndex(near).fingerprint() == PairIndex(far).fingerprint()
    assert [PairIndex(far).pair(i) for i in range(50)] == [PairIndex(near).pair(i) for i in range(50)]


def test_a_remote_dataset_grows(collection: Path, s3) -> None:
    places = ("--shards", "s3://lab/set/shards", "--manifests", "s3://lab/set/manifests")
    run(collection, *places)
    before = objects(s3, "lab/set/shards")
    make_series(collection / "series", "late", {"iso": [100.0, 200.0]}, scene={"asset": "late"}, seed=90)
    run(collection, *places)
    after = objects(s3, "lab/set/shards")
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1
    assert read_all("s3://lab/set/manifests") == (17, 6)
    assert not list((collection / "cache" / "builds").rglob("*.tar"))


def test_what_is_gone_or_changed_is_named(collection: Path, s3) -> None:
    places = ("--shards", "s3://lab/set/shards", "--manifests", "s3://lab/set/manifests")
    run(collection, *places)
    dataset = open_dataset("s3://lab/set/manifests")
    reader = FrameReader(dataset)
    name = dataset.series["shard"].iloc[0]
    data = bytearray(s3.cat_file(f"lab/set/shards/{name}"))
    data[int(dataset.columns.offset[0]) + 20] ^= 1
    s3.pipe_file(f"lab/set/shards/{name}", bytes(data))
    with pytest.raises(ManifestError, match=rf"s3://lab/set/shards/{name}: .* do not match their CRC-32"):
        reader.read(0)
    s3.rm(f"lab/set/shards/{name}")
    with pytest.raises(ManifestError, match=rf"s3://lab/set/shards/{name} is gone"):
        reader.read(0)
    with pytest.raises(ManifestError, match=rf"s3://lab/set/shards/{name} is absent"):
        open_dataset("s3://lab/set/manifests")
    s3.pipe_file("lab/set/manifests/frames.parquet", b"PAR1")
    os.rename(collection / "cache" / "manifests", collection / "old_copies")
    with pytest.raises(ManifestError, match=r"frames\.parquet does not match its sha256"):
        open_dataset("s3://lab/set/manifests")
    with pytest.raises(ManifestError, match=r"nowhere/dataset\.json is absent"):
        open_dataset("s3://lab/nowhere")


def test_local_manifests_of_remote_shards(collection: Path, s3) -> None:
    run(collection, "--shards", "s3://lab/tars")
    assert open_dataset(collection / "manifests").info["shards_folder"] == "s3://lab/tars"
    assert read_all(collection / "manifests") == (15, 5)
    assert "others could not find the shards" in " ".join(run(collection, "--manifests", "s3://lab/tables", code=2).split())


def test_a_place_that_cannot_be_reached_is_one_line(collection: Path, s3, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no-such-bucket" in run(collection, "--series", "s3://no-such-bucket/series", code=2)
    assert "nosuchscheme://x/y is no address that can be reached" in run(collection, "--series", "nosuchscheme://x/y", code=2)
    with pytest.raises(UsageError, match="no address"):
        folder_at("nosuchscheme://x")


def test_over_http(collection: Path) -> None:
    run(collection)
    handler = partial(RangedHandler, directory=str(collection))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        os.environ["CAT_CACHE"] = str(collection / "cache")
        try:
            dataset = open_dataset(f"{address}/manifests")
            assert read_all(f"{address}/manifests") == (15, 5)
            assert np.array_equal(dataset.columns.crc32, open_dataset(collection / "manifests").columns.crc32)
        finally:
            del os.environ["CAT_CACHE"]
            server.shutdown()


class RangedHandler(http.server.SimpleHTTPRequestHandler):
    """Python's server of files, taught to serve byte ranges."""

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        path = Path(self.translate_path(self.path))
        if wanted is None or not path.is_file():
            return super().do_GET()
        first, last = wanted.removeprefix("bytes=").split("-")
        data = path.read_bytes()
        part = data[int(first) : int(last or len(data) - 1) + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.mark.parametrize("kind", ["local", "remote"])
def test_folders_do_the_same(kind: str, tmp_path: Path, s3) -> None:
    folder = LocalFolder(tmp_path / "f") if kind == "local" else RemoteFolder("s3://lab/f")
    (tmp_path / "f").mkdir()
    assert folder.files("none") == {}
    for name, data in (("a.tar", b"0123456789"), ("b.tar", b"")):
        (tmp_path / "staged").write_bytes(data)
        folder.put(tmp_path / "staged", name)
        assert not (tmp_path / "staged").exists()
    assert folder.files() == {"a.tar": 10, "b.tar": 0}
    assert folder.sizes(["a.tar", "c.tar"]) == {"a.tar": 10}
    assert (folder.read("a.tar"), folder.read("a.tar", 3, 4), folder.read("a.tar", 8, 9)) == (b"0123456789", b"3456", b"89")
    with folder.open("a.tar") as stream:
        assert stream.read(4) + stream.read() == b"0123456789"
    for read in (folder.read, folder.open):
        with pytest.raises(FileNotFoundError):
            read("c.tar")
    folder.remove("a.tar")
    folder.remove("a.tar")
    assert folder.files() == {"b.tar": 0}
    assert str(folder.within("../g/h")) in (str(tmp_path / "f" / ".." / "g" / "h"), "s3://lab/g/h")
    (tmp_path / "staged").write_bytes(b"x")
    folder.within("sub").path.mkdir() if isinstance(folder, LocalFolder) else None
    folder.put(tmp_path / "staged", "sub/x.json")
    assert folder.subfolders() == ["sub"]
    assert folder.files("sub") == {"x.json": 1}
    with pytest.raises(InputError):
        folder.within("nowhere").subfolders()
