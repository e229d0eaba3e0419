"""What the benchmarks rest on: their datasets are real ones, turns pay for what they do, and documents get what was printed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cat_dataset.manifests import open_dataset
from cat_dataset.pairs import PairIndex
from tests.benchmarks.bench_memory import measure, write_tiny
from tests.benchmarks.bench_scale import grow
from tests.benchmarks.measure import cpu_seconds, in_turns, peak_rss, ratios, spread, table, verdict
from tests.benchmarks.run_all import RUNS, put
from tests.benchmarks.scale_tables import write_synthetic

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("values", ["own", "mixed"])
def test_synthetic_manifests_open_and_give_pairs(tmp_path: Path, values: str) -> None:
    frames = write_synthetic(tmp_path, 6000, values)
    dataset = open_dataset(tmp_path / "manifests")
    assert len(dataset) == frames == 6000
    assert set(dataset.series["split"]) == {"train", "validation", "test"}
    index = PairIndex(dataset, zero_share=0.0)
    pairs = [index.pair(i) for i in range(50)]
    assert all(pair.source != pair.target and pair.edits for pair in pairs)


def test_synthetic_manifests_can_grow(tmp_path: Path) -> None:
    frames = write_synthetic(tmp_path, 600, "mixed")
    grow(tmp_path)
    assert len(open_dataset(tmp_path / "manifests")) == frames + 4


def test_a_turn_lasts_until_its_time_is_spent_and_counts_what_was_done() -> None:
    def busy(items: int) -> Iterator[int]:
        while True:
            start = cpu_seconds()
            while cpu_seconds() - start < 0.01:
                pass
            yield items

    looked = []
    rates = in_turns({"one": busy(1), "two": busy(2)}, 3, 0.03, lambda: looked.append(1))
    assert all(len(found) == 3 for found in rates.values())
    assert len(looked) == 8  # a warm-up turn and three, of two cases
    assert np.median(ratios(rates["two"], rates["one"])) == pytest.approx(2, rel=0.2)


def test_tables_and_verdicts_say_what_was_found() -> None:
    lines = table(["a", "bcd"], [["long name", "1"]]).splitlines()
    assert lines == ["| a         | bcd |", "| --------- | --: |", "| long name |   1 |"]
    assert spread([3.0, 1.0, 2.0], 1) == "2.0 (1.0 to 3.0)"
    assert verdict("x", 0.9, 0.95, at_least=True).startswith("- MISSED")
    assert verdict("x", 0.9, 0.95, at_least=False).startswith("- met")


def test_the_document_has_a_place_for_every_benchmark() -> None:
    document = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    for run in RUNS:
        document = put(document, run.name, f"figures of {run.name}")
    assert all(f"<!-- bench {run.name} -->\nfigures of {run.name}\n<!-- end {run.name} -->" in document for run in RUNS)
    with pytest.raises(SystemExit, match="no place for nothing"):
        put(document, "nothing", "")


def test_peak_memory_is_that_of_the_process_that_asks() -> None:
    if peak_rss() is None:
        pytest.skip("this system does not tell")
    held = np.ones(256 << 20, np.uint8)  # the child must not be taken for as large as its parent
    code = "from tests.benchmarks.measure import peak_rss as p; before = p(); block = bytearray(b'1') * (64 << 20); print(before, p())"
    before, after = map(int, subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT).stdout.split())
    assert held[-1] == 1 and before < 128 << 20
    assert 60 << 20 < after - before < 128 << 20


def test_tiny_series_can_be_packed(tmp_path: Path) -> None:
    write_tiny(tmp_path / "series", 5)
    assert measure(tmp_path)["cpu"] > 0
    assert len(open_dataset(tmp_path / "manifests")) == 50
