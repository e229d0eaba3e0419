"""Messages of the remote execution protocol: made with upyrc's, read with suspicion.

A message is a JSON object ``{version: 1, magic: "ue_py", type, source, [dest], [data]}``: over multicast ``ping``, ``pong``,
``open_connection``, ``close_connection`` (a datagram each), over TCP ``command`` and ``command_result``. Names, numbers and
shapes of the outgoing ones come from upyrc; everything that comes in may be anybody's.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from render.unreal.errors import BadReply
from render.unreal.remote.extra import upyre

LONGEST_TEXT = 400
"""Of a name or path that an editor says about itself; characters."""


@dataclass(frozen=True)
class Message:
    """What came in: its type, who sent it, for whom ("" for all), and its data."""

    type: str
    source: str
    dest: str
    data: dict[str, Any]


class Client:
    """Our side of a conversation: an id of our own and the messages that we send."""

    def __init__(self) -> None:
        self._upyre = upyre()
        self._config = self._upyre.RemoteExecutionConfig(local_uuid=str(uuid.uuid4()))
        self.id: str = self._config.LOCAL_UUID

    def ping(self) -> bytes:
        return bytes(self._upyre.PingMessage(self._config).to_data())

    def open_connection(self, editor: str, host: str, port: int) -> bytes:
        """Ask ``editor`` to dial ``host``:``port``."""
        self._config.COMMAND_ADDRESS = (host, port)
        return bytes(self._upyre.OpenConnectionMessage(editor, self._config).to_data())

    def close_connection(self, editor: str) -> bytes:
        return bytes(self._upyre.CloseConnectionMessage(editor, self._config).to_data())

    def command(self, editor: str, code: str, mode: str) -> bytes:
        """Have ``editor`` run ``code``. upyrc makes this one only inside of a connection of its own."""
        message = {
            "version": self._upyre.PROTOCOL_VERSION,
            "magic": self._upyre.UE_MAGIC,
            "type": self._upyre.PythonRemoteCommandConnection.TYPE,
            "source": self.id,
            "dest": editor,
            "data": {"command": code, "unattended": True, "exec_mode": mode},
        }
        return json.dumps(message).encode("utf-8")

    def read_datagram(self, raw: bytes) -> Message | None:
        """The message in a datagram for us; None for anything else: the group is open to everybody."""
        try:
            found = json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError):
            return None
        return self.read(found)

    def read(self, found: Any) -> Message | None:
        """The message in a JSON object for us, from somebody else; None where it is not one."""
        if not isinstance(found, dict):
            return None
        kind, source, dest, data = (found.get(key) for key in ("type", "source", "dest", "data"))
        if found.get("magic") != self._upyre.UE_MAGIC or found.get("version") != self._upyre.PROTOCOL_VERSION:
            return None
        if not (isinstance(kind, str) and isinstance(source, str) and source and len(source) <= LONGEST_TEXT):
            return None
        if source == self.id or dest not in (None, "", self.id):
            return None
        return Message(kind, source, dest or "", data if isinstance(data, dict) else {})


@dataclass(frozen=True)
class Reply:
    """What became of a command: whether it ran without an error, its value (or traceback), and what was printed and logged."""

    success: bool
    result: str
    output: str


def read_reply(data: dict[str, Any]) -> Reply:
    """The reply in a ``command_result``.

    Raises:
        BadReply: it does not say whether the command succeeded.
    """
    success, result, output = data.get("success"), data.get("result"), data.get("output")
    if not isinstance(success, bool):
        raise BadReply("the editor's answer does not say whether the command succeeded")
    lines = (
        [line["output"] for line in output if isinstance(line, dict) and isinstance(line.get("output"), str)]
        if isinstance(output, list)
        else []
    )
    return Reply(success, clean(result) if isinstance(result, str) else "", clean("".join(map(_ended, lines))))


def _ended(line: str) -> str:
    return line if line.endswith("\n") else line + "\n"


def clean(text: str) -> str:
    """``text`` with halves of surrogate pairs, which JSON can spell and no file can hold, replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def printable(value: Any) -> str:
    """What an editor says about itself, fit for a line of text."""
    text = clean(value)[:LONGEST_TEXT] if isinstance(value, str) else ""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
