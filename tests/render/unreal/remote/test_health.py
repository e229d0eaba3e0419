from __future__ import annotations

import socket
import time

import pytest

from render.unreal.errors import BadReply, EditorFailure, EditorGone, EditorSilent
from render.unreal.remote import health
from render.unreal.remote.deadline import Deadline
from render.unreal.remote.health import alive, info
from render.unreal.remote.http import request
from tests.render.unreal.fake_remote_control import ROUTES, FakeRemoteControl

pytest.importorskip("upyrc")
SOON = 0.08


def test_remote_control_that_is_well() -> None:
    with FakeRemoteControl() as server:
        found = info(port=server.port)
        assert (found.routes, found.preset) == (len(ROUTES), "") and 0 < found.seconds < health.SECONDS
        assert alive(port=server.port)
        assert server.heard == ["GET /remote/info HTTP/1.1"] * 2


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("hangs", EditorSilent, r"has not answered in 0\.08 s"),
        ("drips_head", EditorSilent, "has not answered"),
        ("drips_body", EditorSilent, "has not answered"),
        ("closes", EditorGone, "without an answer"),
        ("half", EditorGone, "in the middle of its answer"),
        ("not_http", BadReply, "does not speak HTTP"),
        ("not_json", BadReply, "not JSON"),
        ("other_json", BadReply, "is not Unreal's Remote Control"),
        ("empty", BadReply, "is not Unreal's Remote Control"),
        ("error", BadReply, "with status 500"),
    ],
)
def test_every_other_answer_is_told_apart_and_in_time(fault: str, error: type[EditorFailure], says: str) -> None:
    with FakeRemoteControl(fault) as server:
        before = time.monotonic()
        with pytest.raises(error, match=says) as caught:
            info(port=server.port, deadline=SOON)
        assert type(caught.value) is error and time.monotonic() - before < 1


def test_an_answer_beyond_the_limit_is_refused() -> None:
    with FakeRemoteControl("huge") as server, pytest.raises(BadReply, match="more than 1000 bytes"):
        request("127.0.0.1", server.port, "GET", "remote/info", None, Deadline(2), limit=1000)


def test_an_unknown_route_is_told() -> None:
    with FakeRemoteControl() as server, pytest.raises(BadReply, match="/remote/nothing with status 404"):
        health._ask("127.0.0.1", server.port, {"method": "get", "route": "remote/nothing"}, {}, 2)


def test_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert not alive(port=port)
    with pytest.raises(EditorGone, match="cannot be reached"):
        info(port=port)
