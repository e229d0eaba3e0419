"""Which editors are running, and the one that is meant: exactly one, or none is touched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cat_dataset.errors import UsageError
from render.unreal.errors import EditorNotFound, SeveralEditors
from render.unreal.remote.deadline import Deadline
from render.unreal.remote.network import Group, Network
from render.unreal.remote.wire import Client, printable

WAIT = 2.0
"""Seconds in which an editor has to answer. It answers between two frames, so a busy one takes its time."""
PINGS = (0.0, 0.05, 0.15, 0.35, 0.6)
"""When pings go out, as shares of the wait: datagrams get lost, and an editor that is just starting misses the first."""
MOST = 64
"""Editors listed; more than that is nonsense."""


@dataclass(frozen=True)
class Editor:
    """A running editor, as it describes itself."""

    id: str
    project: str
    project_root: str
    engine: str
    engine_root: str = ""
    user: str = ""
    machine: str = ""
    address: str = ""
    network: Network = field(default_factory=Network, compare=False)

    @property
    def version(self) -> tuple[int, ...]:
        """(5, 5, 4) of ``5.5.4-40574608+++UE5+Release-5.5``."""
        return _version(self.engine)

    def __str__(self) -> str:
        version = ".".join(map(str, self.version)) or "?"
        return f"{self.project or '?'} in {self.project_root or '?'} (Unreal {version}, node {self.id[:8]})"


def find_editors(wait: float = WAIT, network: Network | None = None) -> list[Editor]:
    """Every editor that answers within ``wait`` seconds, in the order of their ids. Takes that long even when one answers at once.

    Raises:
        NoMulticast: this machine lets nobody join the group.
    """
    return _listen(wait, network or Network())[0]


def the_editor(project: str | Path, version: str | None = None, wait: float = WAIT, network: Network | None = None) -> Editor:
    """The one running editor that has ``project`` open.

    Args:
        project: the project's name, or the path of its .uproject (which tells two copies of one project apart).
        version: ``5.5`` or ``5.5.4``: what the engine's version has to begin with.
        wait: seconds to listen.

    Raises:
        EditorNotFound: none matches; the message names those that answered.
        SeveralEditors: more than one matches; the message names them.
    """
    network = network or Network()
    _wanted(version)  # before the wait
    found, without_route = _listen(wait, network)
    if found:
        return choose(found, project, version)
    advice = network.hint if without_route else (
        "open the project in the editor, with the Python Editor Script Plugin and Project Settings > Plugins > Python > "
        "Enable Remote Execution switched on"
    )  # fmt: skip
    raise EditorNotFound(f"no Unreal editor answers at {network} within {wait:g} s: {advice}")


def choose(found: Sequence[Editor], project: str | Path, version: str | None = None) -> Editor:
    """The one of the editors ``found`` that ``the_editor`` is to give; raises as it does."""
    wanted = _wanted(version)
    matching = [editor for editor in found if _is_project(editor, project) and editor.version[: len(wanted)] == wanted]
    if len(matching) == 1:
        return matching[0]
    asked = f"{project}" + (f" in Unreal {version}" if version else "")
    if matching:
        listed = "; ".join(map(str, matching))
        raise SeveralEditors(
            f"{len(matching)} running editors have {asked} open: {listed}: close all but one, or give the .uproject's path"
        )
    raise EditorNotFound(f"no running editor has {asked} open; those that answer: {'; '.join(map(str, found))}")


def _wanted(version: str | None) -> tuple[int, ...]:
    if version and not re.fullmatch(r"\d+(\.\d+){0,2}", version):
        raise UsageError(f"engine version {version!r}: write it like 5.5 or 5.5.4")
    return _version(version) if version else ()


def _listen(wait: float, network: Network) -> tuple[list[Editor], bool]:
    """The editors, and whether an interface had no route."""
    client, deadline = Client(), Deadline(wait)
    found: dict[str, Editor] = {}
    with Group(network) as group:
        due = [wait * share for share in PINGS]
        while not deadline.passed:
            if due and wait - deadline.left >= due[0]:
                del due[0]
                for way in group.ways:
                    group.send(client.ping(), way)
            until_ping = max(0.0, due[0] - (wait - deadline.left)) if due else wait
            received = group.receive(deadline, until_ping)
            message = client.read_datagram(received[0]) if received else None
            if received and message and message.type == "pong" and (message.source in found or len(found) < MOST):
                said = {key: printable(message.data.get(key)) for key in (
                    "project_name", "project_root", "engine_version", "engine_root", "user", "machine")}  # fmt: skip
                found[message.source] = Editor(
                    message.source, said["project_name"], said["project_root"], said["engine_version"], said["engine_root"],
                    said["user"], said["machine"], received[1], network,
                )  # fmt: skip
        return [found[key] for key in sorted(found)], group.without_route


def _is_project(editor: Editor, project: str | Path) -> bool:
    path = Path(project)
    if path.suffix != ".uproject":
        return editor.project == str(project)
    return editor.project == path.stem and _folder(editor.project_root) == _folder(str(path.absolute().parent))


def _folder(path: str) -> str:
    """A folder in a form that can be compared: the editor writes / everywhere and may end with one; Windows ignores case."""
    return Path(path).resolve().as_posix().rstrip("/") if not re.match(r"[A-Za-z]:", path) else path.replace("\\", "/").rstrip("/").lower()


def _version(text: str) -> tuple[int, ...]:
    found = re.match(r"\d{1,4}(\.\d{1,4}){0,2}", text)
    return tuple(map(int, found.group().split("."))) if found else ()
