"""A small dataset for the tests of cat-view, and a server of it on a free port."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cat_dataset.checking.sanity import Finding
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.view.catalogue import Catalogue
from cat_dataset.view.flags import Flags
from cat_dataset.view.pictures import Pictures
from cat_dataset.view.server import ViewServer
from tests.cat_dataset.factory import build_dataset, make_series

EVIL = "<img src=x onerror=\"document.title='owned'\">"
SIZE = (64, 48)
ANGLES = [-60.0, -30.0, 0.0, 30.0, 60.0]


def make_site(root: Path, *, turns: int = 4) -> Dataset:
    """``turns`` rotations, an ISO series out of order, one that varies two attributes, and one with hostile texts."""
    series = root / "series"
    for number in range(turns):
        make_series(series, f"turn_{number}", {"rotation_z": ANGLES}, object="mug", size=SIZE, seed=number)
    make_series(
        series,
        "iso_room",
        {"iso": [800.0, 100.0, 1600.0, 200.0]},
        source="dslr",
        scene={"scene": "room"},
        object="scene",
        size=SIZE,
        seed=50,
    )
    states = [(ev, kelvin) for ev in (-1.0, 0.0, 1.5) for kelvin in (4000.0, 5600.0)]
    both = {"exposure": [ev for ev, _ in states], "white_balance": [kelvin for _, kelvin in states]}
    make_series(series, "both", both, source="dslr", scene={"scene": "hall"}, object="hall", size=SIZE, seed=60)
    make_series(
        series,
        "evil",
        {"gamma": [1.0, 1.5, 2.0]},
        scene={"asset": "<script>document.title='owned'</script>"},
        object=EVIL,
        size=SIZE,
        seed=70,
    )
    return build_dataset(root, split={"train": 0.5, "validation": 0.25, "test": 0.25})


def flip(dataset: Dataset, row: int) -> None:
    """Flip one bit in the middle of the picture of a row."""
    frame = dataset.frames.iloc[row]
    with open(Path(str(dataset.shards)) / frame["shard"], "rb+") as stream:
        stream.seek(int(frame["offset"]) + int(frame["size"]) // 2)
        byte = stream.read(1)[0]
        stream.seek(-1, 1)
        stream.write(bytes([byte ^ 1]))


@dataclass
class Site:
    """A dataset being served."""

    root: Path
    dataset: Dataset
    server: ViewServer

    @property
    def url(self) -> str:
        return self.server.url

    def get(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body; the path is sent as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host="Host" in headers)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()
        finally:
            connection.close()

    def json(self, path: str) -> Any:
        status, _, body = self.get(path)
        assert status == 200, body
        return json.loads(body)


@contextmanager
def served(root: Path, flags: Flags | None = None) -> Iterator[Site]:
    """Serve the dataset in ``root`` on a free port of this machine."""
    dataset = open_dataset(root / "manifests")
    found = flags or Flags([Finding("iso_room", 2, "exposure jump", "brighter than it should be")])
    server = ViewServer(Catalogue(dataset, found), Pictures(dataset), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Site(root, dataset, server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
