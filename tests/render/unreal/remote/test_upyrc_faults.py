"""The faults of upyrc 0.12's remote execution for which ours exists, shown on the same fake editor.

Should one of these fail with a later upyrc, that fault is mended there. Ours against the same faults: ``test_connection``,
``test_discovery``. No call of upyrc's is waited for without an end: what spins runs on a thread and is stopped by taking its socket away.
"""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.render.unreal.fake_editor import FakeEditor, free_port
from tests.render.unreal.fake_network import GROUP
from tests.render.unreal.links import fake_editor, faults

pytest.importorskip("upyrc")
from upyrc import upyre

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="upyrc's sockets behave differently elsewhere")
PATIENT = "dials_after=0.05"
"""Without it upyrc often misses the call: see the test of that."""


@contextmanager
def plain(port: int) -> Iterator[Any]:
    """upyrc's connection, not yet opened, on the interface that works on Linux."""
    config = upyre.RemoteExecutionConfig(multicast_group=(GROUP, port), multicast_bind_address="0.0.0.0", project_name="CatRender")
    try:
        connection = upyre.PythonRemoteConnection(config)
    except OSError as error:
        if error.errno == errno.ENODEV:
            pytest.skip("upyrc cannot join a multicast group on a machine without a network")
        raise
    try:
        yield connection
    finally:
        connection.mcastsock.close()
        commands = connection.remote_command_connection
        if commands is not None:
            commands.cmd_connection.close()
            commands.cmd_sock.close()


def test_it_spins_for_ever_when_the_editor_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    parses = 0
    loads = upyre.json.loads

    def counting(data: bytes) -> Any:
        nonlocal parses
        parses += 1
        return loads(data)

    with fake_editor("dies", PATIENT, clean=0) as fake, plain(fake.port) as connection:
        connection.open_connection()
        monkeypatch.setattr(upyre.json, "loads", counting)

        def run() -> None:
            with suppress(OSError):
                connection.execute_python_command("1", timeout=0.02)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(0.2)
        assert thread.is_alive() and parses > 100, "ten times its own timeout, and busy all the while"
        connection.remote_command_connection.cmd_connection.close()
        thread.join(5)
        assert not thread.is_alive()


def test_its_timeout_is_an_attribute_error() -> None:
    with fake_editor("hangs", PATIENT, clean=0) as fake, plain(fake.port) as connection:
        connection.open_connection()
        with pytest.raises(AttributeError, match="NoneType"):
            connection.execute_python_command("1", timeout=0.02)


def test_a_character_cut_in_two_is_an_error() -> None:
    with fake_editor("drips=1", PATIENT, clean=0) as fake, plain(fake.port) as connection:
        connection.open_connection()
        with pytest.raises(UnicodeDecodeError):
            connection.execute_python_command("'é'", timeout=2)


def test_it_asks_to_be_dialled_before_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_editor() as fake, plain(fake.port) as connection:

        class Late:
            """In the place of what comes after the request: as when the client is not given the processor for a moment."""

            def __init__(self, *_: object) -> None:
                deadline = threading.Event()
                for _ in range(100):
                    if "nobody listens" in dict(fake.heard):
                        raise InterruptedError("the editor has dialled in vain")
                    deadline.wait(0.01)

        monkeypatch.setattr(upyre, "PythonRemoteCommandConnection", Late)
        with pytest.raises(InterruptedError, match="in vain"):
            connection.open_connection()


def test_it_takes_one_of_two_editors_of_a_project_without_a_word() -> None:
    port = free_port()
    with FakeEditor(port, faults=faults(PATIENT)) as one, FakeEditor(port, faults=faults(PATIENT)) as other, plain(port) as connection:
        connection.open_connection()
        assert connection.unreal_node_id in (one.id, other.id)


def test_it_gives_up_after_one_ping_and_half_a_second() -> None:
    with fake_editor("pong_after=0.6") as fake, plain(fake.port) as connection:
        with pytest.raises(upyre.ConnectionError):
            connection.open_connection()
        assert [kind for kind, _ in fake.heard] == ["ping"]


def test_it_cannot_be_opened_again_and_leaves_two_descriptors_behind() -> None:
    with fake_editor(PATIENT) as fake, plain(fake.port) as connection:
        connection.open_connection()
        connection.close_connection()
        commands = connection.remote_command_connection
        assert commands.cmd_sock.fileno() >= 0 and commands.cmd_connection.fileno() >= 0
        with pytest.raises(OSError, match="Bad file descriptor"):
            connection.open_connection()


def test_an_answer_for_another_client_is_taken_for_its_own_or_both_are_lost() -> None:
    with fake_editor("others_first", PATIENT, clean=0) as fake, plain(fake.port) as connection:
        connection.open_connection()
        try:
            found = connection.execute_python_command("'mine'", timeout=0.1).result
        except AttributeError:  # both came in one piece, which it cannot take apart: both are lost
            found = None
        assert found in ("another's", None)


def test_it_takes_remote_execution_that_is_off_for_on(tmp_path: Path) -> None:
    (tmp_path / "Config").mkdir()
    (tmp_path / "P.uproject").write_text("{}", encoding="utf-8")
    ini = "[/Script/PythonScriptPlugin.PythonScriptPluginSettings]\nbRemoteExecution=False\n"
    (tmp_path / "Config" / "DefaultEngine.ini").write_text(ini, encoding="utf-8")
    assert upyre.RemoteExecutionConfig.from_uproject_path(tmp_path / "P.uproject").PROJECT_NAME == "P"
