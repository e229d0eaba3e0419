from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from render.unreal.errors import BadReply, CommandFailed, EditorFailure, EditorGone, EditorSilent, WrongEditor
from render.unreal.remote import dialling, stream
from render.unreal.remote.connection import EditorLink, Mode
from render.unreal.remote.deadline import Deadline
from render.unreal.remote.discovery import find_editors
from render.unreal.remote.network import Network
from render.unreal.remote.wire import Reply, read_reply
from tests.render.unreal.fake_editor import free_port, started
from tests.render.unreal.links import CONNECT, editor_of, fake_editor, linked

SOON = 0.06
DESCRIPTORS = Path("/proc/self/fd")


def soon(happened: Callable[[], bool]) -> bool:
    """Whether it does within two seconds."""
    deadline = Deadline(2)
    while not happened() and not deadline.passed:
        time.sleep(0.002)
    return happened()


def test_the_three_modes(tmp_path: Path) -> None:
    script = tmp_path / "a script.py"
    script.write_text("import sys\nfound = sys.argv[1:]\nprint('ran')", encoding="utf-8")
    with linked() as (link, fake):
        assert link.run("6 * 7", Mode.EVALUATE) == "42"
        assert link.run("kept = 'é🙂'") == "None"
        assert link.run("kept", "EvaluateStatement") == "'é🙂'"
        assert link.execute(f"'{script.as_posix()}' one two", Mode.FILE).output == "ran\n\n"
        assert link.run("found", Mode.EVALUATE) == "['one', 'two']"
        assert link.run("a = 1\nb = a + 1", Mode.FILE) == "None"
        link.close()
        assert soon(lambda: fake.heard[-1][0] == "close_connection")


def test_an_error_inside_is_told_with_its_traceback_and_output() -> None:
    with linked() as (link, _):
        with pytest.raises(CommandFailed, match=r"Python in CatRender .* failed: ZeroDivisionError: division by zero$") as caught:
            link.run("print('before')\n1 / 0", Mode.FILE)
        assert "Traceback" in caught.value.result and caught.value.output.startswith("before\n")
        assert link.run("1", Mode.EVALUATE) == "1", "the connection lives on"


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("dies", EditorGone, r"connection lost \(closed\)"),
        ("rst", EditorGone, r"connection lost \(.*reset.*\)"),
        ("half", EditorGone, r"after \d+ bytes of an answer"),
        ("hangs", EditorSilent, r"has not answered in 0\.06 s; the command may still be running"),
        ("answers_after=5", EditorSilent, "has not answered"),
        ("garbage", BadReply, "not JSON"),
        ("latin1", BadReply, "not JSON in UTF-8"),
        ("changes", WrongEditor, "answers in the place of CatRender"),
    ],
)
def test_a_fault_in_the_middle_of_a_command_is_told_at_once_and_ends_the_link(fault: str, error: type[EditorFailure], says: str) -> None:
    with linked(fault) as (link, _):
        before = time.monotonic()
        with pytest.raises(error, match=says) as caught:
            link.run("'é'", Mode.EVALUATE, SOON)
        assert type(caught.value) is error and caught.value.exit_code == 1
        assert time.monotonic() - before < 1 and link.closed
        with pytest.raises(EditorGone, match="was not sent"):
            link.run("1", Mode.EVALUATE, SOON)


def test_an_answer_without_an_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream.Framer.__init__, "__defaults__", (100_000,))
    monkeypatch.setattr(stream.Stream.__init__, "__defaults__", (100_000,))
    with linked("endless") as (link, _), pytest.raises(BadReply, match="longer than 100000 bytes"):
        link.run("1", Mode.EVALUATE, 2)


def test_an_editor_that_never_stops_talking_meets_the_deadline_too() -> None:
    with linked("endless") as (link, _), pytest.raises(EditorSilent, match=r"has not answered in 0\.02 s \(\d+ bytes of an answer"):
        link.run("1", Mode.EVALUATE, 0.02)


def test_bytes_that_drip_in_and_characters_cut_in_two_do_no_harm() -> None:
    with linked("drips=1") as (link, _):
        assert link.run("'é€🙂' * 10", Mode.EVALUATE) == repr("é€🙂" * 10)


def test_a_very_long_answer_comes_whole() -> None:
    with linked() as (link, _):
        assert len(link.run("'x' * 20_000_000", Mode.EVALUATE)) == 20_000_002


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    assert read_reply({"success": True, "result": "a\ud83d", "output": [{"output": "b\ude42"}]}) == Reply(True, "a?", "b?\n")


def test_results_for_another_client_are_ignored() -> None:
    with linked("others_first") as (link, _):
        assert link.run("'mine'", Mode.EVALUATE) == "'mine'"


