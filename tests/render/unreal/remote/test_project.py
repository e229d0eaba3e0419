from __future__ import annotations

import json
from pathlib import Path

import pytest

from render.unreal.errors import ProjectError
from render.unreal.remote import project
from render.unreal.remote.network import ANY, Network
from render.unreal.remote.project import read_project

SECTION = "[/Script/PythonScriptPlugin.PythonScriptPluginSettings]"


def made(folder: Path, ini: str | bytes | None, said: object = None) -> Path:
    """A project of that configuration."""
    (folder / "Config").mkdir()
    if ini is not None:
        (folder / "Config" / "DefaultEngine.ini").write_bytes(ini if isinstance(ini, bytes) else ini.encode())
    path = folder / "Faces.uproject"
    path.write_text(json.dumps(said if said is not None else {"EngineAssociation": "5.5"}), encoding="utf-8")
    return path


def test_a_project_says_its_engine_plugins_and_where_its_editor_answers(tmp_path: Path) -> None:
    ini = f"""[/Script/Engine.Engine]
Percent=100%s
RemoteExecutionMulticastTtl=7
{SECTION}
; a comment
bRemoteExecution=True
RemoteExecutionMulticastGroupEndpoint="239.0.0.7:7001"
RemoteExecutionMulticastBindAddress=127.0.0.1
+AdditionalPaths=(Path="/a")
a line without a sign
[Other]
bRemoteExecution=False
"""
    plugins = [{"Name": "PythonScriptPlugin", "Enabled": True}, {"Name": "Off", "Enabled": False}, {"Name": 3, "Enabled": True}, "odd"]
    found = read_project(made(tmp_path, ini, {"EngineAssociation": "5.6", "Plugins": plugins}))
    assert (found.name, found.engine, found.plugins) == ("Faces", "5.6", ("PythonScriptPlugin",))
    assert found.reachable() == Network("239.0.0.7", 7001, "127.0.0.1", 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_that_unreal_writes(tmp_path: Path, encoding: str) -> None:
    ini = f"[A]\nName=é\n{SECTION}\nbRemoteExecution=true\n".encode(encoding)
    assert read_project(made(tmp_path, ini)).reachable() == Network(interface=ANY)


@pytest.mark.parametrize("ini", [None, "", f"{SECTION}\nbRemoteExecution=False\n", "[Other]\nbRemoteExecution=True\n"])
def test_remote_execution_that_is_off_is_refused_with_what_to_do(tmp_path: Path, ini: str | None) -> None:
    found = read_project(made(tmp_path, ini))
    with pytest.raises(ProjectError, match=r"Faces\.uproject: remote execution of Python is off: switch on .*Enable Remote Execution"):
        found.reachable()


@pytest.mark.parametrize(
    "line", ["GroupEndpoint=10.0.0.1:6766", "GroupEndpoint=239.0.0.1:x", "GroupEndpoint=239.0.0.1", "BindAddress=home", "Ttl=300"]
)
def test_a_network_that_cannot_be_is_refused(tmp_path: Path, line: str) -> None:
    path = made(tmp_path, f"{SECTION}\nbRemoteExecution=True\nRemoteExecutionMulticast{line}\n")
    with pytest.raises(ProjectError, match=r"DefaultEngine\.ini: .*not what remote execution can use"):
        read_project(path)


def test_what_is_no_project_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, b"\xff\xfe\x00", [])
    with pytest.raises(ProjectError, match="not a JSON object"):
        read_project(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ProjectError, match="not JSON"):
        read_project(path)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ProjectError, match="not text in UTF-8 or UTF-16"):
        read_project(path)
    with pytest.raises(ProjectError, match=r"give the path of a \.uproject file"):
        read_project(tmp_path)
    monkeypatch.setattr(project, "LARGEST_FILE", 1)
    with pytest.raises(ProjectError, match="larger than"):
        read_project(path)
