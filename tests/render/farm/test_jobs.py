"""A plan expands to the same jobs every time; tasks and workers share them out without loss."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.errors import UsageError
from cat_dataset.files import sha256_file
from render.blender.sources import Source
from render.farm.dealing import Deck
from render.farm.inputs import Given, Inputs
from render.farm.jobs import Job, expand, part_of
from render.farm.plan_file import read_plan
from render.farm.sweeps import Sweep
from render.outcome import write_failures
from tests.render.farm.plans import write_plan

SWEEP = Sweep("sweeps[0]", "rotate", "rotate_z", (), 4, 2, 64, Path("series"), None)
OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"


def job(asset: str, view: int) -> Job:
    """A job that nobody will render."""
    given = Given(asset, Source(asset, None, "", builtin=True))
    return Job(f"rotate_z-{asset}-v{view:02d}", SWEEP, given, given, view)


def test_jobs_are_ordered_by_asset_and_sky_and_say_what_they_are(tmp_path: Path) -> None:
    plan = read_plan(write_plan(tmp_path, hdris=["builtin:studio", "builtin:city"], sweeps=[{"script": "rotate"}, {"script": "translate"}]))
    jobs = expand(plan).jobs
    assert len(jobs) == 2 * 2 * 2 * 2
    assert [one.asset.argument for one in jobs] == ["builtin:car"] * 8 + ["builtin:mug"] * 8
    assert [one.sky.argument for one in jobs] == (["builtin:studio"] * 4 + ["builtin:city"] * 4) * 2
    assert jobs[1].series == "rotate_z-car-studio-v01"
    assert jobs[1].argv[-4:] == ["--asset=builtin:car", "--hdri=builtin:studio", "--first-view=1", "--views=1"]
    assert [one.series for one in expand(plan).jobs] == [one.series for one in jobs]


def test_files_are_named_by_their_content_and_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "assets"
    folder.mkdir()
    for name in ("b", "a", "copy_of_a"):
        (folder / f"{name}.obj").write_text(OBJ + f"# {name[-1]}\n", encoding="utf-8")
    (folder / "copy_of_a.obj").rename(folder / "A.obj")
    (folder / "notes.txt").write_text("no asset", encoding="utf-8")
    plan = read_plan(write_plan(tmp_path, assets=[str(folder), str(folder / "b.obj"), str(tmp_path / "absent.glb")], views=1))
    plan.out.mkdir()
    first = expand(plan)
    digest = {name: sha256_file(folder / f"{name}.obj")[:6] for name in ("a", "b")}
    assert [one.series for one in first.jobs] == [f"rotate_z-{name}_{digest[name]}-studio-v00" for name in ("a", "b")]
    assert ["absent.glb does not exist" in str(error) for error in first.refused] == [True]

    monkeypatch.setattr("render.blender.sources.sha256_file", lambda path: pytest.fail(f"{path} was hashed again"))
    assert [one.series for one in expand(plan).jobs] == [one.series for one in first.jobs]
    monkeypatch.undo()
    (folder / "b.obj").write_text(OBJ + "# changed\n", encoding="utf-8")
    assert expand(plan).jobs[1].series == f"rotate_z-b_{sha256_file(folder / 'b.obj')[:6]}-studio-v00"
    (plan.out / ".cat-render" / "sources.json").write_bytes(b"{")
    assert len(expand(plan).jobs) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_not_utf8_and_links_to_nothing_are_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "good.obj").write_text(OBJ, encoding="utf-8")
    Path(os.fsdecode(bytes(folder) + b"/caf\xe9.obj")).write_text(OBJ + "#\n", encoding="utf-8")
    (folder / "gone.obj").symlink_to("elsewhere.obj")
    (folder / "turning.obj").symlink_to("turning.obj")
    found = expand(read_plan(write_plan(tmp_path, assets=[str(folder)], views=1)))
    assert [Path(job.asset.argument).name for job in found.jobs] == ["good.obj"]
    folded = f"{folder}/caf\\xe9.obj has a name, or lies in a folder with one, that is not UTF-8; rename it"
    assert sorted(map(str, found.refused)) == [
        folded,
        *(f"{folder}/{name}.obj is a link to a file that is not there; fetch or copy that file" for name in ("gone", "turning")),
    ]
    write_failures(tmp_path / "failures.json", found.refused, [])


def test_two_sweeps_that_would_make_one_series_are_refused(tmp_path: Path) -> None:
    sweeps = [{"script": "rotate"}, {"script": "rotate", "range": [-10, 10]}]
    with pytest.raises(UsageError, match=r"sweeps\[0\] and sweeps\[1\] would both make series rotate_z-car-studio-v00"):
        expand(read_plan(write_plan(tmp_path, sweeps=sweeps)))


def test_nothing_is_remembered_where_there_is_no_folder_yet(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text(OBJ, encoding="utf-8")
    inputs = Inputs(tmp_path / "series")
    assert len(inputs.assets([str(tmp_path / "a.obj")])) == 1
    inputs.remember()
    assert not (tmp_path / "series").exists()


@given(st.integers(0, 300), st.integers(1, 40))
def test_tasks_cover_every_job_exactly_once_and_evenly(count: int, tasks: int) -> None:
    jobs = [job("car", view) for view in range(count)]
    parts = [part_of(jobs, index, tasks) for index in range(tasks)]
    assert [one for part in parts for one in part] == jobs
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@given(st.lists(st.integers(1, 12), max_size=6), st.integers(1, 5), st.integers(0, 2**20))
def test_every_job_is_dealt_exactly_once_whoever_asks_when(views: list[int], workers: int, seed: int) -> None:
    jobs = [job(f"asset{asset}", view) for asset, count in enumerate(views) for view in range(count)]
    deck, draw, dealt = Deck(jobs), random.Random(seed), []
    while (one := deck.take(draw.randrange(workers))) is not None:
        if draw.random() < 0.1:
            deck.give_back(draw.randrange(workers), one)
        else:
            dealt.append(one.series)
    assert sorted(dealt) == sorted(one.series for one in jobs)
    assert len(deck) == 0


def test_workers_keep_their_assets_and_help_with_the_last() -> None:
    deck = Deck([job(asset, view) for asset in ("car", "mug", "house") for view in range(4)])
    taken: dict[int, list[str]] = {0: [], 1: []}
    for turn in range(12):
        one = deck.take(turn % 2)
        assert one is not None
        taken[turn % 2].append(one.asset.argument)
    assert taken == {0: ["car"] * 4 + ["house"] * 2, 1: ["mug"] * 4 + ["house"] * 2}