def test_after_a_deadline_the_late_answer_is_not_taken_for_the_next_one() -> None:
    with linked("answers_after=0.1") as (link, _):
        with pytest.raises(EditorSilent):
            link.run("'first'", Mode.EVALUATE, 0.05)
        link.reconnect(CONNECT)
        assert link.run("'second'", Mode.EVALUATE) == "'second'"


def test_an_editor_that_dials_late_is_waited_for() -> None:
    with linked("dials_after=0.08") as (link, _):
        assert link.run("1", Mode.EVALUATE) == "1"


def test_an_editor_that_dials_at_once_finds_us_listening() -> None:
    with fake_editor() as fake:
        for _ in range(10):
            EditorLink.connect(editor_of(fake), CONNECT).close()
    assert "nobody listens" not in dict(fake.heard)


def test_an_editor_that_does_not_hear_the_first_request_is_asked_again_by_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "ASK_AGAIN", 0.03)
    sent: list[str] = []
    send = dialling.Group.send

    def noting(group: dialling.Group, message: bytes, way: str) -> bool:
        sent.append(way)
        return send(group, message, way)

    monkeypatch.setattr(dialling.Group, "send", noting)
    with fake_editor(interface="127.0.0.1") as fake:
        with dialling.Group(Network(port=fake.port)) as group:
            if len(group.ways) < 2:
                pytest.skip("there is one way only on a machine without a network")
        elsewhere = replace(editor_of(fake), address="")  # so that it is asked by the other way first
        link = EditorLink.connect(elsewhere, CONNECT)
        assert link.run("1", Mode.EVALUATE) == "1"
    assert sent[0] != sent[1]


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("never_dials", EditorSilent, r"has not dialled in 0\.06 s"),
        ("deaf", EditorSilent, "has dialled but not answered"),
        ("impostor", WrongEditor, r"but others did \(node"),
    ],
)
def test_no_connection_without_the_editor_that_was_asked(fault: str, error: type[EditorFailure], says: str) -> None:
    with fake_editor(fault) as fake, pytest.raises(error, match=says):
        EditorLink.connect(editor_of(fake), SOON)


def test_a_stranger_who_dials_first_is_hung_up_on() -> None:
    with linked("stranger") as (link, _):
        assert link.run("1", Mode.EVALUATE) == "1"


@pytest.mark.parametrize("fault", ["garbage", "dies"])
def test_a_caller_that_is_no_editor_is_refused(fault: str) -> None:
    with fake_editor(fault, clean=0) as fake, pytest.raises((WrongEditor, EditorSilent)):
        EditorLink.connect(editor_of(fake), SOON)


def test_a_lost_connection_is_made_anew_once_and_only_on_request() -> None:
    with linked("closes") as (link, fake):
        assert link.run("1", Mode.EVALUATE) == "1"
        assert soon(lambda: link.closed)
        with pytest.raises(EditorGone, match="this command was not sent"):
            link.run("2", Mode.EVALUATE)
        assert link.run("3", Mode.EVALUATE, again=True) == "3"
    with linked("dies") as (link, fake):
        with pytest.raises(EditorGone):
            link.run("1", Mode.EVALUATE, again=True)
        assert [code for kind, code in fake.heard if kind == "command"].count("1") == 2


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="counts descriptors in /proc")
def test_opening_and_closing_leaves_no_descriptor_behind() -> None:
    with fake_editor() as fake:
        EditorLink.connect(editor_of(fake), CONNECT).close()
        gc.collect()
        assert soon(lambda: fake.heard[-1][0] == "close_connection")
        time.sleep(0.02)
        before = len(list(DESCRIPTORS.iterdir()))
        for _ in range(5):
            link = EditorLink.connect(editor_of(fake), CONNECT)
            link.reconnect(CONNECT)
            link.close()
            link.close()
        assert soon(lambda: len(list(DESCRIPTORS.iterdir())) <= before)


def test_a_process_that_is_killed_in_the_middle_of_a_command() -> None:
    port = free_port()
    with started(port, "--project", "Killed", "--fault", "hangs") as process:
        (editor,) = find_editors(0.15, Network(port=port))
        with EditorLink.connect(editor, CONNECT) as link:
            assert editor.project == "Killed"
            link._stream.send(link._client.command(editor.id, "1", "EvaluateStatement"), Deadline(1))  # type: ignore[union-attr]
            os.kill(process.pid, 9)
            process.wait(2)
            with pytest.raises(EditorGone):
                link.run("1", Mode.EVALUATE, 2)
        assert find_editors(0.05, Network(port=port)) == []
