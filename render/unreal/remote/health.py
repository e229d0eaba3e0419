"""How an editor is, asked over Unreal's Remote Control (HTTP, port 30010, plugin "Remote Control API").

For health only: it answers while Python is busy, but cannot create assets. The client, its routes and the meaning of the
answers are upyrc's; the transport below it is ours, for upyrc's (requests) bounds neither the time nor the size of an answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from render.unreal.errors import BadReply, EditorFailure
from render.unreal.remote.deadline import Deadline
from render.unreal.remote.extra import upyrc
from render.unreal.remote.http import request
from render.unreal.remote.wire import printable

HOST, PORT, SECONDS = "127.0.0.1", 30010, 3.0


@dataclass(frozen=True)
class Health:
    """What Remote Control says of itself: how many routes it serves, the active preset, and how long it took to say so."""

    routes: int
    preset: str
    seconds: float


def info(host: str = HOST, port: int = PORT, deadline: float = SECONDS) -> Health:
    """Ask.

    Raises:
        EditorGone: nobody listens.
        EditorSilent: no whole answer in time.
        BadReply: something else than Remote Control answers.
    """
    said = _client()(host=host, port=port, timeout=deadline).infos()
    routes = said.get("HttpRoutes") if isinstance(said, dict) else None
    if not isinstance(routes, list):
        raise BadReply(f"what answers at {host}:{port} is not Unreal's Remote Control")
    return Health(len(routes), printable(said.get("ActivePreset")), said["__request_time_elapsed"].total_seconds())


def alive(host: str = HOST, port: int = PORT, deadline: float = SECONDS) -> bool:
    """Whether Remote Control answers, as it should and in time."""
    try:
        info(host, port, deadline)
    except EditorFailure:
        return False
    return True


@cache
def _client() -> Any:
    """upyrc's client over a transport with bounds; made when first needed, since upyrc is optional."""
    module = upyrc()

    class Client(module.URConnection):  # type: ignore[misc,name-defined]
        def run_request(self, route_infos: dict[str, str], json: Any = None, timeout: float | None = None) -> Any:
            return _ask(self._host, self._port, route_infos, json, timeout or self._timeout)

    return Client


def _ask(host: str, port: int, route: dict[str, str], body: Any, seconds: float) -> Any:
    """The answer to one request, as upyrc's client expects it: None for an empty body, the time taken put in."""
    deadline = Deadline(seconds)
    raw = None if body is None else json.dumps(body).encode("utf-8")
    status, answer = request(host, port, route["method"].upper(), route["route"], raw, deadline)
    if status != 200:
        raise BadReply(f"Remote Control at {host}:{port} answers /{route['route']} with status {status}")
    if not answer:
        return None
    try:
        found = json.loads(answer.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadReply(f"Remote Control at {host}:{port} answers something that is not JSON ({error})") from error
    if isinstance(found, dict):
        found["__request_time_elapsed"] = timedelta(seconds=seconds - deadline.left)
    return found
