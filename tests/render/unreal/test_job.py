"""The job manifest: one spelling, hashes that mean what they say, everything from outside checked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cat_dataset.errors import InputError
from cat_dataset.files import json_bytes
from render.unreal.job import Camera, Job, Render, parse_job, read_job, write_job
from tests.render.unreal.sample_jobs import expression_job, pose_job, state

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(("name", "made"), [("expression", expression_job), ("pose", pose_job)])
def test_golden_manifests(name: str, made: Callable[[str], Job], tmp_path: Path) -> None:
    golden = GOLDEN / f"{name}.json"
    job = made("C:/renders")
    assert golden.read_bytes() == json_bytes(job.as_json())
    assert read_job(golden) == job
    write_job(tmp_path / "job.json", job)
    assert (tmp_path / "job.json").read_bytes() == golden.read_bytes()


def test_whole_numbers_are_the_same_job(tmp_path: Path) -> None:
    job = replace(
        expression_job(tmp_path), sky_turn=30, camera=Camera("portrait", 10, 0, 85, 36), states=(state(0), state(1, expression_smile=5))
    )
    job = replace(job, frames=(0, 1))
    write_job(tmp_path / "job.json", job)
    assert read_job(tmp_path / "job.json").sha256 == job.sha256


def test_content_is_the_pictures_and_sha256_the_attempt(tmp_path: Path) -> None:
    job = expression_job(tmp_path)
    again = replace(job, attempt=1, frames=(2,), staging="D:\\other", status="/other/status.json")
    assert again.content == job.content and again.sha256 != job.sha256
    for changed in (replace(job, sky_turn=1.0), replace(job, render=Render(16, 5)), replace(job, states=job.states[::-1])):
        assert changed.content != job.content


def test_shown_ends_with_the_repeat(tmp_path: Path) -> None:
    assert replace(expression_job(tmp_path), frames=(2, 1)).shown == (2, 1, 0)


BAD: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "id as a path": (lambda d: d.update(id="../x"), "id"),
    "id empty": (lambda d: d.update(id=""), "id"),
    "engine": (lambda d: d.update(engine="five"), "engine"),
    "project number": (lambda d: d.update(project=3), "project"),
    "character relative": (lambda d: d.update(character="MetaHumans/Ada"), "character"),
    "character with dots": (lambda d: d.update(character="/Game/../Ada"), "character"),
    "sky": (lambda d: d.update(sky="blue"), "sky"),
    "strength": (lambda d: d.update(sky_strength=-1), "sky_strength"),
    "turn a bool": (lambda d: d.update(sky_turn=True), "sky_turn"),
    "turn NaN": (lambda d: d.update(sky_turn=math.nan), "sky_turn"),
    "camera kind": (lambda d: d["camera"].update(kind="selfie"), "kind"),
    "camera behind": (lambda d: d["camera"].update(azimuth=120), "azimuth"),
    "no rigs": (lambda d: d["rigs"].update(face=[]), "face"),
    "rigs a string": (lambda d: d["rigs"].update(body="/Game/a"), "body"),
    "size": (lambda d: d["render"].update(size=0), "size"),
    "samples": (lambda d: d["render"].update(samples=1.5), "samples"),
    "no states": (lambda d: d.update(states=[]), "states"),
    "states a table": (lambda d: d.update(states={}), "states"),
    "state index": (lambda d: d["states"][1].update(index=5), "index"),
    "value infinite": (lambda d: d["states"][1]["values"].update(expression_smile=math.inf), "expression_smile"),
    "control name": (lambda d: d["states"][1]["face"].update({"CTRL; quit()": 1.0}), "CTRL; quit()"),
    "control axis": (lambda d: d["states"][1]["face"].update({"CTRL_C_jaw.z": 1.0}), "CTRL_C_jaw.z"),
    "turn axis": (lambda d: d["states"][1]["turns"].append({"joint": "neck", "controls": ["a"], "axis": "w", "degrees": 1}), "axis"),
    "turn degrees": (
        lambda d: d["states"][1]["turns"].append({"joint": "neck", "controls": ["a"], "axis": "x", "degrees": 999}),
        "degrees",
    ),
    "no frames": (lambda d: d.update(frames=[]), "frames"),
    "frame twice": (lambda d: d.update(frames=[0, 0]), "frames"),
    "frame beyond": (lambda d: d.update(frames=[3]), "frames"),
    "repeat beyond": (lambda d: d.update(repeat=3), "repeat"),
    "staging relative": (lambda d: d.update(staging="staging"), "staging"),
    "status missing": (lambda d: d.pop("status"), "status"),
    "unknown field": (lambda d: d.update(sample=4), "sample"),
    "schema": (lambda d: d.update(schema=99), "schema"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_fields_are_refused_in_one_line(what: str, tmp_path: Path) -> None:
    change, named = BAD[what]
    plain = json.loads(json.dumps({key: value for key, value in expression_job(tmp_path).as_json().items() if key != "sha256"}))
    change(plain)
    with pytest.raises(InputError) as caught:
        parse_job(plain, "job.json")
    message = str(caught.value)
    assert "\n" not in message and named in message and "job.json" in message and len(message) < 400


@pytest.mark.parametrize("text", ["[]", "3", "", "{", '{"schema": true}', '{"schema": 1}'])
def test_what_is_no_manifest_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"job\.json"):
        read_job(tmp_path / "job.json")


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    write_job(tmp_path / "job.json", expression_job(tmp_path))
    text = (tmp_path / "job.json").read_text(encoding="utf-8")
    (tmp_path / "job.json").write_text(text.replace('"samples": 4', '"samples": 5'), encoding="utf-8")
    with pytest.raises(InputError, match="changed since it was written"):
        read_job(tmp_path / "job.json")


def test_a_bad_job_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="samples"):
        write_job(tmp_path / "job.json", replace(expression_job(tmp_path), render=Render(16, 0)))
    assert not list(tmp_path.iterdir())
