"""The server of cat-view over plain HTTP, and the command around it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cat_dataset.images import decode_rgb
from cat_dataset.view.app import app
from cat_dataset.view.assets import assets
from tests.cat_dataset.view.view_site import EVIL, Site, flip, make_site, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("site")
    make_site(root)
    with served(root) as one:
        yield one


def test_pictures_are_the_bytes_of_the_series(site: Site) -> None:
    for frame in range(5):
        status, headers, body = site.get(f"/picture/turn_1/{frame}")
        assert (status, headers["Content-Type"]) == (200, "image/png")
        assert body == (site.root / "series" / "turn_1" / "frames" / f"{frame:04d}.png").read_bytes()
    status, headers, body = site.get("/thumbnail/turn_1/0")
    assert (status, headers["Content-Type"], decode_rgb(body).shape) == (200, "image/jpeg", (48, 64, 3))


def test_the_page_and_its_data(site: Site) -> None:
    for name, content in assets().items():
        status, headers, body = site.get(f"/{name}")
        assert (status, body) == (200, content)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert site.get("/")[2] == assets()["index.html"]
    assert site.get("/data.js")[2] == b"const catViewData = null;\n"
    assert site.json("/api/dataset")["series"] == 7
    assert [card["id"] for card in site.json("/api/list?text=MUG&page=0")["cards"]] == ["turn_0", "turn_1", "turn_2", "turn_3"]
    assert [card["id"] for card in site.json("/api/list?flagged=1")["cards"]] == ["iso_room"]
    assert site.json("/api/list?page=-1")["cards"] == site.json("/api/list?page=x")["cards"] == site.json("/api/list")["cards"]
    assert site.json("/api/list?page=999999999")["cards"] == []
    assert site.json("/api/series/evil")["object"] == EVIL


def test_an_unchanged_picture_is_not_sent_again(site: Site) -> None:
    tag = site.get("/picture/turn_1/2")[1]["ETag"]
    status, _, body = site.get("/picture/turn_1/2", If_None_Match=tag)
    assert (status, body) == (304, b"")
    assert site.get("/picture/turn_1/3", If_None_Match=tag)[0] == 200
    assert site.get("/thumbnail/turn_1/2", If_None_Match=tag)[0] == 200


def test_only_the_head(site: Site) -> None:
    status, headers, body = site.get("/picture/turn_1/2", method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) == len(site.get("/picture/turn_1/2")[2])
    assert site.get("/", method="POST")[0] == 501


@pytest.mark.parametrize(
    "path",
    [
        "/picture/turn_1/5", "/picture/turn_1/-1", "/picture/nobody/0", "/picture/turn_1/0/", "/picture/turn_1/%33",
        "/../../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/picture/../../etc/passwd/0", "//etc/passwd", "/page/index.html", "/server.py",
        "/api/series/nobody", "/api/series/..", "/api/", "/favicon.ico", "/index.html/", "/api/list?" + "&".join(["a=1"] * 50),
    ],
)  # fmt: skip
def test_addresses_that_are_not_ours(site: Site, path: str) -> None:
    status, headers, body = site.get(path)
    assert (status, headers["Content-Type"]) == (404, "application/json")
    assert json.loads(body)["error"]


def test_an_address_that_is_none(site: Site) -> None:
    assert site.get("http://[bad/", Host="localhost")[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1", "a b"])
def test_names_that_another_site_could_point_here(site: Site, host: str) -> None:
    for path in ("/", "/api/dataset", "/picture/turn_1/0"):
        status, _, body = site.get(path, Host=host)
        assert (status, "not one of ours" in json.loads(body)["error"]) == (403, True)


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1:80", "[::1]:8080", "192.168.1.5:8080"])
def test_names_that_are_ours(site: Site, host: str) -> None:
    assert site.get("/api/dataset", Host=host)[0] == 200


def test_a_damaged_and_a_missing_shard_are_said_in_words(tmp_path: Path) -> None:
    dataset = make_site(tmp_path, turns=1)
    flip(dataset, dataset.rows("turn_0")[2])
    with served(tmp_path) as site:
        for kind in ("picture", "thumbnail"):
            status, headers, body = site.get(f"/{kind}/turn_0/2")
            assert (status, headers["Content-Type"]) == (500, "application/json")
            assert re.match(r"\w+-00000\.tar: \d+ bytes at offset \d+ do not match their CRC-32", json.loads(body)["error"])
            assert str(tmp_path) not in body.decode()
        assert site.get("/picture/turn_0/1")[0] == 200
    with served(tmp_path) as site:
        for shard in (tmp_path / "shards").iterdir():
            shard.unlink()
        status, _, body = site.get("/picture/turn_0/1")
        assert (status, "is gone" in json.loads(body)["error"]) == (500, True)


def refused(root: Path, *flags: str) -> str:
    """The one line of a command that must refuse."""
    result = CliRunner().invoke(app, [str(root / "manifests"), "--no-browser", *flags])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    return result.output


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    assert "is not a folder" in refused(tmp_path)
    make_site(tmp_path, turns=1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} is in use" in refused(tmp_path, "--port", str(port))
    assert "is no address of this machine" in refused(tmp_path, "--host", "203.0.113.7", "--port", "0")
    assert "--shards is empty" in refused(tmp_path, "--shards", "")
    shard = next((tmp_path / "shards").iterdir())
    shard.write_bytes(shard.read_bytes()[:-512])
    assert f"{shard.name} has" in refused(tmp_path)
    shard.unlink()
    assert f"{shard.name} is absent" in refused(tmp_path)
    (tmp_path / "manifests" / "dataset.json").unlink()
    assert "unfinished build" in refused(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_ended_cleanly(site: Site, number: int) -> None:
    command = [sys.executable, "-m", "cat_dataset.view.app", str(site.root / "manifests"), "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        assert re.fullmatch(r"serving http://127\.0\.0\.1:\d+/ \(Ctrl-C ends it\)\n", line)
        process.send_signal(number)
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()
        assert (process.stdout.read(), process.stderr.read()) == ("stopped\n", "")


def test_a_dataset_that_was_built_again_is_not_shown(tmp_path: Path) -> None:
    make_site(tmp_path)
    with served(tmp_path) as one:
        assert one.get("/picture/turn_1/0")[0] == 200
        described = tmp_path / "manifests" / "dataset.json"
        data = described.read_bytes()
        described.unlink()
        for address in ("/api/dataset", "/api/list", "/picture/turn_1/0"):
            status, _, body = one.get(address)
            assert status == 500
            assert "restart cat-view" in json.loads(body)["error"]
        described.write_bytes(data + b" ")
        assert one.get("/api/dataset")[0] == 500
        assert one.get("/")[0] == 200
