"""Running Python in one editor, with an end to every wait."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from types import TracebackType

from render.unreal.errors import CommandFailed, EditorGone, NoMulticast, WrongEditor
from render.unreal.remote.deadline import Deadline
from render.unreal.remote.dialling import dialled_by
from render.unreal.remote.discovery import Editor
from render.unreal.remote.network import Group
from render.unreal.remote.stream import Stream
from render.unreal.remote.wire import Client, Reply, read_reply

CONNECT, RUN = 15.0, 60.0
"""Seconds, unless told."""
LONGEST_LINE = 300


class Mode(StrEnum):
    """How the editor takes the code: a file (or several statements), one statement, or an expression whose value is wanted."""

    FILE = "ExecuteFile"
    STATEMENT = "ExecuteStatement"
    EVALUATE = "EvaluateStatement"


class EditorLink:
    """A connection to one editor. A context manager.

    After an error the link is closed, since an answer that comes later would be taken for that of the next command (answers
    carry no number): ``reconnect``, or give it up.
    """

    def __init__(self, editor: Editor, client: Client, stream: Stream) -> None:
        self.editor = editor
        self._client = client
        self._stream: Stream | None = stream

    @classmethod
    def connect(cls, editor: Editor, deadline: float = CONNECT) -> EditorLink:
        """Have ``editor`` connect to us within ``deadline`` seconds. Any other client that it serves loses it.

        Raises:
            EditorSilent: it did not in time.
            WrongEditor: somebody else did.
        """
        client = Client()
        return cls(editor, client, dialled_by(editor, client, Deadline(deadline)))

    def __enter__(self) -> EditorLink:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether either side has closed it."""
        return self._stream is None or self._stream.ended

    def run(self, code: str, mode: Mode | str = Mode.STATEMENT, deadline: float = RUN, *, again: bool = False) -> str:
        """Run ``code`` in the editor; its value as text (``None`` unless it is an expression, in ``Mode.EVALUATE``).

        Args:
            deadline: seconds for everything, a new connection included.
            again: where the connection is lost, connect once more and run it once more. Only for code that may run twice:
                nobody can know whether it had run.

        Raises:
            CommandFailed: it raised; the error carries the traceback and the output.
            EditorGone: the connection is lost: the editor has crashed or was closed, or another client has taken it.
            EditorSilent: no answer in time. The code may still be running.
            BadReply: the answer is not the protocol.
        """
        reply = self.execute(code, mode, deadline, again=again)
        if not reply.success:
            lines = [line.strip() for line in (reply.result or reply.output).splitlines() if line.strip()]
            said = lines[-1][:LONGEST_LINE] if lines else "it does not say why"
            raise CommandFailed(f"Python in {self.editor} failed: {said}", reply.result, reply.output)
        return reply.result

    def execute(self, code: str, mode: Mode | str = Mode.STATEMENT, deadline: float = RUN, *, again: bool = False) -> Reply:
        """Like ``run``, but a failure of the code is an answer too, and what it printed comes with it."""
        mode, limit = Mode(mode), Deadline(deadline)
        try:
            return self._ask(code, mode, limit)
        except EditorGone:
            if not again or limit.passed:
                raise
        self.reconnect(limit.timeout())
        return self._ask(code, mode, limit)

    def reconnect(self, deadline: float = CONNECT) -> None:
        """A new connection to the same editor. One that was restarted has another id and is not the same: find it anew."""
        self._drop()
        self._stream = dialled_by(self.editor, self._client, Deadline(deadline))

    def close(self) -> None:
        """Let the editor go. Raises nothing, may be called twice."""
        if self._stream is None:
            return
        self._drop()
        with suppress(NoMulticast, OSError), Group(self.editor.network) as group:
            for way in group.ways:
                group.send(self._client.close_connection(self.editor.id), way)

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _ask(self, code: str, mode: Mode, deadline: Deadline) -> Reply:
        if self._stream is None or self._stream.ended:
            self._drop()
            raise EditorGone(f"there is no connection to {self.editor} any more; this command was not sent")
        try:
            self._stream.send(self._client.command(self.editor.id, code, mode.value), deadline)
            while True:
                for found in self._stream.read(deadline):
                    message = self._client.read(found)
                    if message is None or message.type != "command_result":
                        continue  # for somebody else, or of no concern
                    if message.source != self.editor.id:
                        raise WrongEditor(f"node {message.source[:8]!r} answers in the place of {self.editor}")
                    return read_reply(message.data)
        except BaseException:  # the answer may still come: never to the next command
            self._drop()
            raise
