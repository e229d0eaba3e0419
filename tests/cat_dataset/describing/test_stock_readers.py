"""Readers that know nothing of us see every frame of a dataset that our command made, with the right bytes and labels.

What is right is taken from the series folders that went in: series.json and the picture files themselves.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from cat_dataset.attributes import ATTRIBUTES
from tests.cat_dataset.factory import build_dataset, make_series

Key = tuple[str, int]


@dataclass(frozen=True)
class Expected:
    """One frame as its producer wrote it; ``pixels`` is the SHA-256 of the decoded RGB bytes."""

    data: bytes
    sha256: str
    pixels: str
    values: dict[str, float]
    source: str
    object: str
    size: tuple[int, int]


@dataclass(frozen=True)
class Built:
    """A dataset with its truth; ``extension`` is that of its pictures."""

    root: Path
    extension: str
    truth: dict[Key, Expected]

    @property
    def tars(self) -> list[str]:
        return sorted(str(path) for path in (self.root / "shards").glob("*.tar"))

    @property
    def manifests(self) -> Path:
        return self.root / "manifests"


@pytest.fixture(scope="module", params=["png", "jpg"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Three splits of several shards each; one attribute, another, both at once; labels that are whole numbers and not."""
    root, extension = tmp_path_factory.mktemp("stock"), request.param
    kinds: list[dict[str, list[float]]] = [
        {"rotation_z": [-60.0, 0.0, 0.125, 60.0]},
        {"iso": [100.0, 125.0, 6400.0]},
        {"iso": [200.0, 400.0], "exposure": [-1.5, 2.0]},
    ]
    for number in range(12):
        kind = kinds[number % 3]
        source = "dslr" if "iso" in kind else "blender"
        make_series(
            root / "series", f"some_{number}-x", kind, source=source, scene={"asset": f"a{number}"}, object=f"thing “{number}”",
            extension=extension, seed=number,
        )  # fmt: skip
    build_dataset(root, shard_size=14_000, image_format=extension)
    assert len(list((root / "shards").glob("train-*.tar"))) > 1
    return Built(root, extension, dict(truth_of(root / "series")))


