"""An Unreal editor as far as remote execution can tell: the real protocol over multicast and TCP, with faults as switches.

Written from the protocol, not from our client: it shares no code with ``render``. In process (``with FakeEditor(...)``, on
threads) or as a process that can be killed (``started(...)``, ``python -m tests.render.unreal.fake_editor --port N``).

Faults: a name and, for some, a number. Those that begin with a command leave the first ``clean`` commands of every connection
alone (our client's first one asks who is there; 0 for clients without one).

    silent            never answers a ping           dies         is gone as the command arrives (a process: exits with 134)
    pong_after=S      answers S seconds later         rst          resets the connection as the command arrives
    noise             garbage and others' messages    hangs        never answers a command
    never_dials       ignores open_connection         answers_after=S  takes S seconds for a command
    dials_after=S     takes S seconds to dial         half         sends half of the answer and closes
    stranger          somebody else dials first       drips=N      sends N bytes at a time
    impostor          dials, but with another id      garbage      answers something that is not JSON
    deaf              dials, and reads nothing        latin1       answers JSON in another encoding than UTF-8
    closes            closes after each answer        endless      answers without an end
    others_first      another client's answer first   changes      answers with another id from then on
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import socket
import struct
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from tests.render.unreal.fake_network import GROUP, MAGIC, NOISE, VERSION, answer, free_port, message, multicast, objects
from tests.render.unreal.fake_process import started
from tests.render.unreal.fake_python import Interpreter

__all__ = ["Execute", "FakeEditor", "free_port", "started"]

Execute = Callable[[str, str], tuple[bool, str, list[dict[str, str]]]]
"""``execute(code, mode)``: (success, result, output); output is a list of {"type": "Info", "output": text}."""


class FakeEditor:
    """One editor. A context manager. ``heard`` lists what has reached it: ("ping", source), ("command", code), ..."""

    def __init__(
        self,
        port: int,
        project: str = "CatRender",
        *,
        faults: Mapping[str, float] | None = None,
        clean: int = 1,
        execute: Execute | None = None,
        root: str | None = None,
        engine: str = "5.5.4-40574608+++UE5+Release-5.5",
        interface: str = "0.0.0.0",
        as_process: bool = False,
    ) -> None:
        self.id, self.port, self.project, self.clean = str(uuid.uuid4()), port, project, clean
        self.faults = dict(faults or {})
        self.heard: list[tuple[str, str]] = []
        self.about = {
            "user": "somebody", "machine": "workstation", "engine_version": engine, "engine_root": "/opt/UE/Engine/",
            "project_root": root or f"/projects/{project}/", "project_name": project,
        }  # fmt: skip
        self._execute = execute or Interpreter()
        self._as_process = as_process
        self._ended = threading.Event()
        self._connection: socket.socket | None = None
        self._client = ""
        self._udp, self.way = multicast(port, interface)
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> FakeEditor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Close everything, as an editor does that ends."""
        self._ended.set()
        self._hang_up()
        with suppress(OSError):  # wakes who waits at it on Linux, though it complains
            self._udp.shutdown(socket.SHUT_RDWR)
        self._udp.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=2)

    def _say(self, kind: str, dest: str, data: Mapping[str, Any] | None = None) -> None:
        with suppress(OSError):
            self._udp.sendto(message(kind, self.id, dest, data), (GROUP, self.port))

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                raw, _ = self._udp.recvfrom(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            with suppress(ValueError, KeyError, TypeError, RecursionError):
                heard = json.loads(raw)
                if heard["magic"] == MAGIC and heard["version"] == VERSION and heard.get("dest") in (None, self.id):
                    self._take(heard)

    def _take(self, heard: dict[str, Any]) -> None:
        kind, source = heard["type"], heard["source"]
        if source == self.id:
            return
        self.heard.append((kind, source))
        if kind == "ping" and "silent" not in self.faults:
            self._later(self.faults.get("pong_after", 0.0), self._pong, source)
        elif kind == "open_connection" and "never_dials" not in self.faults:
            self._later(self.faults.get("dials_after", 0.0), self._dial, source, heard["data"])
        elif kind == "close_connection" and source == self._client:
            self._hang_up()

    def _later(self, seconds: float, what: Callable[..., None], *words: Any) -> None:
        def run() -> None:
            if not self._ended.wait(seconds):
                what(*words)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _pong(self, client: str) -> None:
        if "noise" in self.faults:
            others = message("pong", "someone-else", client, self.about)
            spoilt = (others.replace(b'"ue_py"', b'"other"'), others.replace(b'"version": 1', b'"version": 2'))
            for noise in (*NOISE, *spoilt, message("pong", "someone-else", "another-client", self.about)):
                with suppress(OSError):
                    self._udp.sendto(noise, (GROUP, self.port))
        self._say("pong", client, self.about)

    def _dial(self, client: str, data: Mapping[str, Any]) -> None:
        address = (data["command_ip"], data["command_port"])
        stranger = None
        if "stranger" in self.faults:
            with suppress(OSError):
                stranger = socket.create_connection(address, timeout=2)
        self._hang_up()  # an editor has one client at a time; a new one takes it
        try:
            connection = socket.create_connection(address, timeout=2)
        except OSError:
            self.heard.append(("nobody listens", client))
            return
        self._connection, self._client = connection, client
        self.heard.append(("dialled", client))
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            self._serve(connection, client)
        connection.close()
        if stranger is not None:
            stranger.close()

    def _serve(self, connection: socket.socket, client: str) -> None:
        if "deaf" in self.faults:
            self._ended.wait()
        for number, asked in enumerate(objects(connection)):
            data = asked["data"]
            self.heard.append(("command", data["command"]))
            faults = self.faults if number >= self.clean else {}
            if "dies" in faults:
                if self._as_process:
                    os._exit(134)
                return
            if "rst" in faults:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if "hangs" in faults or self._ended.wait(faults.get("answers_after", 0.0)):
                self._ended.wait()
                return
            success, result, output = self._execute(data["command"], data["exec_mode"])
            identity = str(uuid.uuid4()) if "changes" in faults or "impostor" in self.faults else self.id
            said = {"success": success, "command": data["command"], "result": result, "output": output}
            if "others_first" in faults:
                connection.sendall(message("command_result", self.id, "another-client", {**said, "result": "another's"}))
            answer(connection, message("command_result", identity, client, said), faults, self._ended)
            if "closes" in faults:
                return

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=6766)
    parser.add_argument("--project", default="CatRender")
    parser.add_argument("--root")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[=NUMBER]")
    parser.add_argument("--clean", type=int, default=1)
    parser.add_argument("--hook", metavar="MODULE:FUNCTION", help="what runs the commands: execute(code, mode)")
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    execute = None
    if options.hook:
        module, _, name = options.hook.partition(":")
        execute = getattr(importlib.import_module(module), name)
    faults = {name: float(number or 1) for name, _, number in (fault.partition("=") for fault in options.fault)}
    with FakeEditor(
        options.port, options.project, faults=faults, clean=options.clean, execute=execute, root=options.root, as_process=True
    ) as editor:
        print("ready", editor.id, flush=True)
        time.sleep(options.seconds)


if __name__ == "__main__":
    main()
