"""Being dialled by the editor that was asked, and by nobody else.

The editor opens the connection, not we. So we listen first and ask then; it may dial at once, late, or never. Anybody on the
machine can dial a port: each caller is given a harmless command, and the one whose answer carries the editor's id is the
editor. The others are hung up on.
"""

from __future__ import annotations

import selectors
import socket
import uuid
from contextlib import suppress
from dataclasses import dataclass, field

from render.unreal.errors import BadReply, EditorGone, EditorSilent, WrongEditor
from render.unreal.remote.deadline import Deadline
from render.unreal.remote.discovery import Editor
from render.unreal.remote.network import LOOPBACK, Group
from render.unreal.remote.stream import Stream
from render.unreal.remote.wire import Client

ASK_AGAIN = 0.25
"""Seconds without a caller after which the editor is asked again, by the next way; twice as long every time. Datagrams get lost."""
MOST_CALLERS = 8
EVALUATE = "EvaluateStatement"


@dataclass
class Callers:
    """Everybody who has dialled and has not said yet who they are."""

    client: Client
    editor: Editor
    waiting: list[Stream] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def add(self, connected: socket.socket, deadline: Deadline) -> Stream | None:
        """Ask a new caller who it is; None where it is not to be waited for."""
        caller = Stream(connected, str(self.editor))
        if len(self.waiting) < MOST_CALLERS:
            with suppress(EditorGone):
                caller.send(self.client.command(self.editor.id, repr(uuid.uuid4().hex), EVALUATE), deadline)
                self.waiting.append(caller)
                return caller
        self.refused.append("hung up" if len(self.waiting) < MOST_CALLERS else "one caller too many")
        caller.close()
        return None

    def hear(self, caller: Stream, deadline: Deadline) -> bool:
        """Whether ``caller`` has just shown to be the editor."""
        try:
            for found in caller.read(deadline):
                message = self.client.read(found)
                if message is None or message.type != "command_result":
                    continue
                if message.source == self.editor.id:
                    return True
                self.refuse(caller, f"node {message.source[:8]!r}")
                return False
        except EditorGone:
            self.refuse(caller, "hung up")
        except BadReply as error:
            self.refuse(caller, str(error))
        return False

    def refuse(self, caller: Stream, reason: str) -> None:
        """Wait for this one no more; whoever called closes it."""
        self.refused.append(reason)
        self.waiting.remove(caller)


def dialled_by(editor: Editor, client: Client, deadline: Deadline) -> Stream:
    """A connection to ``editor``, which is asked to dial us.

    Raises:
        EditorSilent: it has not dialled, or not answered, before the deadline.
        WrongEditor: only others have dialled.
    """
    callers, heard = Callers(client, editor), False
    with (
        socket.create_server((editor.network.command_host, 0), backlog=MOST_CALLERS) as listener,
        Group(editor.network) as group,
        selectors.DefaultSelector() as events,
    ):
        host, port = listener.getsockname()[:2]
        ways = sorted(group.ways, key=lambda way: (way == LOOPBACK) != editor.address.startswith("127."))
        asked, ask_at = 0, deadline.seconds
        events.register(listener, selectors.EVENT_READ)
        try:
            while not deadline.passed:
                if not callers.waiting and deadline.left <= ask_at:
                    group.send(client.open_connection(editor.id, host, port), ways[asked % len(ways)])
                    asked, ask_at = asked + 1, deadline.left - ASK_AGAIN * 2**asked
                until_asking = deadline.left if callers.waiting else max(0.0, deadline.left - ask_at)
                for key, _ in events.select(deadline.timeout(until_asking)):
                    caller: Stream | None = key.data
                    if caller is None:
                        caller = callers.add(listener.accept()[0], deadline)
                        if caller is not None:
                            events.register(caller, selectors.EVENT_READ, caller)
                        continue
                    if callers.hear(caller, deadline):
                        callers.waiting.remove(caller)
                        return caller
                    if caller not in callers.waiting:
                        events.unregister(caller)
                        caller.close()
        except EditorSilent:  # somebody who does not take or end a message: the deadline has passed
            pass
        finally:
            heard = bool(callers.waiting)
            for caller in callers.waiting:
                caller.close()
    if callers.refused:
        raise WrongEditor(f"{editor} was asked to connect, but others did ({'; '.join(callers.refused[:4])}): is it still running?")
    did = "has dialled but not answered" if heard else "has not dialled"
    raise EditorSilent(f"{editor} {did} in {deadline.seconds:g} s: it is busy, shows a dialog, or has been closed")
