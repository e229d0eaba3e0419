"""What an Unreal project says about itself: name, engine, and whether and where its editor can be reached.

Read by ourselves: upyrc's ``from_uproject_path`` takes ``bRemoteExecution=False`` for true, and fails on UTF-16 (which Unreal writes
when a value needs it), on a percent sign and on a missing section with errors of its parser.
"""

from __future__ import annotations

import codecs
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from render.unreal.errors import ProjectError
from render.unreal.remote.network import ANY, LOOPBACK, Network

SECTION = "/Script/PythonScriptPlugin.PythonScriptPluginSettings"
PYTHON_PLUGIN = "PythonScriptPlugin"
LARGEST_FILE = 16 * 1024 * 1024
SWITCH_ON = "switch on Project Settings > Plugins > Python > Enable Remote Execution and restart the editor"


@dataclass(frozen=True)
class Project:
    """A project on disk. ``engine`` is what it is associated with: ``5.5``, or the id of an engine built from source."""

    path: Path
    engine: str
    plugins: tuple[str, ...]
    remote_execution: bool
    network: Network

    @property
    def name(self) -> str:
        return self.path.stem

    def reachable(self) -> Network:
        """Where its editor answers.

        Raises:
            ProjectError: remote execution is off.
        """
        if not self.remote_execution:
            raise ProjectError(f"{self.path}: remote execution of Python is off: {SWITCH_ON}")
        return self.network


def read_project(uproject: Path) -> Project:
    """The project of a .uproject file; its settings are those in ``Config/DefaultEngine.ini`` beside it.

    Raises:
        ProjectError: it is not there, not a project, or says something impossible.
    """
    if uproject.suffix != ".uproject" or not uproject.is_file():
        raise ProjectError(f"{uproject} is not a project: give the path of a .uproject file")
    try:
        said = json.loads(_text(uproject))
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"{uproject} is not a project: not JSON ({error})") from error
    if not isinstance(said, dict):
        raise ProjectError(f"{uproject} is not a project: not a JSON object")
    listed = said.get("Plugins", [])
    plugins = [one["Name"] for one in listed if isinstance(one, dict) and one.get("Enabled") is True and isinstance(one.get("Name"), str)]
    engine = said.get("EngineAssociation")
    config = uproject.parent / "Config" / "DefaultEngine.ini"
    settings = _section(_text(config), SECTION) if config.is_file() else {}
    return Project(
        path=uproject.absolute(),
        engine=engine if isinstance(engine, str) else "",
        plugins=tuple(sorted(set(plugins))),
        remote_execution=settings.get("bremoteexecution", "false").lower() in ("true", "1", "yes", "on"),
        network=_network(settings, config),
    )


def _network(settings: dict[str, str], config: Path) -> Network:
    group, _, port = settings.get("remoteexecutionmulticastgroupendpoint", "239.0.0.1:6766").partition(":")
    interface = settings.get("remoteexecutionmulticastbindaddress", ANY)
    ttl = settings.get("remoteexecutionmulticastttl", "0")
    try:
        ipaddress.IPv4Address(interface)
        good = ipaddress.IPv4Address(group).is_multicast and 0 < int(port) < 65536 and 0 <= int(ttl) < 256
    except ValueError:
        good = False
    if not good:
        raise ProjectError(
            f"{config}: multicast group {group}:{port}, bind address {interface}, time to live {ttl}: not what remote execution can use; "
            f"Unreal's own are 239.0.0.1:6766, {LOOPBACK} and 0"
        )
    return Network(group, int(port), interface, int(ttl))


def _section(text: str, name: str) -> dict[str, str]:
    """``key = value`` of a section, keys in lower case: Unreal's dialect is no more than this here, and repeats sections."""
    found: dict[str, str] = {}
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == f"[{name}]"
        elif inside and "=" in line and not line.startswith((";", "-", "!")):
            key, _, value = line.lstrip("+.").partition("=")
            found[key.strip().lower()] = value.strip().strip('"')
    return found


def _text(path: Path) -> str:
    """A text file of Unreal's: UTF-8, or UTF-16 with its mark."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
        if len(raw) > LARGEST_FILE:
            raise ProjectError(f"{path} is larger than {LARGEST_FILE} bytes: not a file of a project")
        wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return raw.decode("utf-16" if wide else "utf-8-sig")
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ProjectError(f"{path} is not text in UTF-8 or UTF-16 ({error})") from error