def truth_of(folder: Path) -> Any:
    for path in sorted(folder.glob("*/series.json")):
        series = json.loads(path.read_text(encoding="utf-8"))
        for number, frame in enumerate(series["frames"]):
            data = (path.parent / frame["file"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == frame["sha256"]
            yield (
                (series["id"], number),
                Expected(
                    data, frame["sha256"], pixels_of(data), frame["values"], series["source"], series["object"],
                    (frame["width"], frame["height"]),
                ),
            )  # fmt: skip


def pixels_of(data: bytes) -> str:
    return hashlib.sha256(Image.open(io.BytesIO(data)).convert("RGB").tobytes()).hexdigest()


def check_sample(built: Built, sample: dict[str, Any], data: bytes) -> Key:
    """Compare a JSON member and its picture with the truth; returns which frame it is."""
    key = (sample["series"], sample["frame"])
    one = built.truth[key]
    assert data == one.data
    assert sample["sha256"] == one.sha256
    assert (sample["source"], sample["object"], (sample["width"], sample["height"])) == (one.source, one.object, one.size)
    assert {label["attribute"]: label["value"] for label in sample["labels"]} == one.values
    assert all(label["unit"] == ATTRIBUTES[label["attribute"]].unit and type(label["value"]) is float for label in sample["labels"])
    return key


def check_table(built: Built, rows: list[dict[str, Any]]) -> None:
    """Compare rows of frames.parquet, and the bytes that they point to, with the truth."""
    assert sorted((row["series"], row["frame"]) for row in rows) == sorted(built.truth)
    for row in rows:
        one = built.truth[row["series"], row["frame"]]
        assert row["sha256"] == one.sha256
        assert (row["width"], row["height"]) == one.size
        labels = {name.removeprefix("value_"): value for name, value in row.items() if name.startswith("value_") and not pd.isna(value)}
        assert labels == one.values
        with open(built.root / "shards" / row["shard"], "rb") as shard:
            shard.seek(row["offset"])
            assert shard.read(row["size"]) == one.data
        assert row["shard"].startswith(f"{row['split']}-")
        assert 0 < row["luminance"] < 1


def test_tarfile(built: Built) -> None:
    seen = []
    for path in built.tars:
        with tarfile.open(path) as tar:
            members = tar.getmembers()
            for picture, sample in zip(members[::2], members[1::2], strict=True):
                assert picture.name.rsplit(".", 1) == [sample.name.removesuffix(".json"), built.extension]
                read = [tar.extractfile(member) for member in (picture, sample)]
                data, text = (stream.read() for stream in read if stream is not None)
                seen.append(check_sample(built, json.loads(text), data))
    assert sorted(seen) == sorted(built.truth)


def test_webdataset(built: Built) -> None:
    webdataset = pytest.importorskip("webdataset")
    raw = webdataset.WebDataset(built.tars, shardshuffle=False)
    assert sorted(check_sample(built, json.loads(one["json"]), one[built.extension]) for one in raw) == sorted(built.truth)
    seen = []
    for image, sample in webdataset.WebDataset(built.tars, shardshuffle=False).decode("rgb8").to_tuple(built.extension, "json"):
        key = (sample["series"], sample["frame"])
        assert hashlib.sha256(image.tobytes()).hexdigest() == built.truth[key].pixels
        seen.append(key)
    assert sorted(seen) == sorted(built.truth)


def test_hugging_face_datasets(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the dataset card says: ``load_dataset("manifests")``, splits and pictures by its YAML header, nothing from the network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    datasets = pytest.importorskip("datasets")
    monkeypatch.chdir(built.root)
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset("manifests", cache_dir=str(tmp_path / "cache"))
    split_of = pd.read_parquet(built.manifests / "series.parquet").set_index("series")["split"].to_dict()
    assert set(loaded) == set(split_of.values()) == {"train", "validation", "test"}
    seen = []
    for split, rows in loaded.items():
        assert isinstance(rows.features[built.extension], datasets.Image)
        for row in rows.cast_column(built.extension, datasets.Image(decode=False)):
            key = check_sample(built, row["json"], row[built.extension]["bytes"])
            assert split_of[key[0]] == split
            seen.append(key)
        first = rows[0]
        picture = hashlib.sha256(first[built.extension].convert("RGB").tobytes()).hexdigest()
        assert picture == built.truth[first["json"]["series"], first["json"]["frame"]].pixels
    assert sorted(seen) == sorted(built.truth)
    table = datasets.load_dataset("parquet", data_files="manifests/frames.parquet", cache_dir=str(tmp_path / "cache"))["train"]
    check_table(built, table.to_list())


def test_pandas(built: Built) -> None:
    check_table(built, pd.read_parquet(built.manifests / "frames.parquet").to_dict("records"))
    series = pd.read_parquet(built.manifests / "series.parquet")
    for row in series.to_dict("records"):
        own = {key: one for key, one in built.truth.items() if key[0] == row["series"]}
        assert row["frames"] == len(own)
        assert sorted(row["varies"]) == sorted(own[row["series"], 0].values)
        assert row["object"] == own[row["series"], 0].object
        described = (built.root / "series" / row["series"] / "series.json").read_bytes()
        assert row["digest"] == hashlib.sha256(described).hexdigest()
        assert json.loads(row["provenance"]) == json.loads(described)["provenance"]


def test_duckdb(built: Built) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        result = connection.execute("select * from read_parquet(?)", [str(built.manifests / "frames.parquet")])
        names = [column[0] for column in result.description]
        check_table(built, [dict(zip(names, row, strict=True)) for row in result.fetchall()])
        counted = connection.execute(
            "select s.object, count(*), max(f.value_iso) from read_parquet(?) f join read_parquet(?) s using (series) "
            "where list_contains(s.varies, 'iso') group by all",
            [str(built.manifests / name) for name in ("frames.parquet", "series.parquet")],
        ).fetchall()
    wanted: dict[str, list[float]] = {}
    for one in built.truth.values():
        if "iso" in one.values:
            wanted.setdefault(one.object, []).append(one.values["iso"])
    assert {name: (count, most) for name, count, most in counted} == {name: (len(v), max(v)) for name, v in wanted.items()}


_MLCROISSANT = """
import hashlib, json, sys
import mlcroissant

dataset = mlcroissant.Dataset("manifests/croissant.json")
text = lambda value: value.decode() if isinstance(value, bytes) else value
for row in dataset.records("frames"):
    print(json.dumps({name.split("/")[1]: getattr(text(value), "item", lambda: text(value))() for name, value in row.items()}))
for split in ("train", "validation", "test"):
    for row in dataset.records(f"pictures-{split}"):
        row = {name.split("/")[1]: value for name, value in row.items()}
        pixels = hashlib.sha256(row["picture"].convert("RGB").tobytes()).hexdigest()
        print(json.dumps({"series": text(row["series"]), "frame": int(row["frame"]), "split": split, "pixels": pixels}))
"""


def test_mlcroissant(built: Built, tmp_path: Path) -> None:
    """In a process of its own: mlcroissant fixes its cache when it is imported, and unpacks tars into it."""
    pytest.importorskip("mlcroissant")
    environment = {**os.environ, "CROISSANT_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _MLCROISSANT], cwd=built.root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    check_table(built, [line for line in lines if "pixels" not in line])
    split_of = pd.read_parquet(built.manifests / "series.parquet").set_index("series")["split"].to_dict()
    seen = []
    for line in lines:
        if "pixels" in line:
            key = (line["series"], line["frame"])
            assert line["pixels"] == built.truth[key].pixels
            assert line["split"] == split_of[key[0]]
            seen.append(key)
    assert sorted(seen) == sorted(built.truth)
