"""Writing a series: killed at any frame and run again, it ends with the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cat_dataset.errors import SeriesConflict, SeriesError
from cat_dataset.images import encode_png
from cat_dataset.series import read_series
from cat_dataset.series_writer import JOURNAL, SeriesWriter, is_complete
from tests.cat_dataset.factory import picture

SETTINGS = {"size": [16, 12], "seed": 3}
FRAMES = 5


def produce(folder: Path, stop_after: int | None = None) -> list[int]:
    """A producer that makes what is not done yet; stops without finishing after ``stop_after`` frames. What it made."""
    made = []
    with SeriesWriter(folder, SETTINGS, {"tool": "1"}) as writer:
        for index in range(FRAMES):
            if index in writer.done:
                continue
            if stop_after is not None and len(made) == stop_after:
                return made
            writer.staging_path(index).write_bytes(encode_png(picture(index)))
            writer.commit(index, {"iso": 100.0 * 2**index}, measured={"mean": float(index)})
            made.append(index)
        writer.finish(source="dslr", scene={"scene": "s"}, object="cup", varies=("iso",))
    return made


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_nothing_is_left_but_the_series(tmp_path: Path) -> None:
    produce(tmp_path / "a")
    assert sorted(tree(tmp_path / "a")) == [*(f"frames/{i:04d}.png" for i in range(FRAMES)), "series.json"]
    assert is_complete(tmp_path / "a", SETTINGS)
    assert not is_complete(tmp_path / "b", SETTINGS)


@pytest.mark.parametrize("stop_after", range(FRAMES))
def test_resume(tmp_path: Path, stop_after: int) -> None:
    produce(tmp_path / "whole" / "a")
    assert produce(tmp_path / "a", stop_after) == list(range(stop_after))
    assert produce(tmp_path / "a") == list(range(stop_after, FRAMES))
    assert tree(tmp_path / "a") == tree(tmp_path / "whole" / "a")


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_torn_journal_line_costs_one_frame(tmp_path: Path, cut: int) -> None:
    produce(tmp_path / "whole" / "a")
    produce(tmp_path / "a", 3)
    journal = tmp_path / "a" / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-cut])
    assert produce(tmp_path / "a") == [2, 3, 4]
    assert tree(tmp_path / "a") == tree(tmp_path / "whole" / "a")


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: {},
        lambda entry: [],
        lambda entry: {key: value for key, value in entry.items() if key != "index"},
        lambda entry: {key: value for key, value in entry.items() if key != "sha256"},
        lambda entry: entry | {"index": "1"},
        lambda entry: entry | {"index": 1.0},
        lambda entry: entry | {"index": True},
        lambda entry: entry | {"index": -1},
        lambda entry: entry | {"index": 3},
        lambda entry: entry | {"index": 3, "file": "frames/1.png"},
        lambda entry: entry | {"file": "../../etc/passwd"},
        lambda entry: entry | {"file": "frames/\0.png"},
        lambda entry: entry | {"width": None},
        lambda entry: entry | {"values": {"iso": "high"}},
        lambda entry: entry | {"values": {"iso": float("nan")}},
    ],
)
def test_a_damaged_journal_line_costs_one_frame(
    tmp_path: Path, damage: Callable[[dict[str, Any]], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    produce(tmp_path / "whole" / "a")
    produce(tmp_path / "a", 3)
    journal = tmp_path / "a" / JOURNAL
    lines = journal.read_bytes().split(b"\n")
    lines[2] = json.dumps(damage(json.loads(lines[2]))).encode()
    journal.write_bytes(b"\n".join(lines))
    assert produce(tmp_path / "a") == [1, 3, 4]
    assert "damaged line; making its frame again" in capsys.readouterr().err
    assert tree(tmp_path / "a") == tree(tmp_path / "whole" / "a")


def test_bytes_that_are_no_journal_line_cost_one_frame(tmp_path: Path) -> None:
    produce(tmp_path / "whole" / "a")
    for number, line in enumerate((b"\xff\xfe", b"[" * 100_000, b"")):
        folder = tmp_path / str(number) / "a"
        produce(folder, 3)
        lines = (folder / JOURNAL).read_bytes().split(b"\n")
        (folder / JOURNAL).write_bytes(b"\n".join([*lines[:2], line, *lines[3:]]))
        assert produce(folder) == [1, 3, 4]
        assert tree(folder) == tree(tmp_path / "whole" / "a")


def test_a_changed_frame_is_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    produce(tmp_path / "a", 3)
    (tmp_path / "a" / "frames" / "0001.png").write_bytes(b"scribble")
    assert produce(tmp_path / "a") == [1, 3, 4]
    assert "0001.png changed since it was made" in capsys.readouterr().err


@pytest.mark.parametrize("seed", range(3))
def test_kill(tmp_path: Path, seed: int) -> None:
    """``kill -9`` at a frame boundary that the child reports, and while the next frame is under way."""
    produce(tmp_path / "whole" / "a")
    script = (
        "import sys; from pathlib import Path; from tests.cat_dataset import test_series_writer as t\n"
        "from cat_dataset.series_writer import SeriesWriter as W; commit = W.commit\n"
        "def told(self, index, *a, **k):\n"
        "    frame = commit(self, index, *a, **k); print(index, flush=True); return frame\n"
        "W.commit = told; t.produce(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        for _ in range(seed + 1):
            assert child.stdout.readline()
        child.kill()
    assert len(produce(tmp_path / "a") if not (tmp_path / "a" / "series.json").exists() else []) <= FRAMES - seed - 1
    assert tree(tmp_path / "a") == tree(tmp_path / "whole" / "a")


def test_killed_after_the_last_write(tmp_path: Path) -> None:
    """series.json is there and its journal and lock are too: the next run tidies up."""
    produce(tmp_path / "whole" / "a")
    produce(tmp_path / "a")
    (tmp_path / "a" / JOURNAL).write_bytes(b"{}")
    (tmp_path / "a" / ".lock").write_bytes(b"")
    assert is_complete(tmp_path / "a", SETTINGS)
    assert tree(tmp_path / "a") == tree(tmp_path / "whole" / "a")


def test_other_settings_are_refused(tmp_path: Path) -> None:
    produce(tmp_path / "a", 2)
    with (
        pytest.raises(SeriesConflict, match="was begun with seed = 3, not 4"),
        SeriesWriter(tmp_path / "a", {**SETTINGS, "seed": 4}, {"tool": "1"}),
    ):
        pass
    with pytest.raises(SeriesConflict, match="tool = '1', not '2'"), SeriesWriter(tmp_path / "a", SETTINGS, {"tool": "2"}):
        pass
    produce(tmp_path / "a")
    with pytest.raises(SeriesConflict, match="was made with seed = 3, not 4"):
        is_complete(tmp_path / "a", {**SETTINGS, "seed": 4})
    with pytest.raises(SeriesConflict, match="finished series"), SeriesWriter(tmp_path / "a", SETTINGS, {}):
        pass
    with SeriesWriter(tmp_path / "b", {"sha256": "1", "values": [1]}, {}):
        pass
    with pytest.raises(SeriesConflict, match=r"with values = \[1\], not \[2\]"):  # and not with a hash that says nothing
        is_complete(tmp_path / "b", {"sha256": "2", "values": [2]})


def test_a_series_against_the_contract_is_not_finished(tmp_path: Path) -> None:
    with SeriesWriter(tmp_path / "a", {}, {}) as writer:
        writer.staging_path(0).write_bytes(encode_png(picture(0)))
        writer.commit(0, {"iso": 100.0})
        with pytest.raises(SeriesError, match="at least two"):
            writer.finish(source="dslr", scene={}, object="cup", varies=("iso",))
    with pytest.raises(SeriesError, match="not a finished series"):
        read_series(tmp_path / "a")
    assert (tmp_path / "a" / JOURNAL).is_file()
