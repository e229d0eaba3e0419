"""docs/loading.md: every block of code runs as it is written."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cat_dataset.factory import build_dataset, make_collection

pytest.importorskip("torch", reason="torch is not installed")
ROOT = Path(__file__).parents[3]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "loading.md").read_text(encoding="utf-8"), re.DOTALL)
LOADER, RESUME, RANKS, ACCELERATE, STREAM = BLOCKS


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("docs")
    make_collection(root / "series", rotations=3, isos=3, frames=4)
    build_dataset(root, split={"train": 1.0, "validation": 0.0, "test": 0.0}, shard_size=20_000)
    return root


def lines_of(root: Path, block: str, *launcher: str) -> str:
    """What a block prints as a script of its own, run where manifests/ lies."""
    script = root / "snippet.py"
    script.write_text(block, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *launcher, str(script)], cwd=root, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[[str], list[str]]:
    """Runs a block in this process, which is quicker, and gives its lines."""

    def run_block(block: str) -> list[str]:
        monkeypatch.chdir(root)
        (root / "snippet.py").write_text(block, encoding="utf-8")
        capfd.readouterr()
        runpy.run_path("snippet.py", run_name="__main__")
        return capfd.readouterr().out.splitlines()

    return run_block


def test_a_loader(run: Callable[[str], list[str]]) -> None:
    lines = run(LOADER)
    assert len(lines) == 10
    assert all(line.startswith(f"{step} (8, 512, 512, 3) tensor(") for step, line in enumerate(lines))


def test_a_resume(run: Callable[[str], list[str]]) -> None:
    """Seven steps, and the three that are left of the pass."""
    numbers = [int(number) for line in run(RESUME) + run(RESUME) for number in re.findall(r"\d+", line.partition(" ")[2])]
    assert numbers == list(range(80))


def test_ranks(root: Path) -> None:
    said = lines_of(root, RANKS, "-m", "torch.distributed.run", "--nproc-per-node=2")
    for step in range(4):
        for rank in range(2):
            first = 8 * step + 4 * rank
            assert f"step {step}, rank {rank} of 2: {list(range(first, first + 4))}" in said


def test_accelerate(root: Path) -> None:
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    said = lines_of(root, ACCELERATE).splitlines()
    assert said == [f"step {step}, rank 0: {list(range(8 * step, 8 * step + 8))}" for step in range(4)]
    assert any((root / "checkpoint").iterdir())


def test_a_stream(run: Callable[[str], list[str]]) -> None:
    *lines, state = run(STREAM)
    assert len(lines) == 10
    assert re.fullmatch(r'\{"version": 1, "epoch": \d+, "group": \d+, "fingerprint": "[0-9a-f]{64}"\}', state)
