from __future__ import annotations

import errno
import socket
import threading
from pathlib import Path

import pytest

from cat_dataset.errors import UsageError
from render.unreal.errors import EditorNotFound, NoMulticast, SeveralEditors
from render.unreal.remote.discovery import Editor, _folder, choose, find_editors, the_editor
from render.unreal.remote.network import ANY, LOOPBACK, Group, Network
from tests.render.unreal.fake_editor import FakeEditor, free_port
from tests.render.unreal.links import fake_editor, faults

WAIT = 0.1


def test_the_editor_says_who_it_is() -> None:
    with fake_editor() as fake:
        found = the_editor("CatRender", "5.5", WAIT, Network(port=fake.port))
    assert (found.id, found.project, found.version, found.project_root) == (fake.id, "CatRender", (5, 5, 4), "/projects/CatRender/")
    assert str(found) == f"CatRender in /projects/CatRender/ (Unreal 5.5.4, node {fake.id[:8]})"


@pytest.mark.parametrize("interface", [ANY, LOOPBACK])
def test_found_on_whichever_interface_it_listens(interface: str) -> None:
    with fake_editor(interface=interface) as fake:
        assert [editor.id for editor in find_editors(WAIT, Network(port=fake.port))] == [fake.id]


def test_two_editors_of_one_project_both_answer_and_are_refused() -> None:
    port = free_port()
    with (
        FakeEditor(port, root="/a/"),
        FakeEditor(port, root="/b/"),
        pytest.raises(SeveralEditors, match=r"2 running editors have CatRender open: .*/[ab]/.*; .*/[ab]/.*close all but one"),
    ):
        the_editor("CatRender", None, WAIT, Network(port=port))


def test_two_copies_of_one_project_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    one, other = (Editor(name, "CatRender", f"{tmp_path}/{name}/", "5.5.4") for name in "ab")
    assert choose([one, other], tmp_path / "b" / "CatRender.uproject") is other
    with pytest.raises(SeveralEditors):
        choose([one, other], "CatRender", "5.5")


@pytest.mark.parametrize(
    ("project", "version"),
    [
        ("Other", None),
        ("catrender", None),
        ("CatRender", "5.4"),
        ("CatRender", "5.5.3"),
        ("CatRender", "5.50"),
        ("/other/CatRender.uproject", None),
    ],
)
def test_another_project_folder_or_version_is_refused_and_named(project: str, version: str | None) -> None:
    with pytest.raises(EditorNotFound, match=r"those that answer: CatRender in /projects/CatRender/ \(Unreal 5\.5\.4, node 12345678\)"):
        choose([Editor("123456789", "CatRender", "/projects/CatRender/", "5.5.4-1+++UE5")], project, version)


def test_of_several_projects_the_one_that_is_asked_for_is_taken() -> None:
    editors = [Editor("1", "A", "/a", "5.5.4"), Editor("2", "B", "/b", "5.5.4"), Editor("3", "A", "/a", "5.6.0")]
    assert choose(editors, "B").id == "2"
    assert choose(editors, "A", "5.6").id == "3"
    assert choose(editors, "A", "5.5.4").id == "1"


def test_folders_are_compared_as_windows_does() -> None:
    assert _folder("D:/Work/Faces/") == _folder("d:\\work\\faces") != _folder("D:/Work/Other")


def test_nobody_answers() -> None:
    with (
        fake_editor("silent") as fake,
        pytest.raises(EditorNotFound, match=r"no Unreal editor answers at .*(Enable Remote Execution|ip route)"),
    ):
        the_editor("CatRender", None, WAIT, Network(port=fake.port))


def test_a_version_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"write it like 5\.5"):
        the_editor("CatRender", "five", WAIT)


def test_a_late_answer_counts() -> None:
    with fake_editor("pong_after=0.09") as fake:
        assert the_editor("CatRender", None, 0.2, Network(port=fake.port)).id == fake.id


def test_an_editor_that_misses_the_first_ping_hears_the_next() -> None:
    port = free_port()
    late: list[FakeEditor] = []
    timer = threading.Timer(0.04, lambda: late.append(FakeEditor(port)))
    timer.start()
    try:
        assert the_editor("CatRender", None, 0.3, Network(port=port)).id == late[0].id
    finally:
        timer.join()
        late[0].stop()


def test_garbage_and_messages_of_others_are_ignored() -> None:
    with fake_editor("noise") as fake:
        assert [editor.id for editor in find_editors(WAIT, Network(port=fake.port))] == [fake.id]


def test_what_an_editor_says_about_itself_is_made_printable() -> None:
    with fake_editor(project="Evil\x1b[2J\n" + "x" * 5000) as fake:
        (found,) = find_editors(WAIT, Network(port=fake.port))
    assert found.project.startswith("Evil?[2J?xxx") and len(found.project) == 400


@pytest.mark.parametrize(("engine", "version"), [("5.4.0-1+++UE5", (5, 4, 0)), ("5.7", (5, 7)), ("", ()), ("nonsense", ())])
def test_versions(engine: str, version: tuple[int, ...]) -> None:
    assert Editor("id", "P", "/p", engine).version == version


class NoNetwork(socket.socket):
    """A socket on a machine whose interfaces (those in ``without``) lead nowhere."""

    without: tuple[str, ...] = (ANY,)

    def setsockopt(self, *words: object) -> None:
        if words[1] == socket.IP_ADD_MEMBERSHIP and socket.inet_ntoa(words[2][4:]) in self.without:  # type: ignore[index]
            raise OSError(errno.ENODEV, "No such device")
        super().setsockopt(*words)  # type: ignore[arg-type]


def test_without_a_network_the_loopback_device_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_editor(interface=LOOPBACK) as fake:
        monkeypatch.setattr(socket, "socket", NoNetwork)
        assert the_editor("CatRender", None, WAIT, Network(port=fake.port)).id == fake.id


def test_without_a_network_and_without_an_answer_the_route_is_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", NoNetwork)
    with pytest.raises(EditorNotFound, match=r"no route for multicast .*ip route add 239\.0\.0\.1/32 dev lo"):
        the_editor("CatRender", None, 0.03, Network(port=free_port()))


def test_multicast_that_cannot_be_joined_at_all_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr(NoNetwork, "without", (ANY, LOOPBACK))
    monkeypatch.setattr(socket, "socket", NoNetwork)
    with pytest.raises(NoMulticast, match=r"cannot join the multicast group 239\.0\.0\.1:\d+: .*ip route add"):
        find_editors(WAIT, Network(port=port))


def test_a_port_that_is_not_shared_is_one_clear_line() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("0.0.0.0", 0))
        with pytest.raises(NoMulticast, match="held by a program that does not share it"):
            Group(Network(port=holder.getsockname()[1]))


def test_names_of_faults_are_read() -> None:
    assert faults("silent", "drips=2") == {"silent": 1.0, "drips": 2.0}
