"""Plans are read with care, and what is wrong in one is named by its own keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cat_dataset.errors import CatError, InputError
from render.blender import rotate, translate
from render.farm.plan_file import read_plan
from render.plan_yaml import PLAN_CAP
from tests.render.farm.plans import write_plan


def test_a_plan_becomes_the_flags_of_its_scripts(tmp_path: Path) -> None:
    sweeps = [{"script": "rotate", "axis": ["x", "z"], "range": [-30, 30]}, {"script": "translate", "states": 3, "samples": 2}]
    plan = read_plan(write_plan(tmp_path, sweeps=sweeps, views=5))
    assert plan.assets == ("builtin:car", "builtin:mug")
    assert plan.hdris == ("builtin:studio",)
    assert (plan.views, plan.out) == (5, tmp_path / "series")
    first, second = plan.sweeps
    flags = rotate.parser().parse_args(list(first.arguments))
    assert (flags.vary, flags.range, flags.seed, flags.samples, flags.out) == (["x", "z"], [[-30.0, 30.0]], 3, 1, tmp_path / "series")
    assert (first.name, first.frames) == (rotate.sweep_of(flags).name, 4)
    assert translate.parser().parse_args(list(second.arguments)).samples == 2
    assert second.frames == 3


def test_lists_of_lists_repeat_a_flag_and_tiny_numbers_are_no_flags(tmp_path: Path) -> None:
    also = [["rotation_x", -1e-05, 10], ["rotation_y", 0, 20, 4]]
    plan = read_plan(write_plan(tmp_path, sweeps=[{"script": "rotate", "also": also, "random": 6}]))
    flags = rotate.parser().parse_args(list(plan.sweeps[0].arguments))
    assert flags.also == [["rotation_x", "-0.00001", "10"], ["rotation_y", "0", "20", "4"]]
    assert plan.sweeps[0].frames == 6
    assert plan.sweeps[0].name.startswith("rotate_z_")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"asset": "x"}, "unknown key 'asset'; did you mean 'assets'?"),
    ({"assets": []}, "assets must name files, folders or builtin:NAME"),
    ({"hdris": 7}, "hdris must name files"),
    ({"views": 0}, "views: 0 is outside 1 to 10000"),
    ({"views": "many"}, "views: 'many' is not a whole number"),
    ({"seed": None}, "seed must be a number, a text or a list of them, not 'None'"),
    ({"render": {"size": 4}}, "render.size: 4 is outside 16 to 16384"),
    ({"render": {"seed": 4}}, "render.seed belongs to the plan itself"),
    ({"render": 4}, "render must hold keys and values"),
    ({"sweeps": []}, "sweeps must list at least one sweep"),
    ({"sweeps": ["rotate"]}, "sweeps[0] must hold keys and values"),
    ({"sweeps": [{"axis": "z"}]}, "sweeps[0] names no script"),
    ({"sweeps": [{"script": "rotat"}]}, "sweeps[0] names no script of ours: 'rotat'; did you mean 'rotate'?"),
    ({"sweeps": [{"script": "os"}]}, "names no script of ours: 'os'"),
    ({"sweeps": [{"script": "rotate", "axes": "z"}]}, "sweeps[0].axes: rotate.py has no flag --axes; did you mean 'axis'?"),
    ({"sweeps": [{"script": "rotate"}, {"script": "rotate", "axis": "w"}]}, "sweeps[1].axis: invalid choice: 'w'"),
    ({"sweeps": [{"script": "rotate", "range": [1]}]}, "sweeps[0].range: expected 2 arguments"),
    ({"sweeps": [{"script": "rotate", "range": [-900, 0]}]}, "sweeps[0]: the range -900 0 of rotation_z"),
    ({"sweeps": [{"script": "rotate", "views": 3}]}, "sweeps[0].views cannot be set for one sweep"),
    ({"sweeps": [{"script": "rotate", "grid": 1}]}, "sweeps[0].grid must be true or false, not 1"),
    ({"sweeps": [{"script": "rotate", "range": {"low": 1}}]}, "sweeps[0].range must be a number, a text or a list of them"),
    ({"sweeps": [{"script": "rotate", "debug": True}]}, "rotate.py has no flag --debug"),
    ({"sweeps": [{"script": "rotate", "axis": ["z", "--out", "elsewhere"]}]}, "sweeps[0].axis: '--out' begins with a dash"),
    ({"sweeps": [{"script": "rotate", "hold": [["-h", "1"]]}]}, "sweeps[0].hold: '-h' begins with a dash"),
    ({"out": "a\0b"}, "out: 'a\\x00b' has characters that no name can have"),
    ({"assets": ["a\0b.glb"]}, "assets: 'a\\x00b.glb' has characters that no name can have"),
]


@pytest.mark.parametrize(("changes", "words"), WRONG)
def test_what_is_wrong_is_named_by_the_plans_own_keys(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    path = write_plan(tmp_path, **changes)
    with pytest.raises(CatError) as caught:
        read_plan(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"assets: [", "is not valid YAML"),
        (b"\xff\xfe\x00", "is not valid YAML"),
        (b"- 1", "must hold keys and values"),
        (b"assets: !!python/object/apply:os.getcwd []", "is not valid YAML"),
        (b"[" * 100_000, "is not valid YAML"),
        (b"#" * (PLAN_CAP + 1), "is larger than a plan can be"),
        (b"assets: [a]\nviews: 2\nassets: [b]", "says 'assets' twice, the second time in line 3"),
        (b"sweeps:\n- script: rotate\n  axis: x\n  axis: y", "says 'axis' twice, the second time in line 4"),
        (b'assets: ["\\ud800"]\nhdris: [b]\nsweeps: [{script: rotate}]', "has characters that no name can have"),
    ],
)
def test_files_that_are_no_plans_are_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(content)
    with pytest.raises(CatError, match=words):
        read_plan(path)


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    bomb += [f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)]
    (tmp_path / "plan.yaml").write_text("\n".join([*bomb, "assets: *i"]), encoding="utf-8")
    with pytest.raises(CatError, match="unknown key 'a'"):
        read_plan(tmp_path / "plan.yaml")
    raw = "\n".join(
        ["assets: &a [x, x, x, x, x, x, x, x, x, x]", "hdris: &b [*a, *a, *a]", "sweeps: [{script: rotate, axis: [[*b, *b], [*b]]}]"]
    )
    (tmp_path / "plan.yaml").write_text(raw, encoding="utf-8")
    assert yaml.safe_load(raw)
    with pytest.raises(CatError, match="must be a number, a text or a list of them"):
        read_plan(tmp_path / "plan.yaml")
    nested = ["&a [x, x]"] + [f"&{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)]
    raw = f"assets: [x]\nhdris: [x]\nsweeps:\n- script: rotate\n  axis: [[[{', '.join(nested)}]]]"
    (tmp_path / "plan.yaml").write_text(raw, encoding="utf-8")
    with pytest.raises(CatError, match="must be a number, a text or a list of them"):
        read_plan(tmp_path / "plan.yaml")


def test_a_plan_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_plan(tmp_path / "absent.yaml")
