from __future__ import annotations

import json
from pathlib import Path

import pytest

from cat_dataset.errors import InputError
from tests.studies import nano_table
from tests.studies.nano import Plan
from tests.studies.nano_table import results_of, table_of, write_between


def evaluation(run: Path, error: float, spearman: float | None = 0.9) -> Path:
    values = {"unit": "EV", "psnr": 30.0, "psnr_copy": 12.0, "spearman": spearman, "slope": 1.0, "error": error}
    (run / "evaluation").mkdir(parents=True)
    report = {"attributes": {"exposure": {**values, "points": [[2.0, 1.9], [-1.0, -0.9]]}}}
    (run / "evaluation" / "evaluation.json").write_text(json.dumps(report), encoding="utf-8")
    return run


def test_the_table_has_means_spreads_and_what_copying_the_source_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nano_table, "ranges", lambda manifests: {"exposure": 4.0})
    runs = [evaluation(tmp_path / "0", 0.1), evaluation(tmp_path / "1", 0.3)]
    lines = table_of(results_of(tmp_path, {"full": runs})).splitlines()
    assert lines[2] == "| exposure | full | 30.0 ± 0.0 | 0.900 ± 0.000 | 1.00 ± 0.00 | 0.20 ± 0.14 EV | 5.0 ± 3.5 |"
    assert lines[3] == "| exposure | copy-source | 12.0 | – | 0.00 | 1.50 EV | 37.5 |"


def test_ranks_that_do_not_exist_are_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nano_table, "ranges", lambda manifests: {"exposure": 4.0})
    assert "| 30.0 | – | 1.00 |" in table_of(results_of(tmp_path, {"full": [evaluation(tmp_path / "0", 0.1, None)]}))


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- study -->\nold\n<!-- /study -->\nafter\n", encoding="utf-8")
    write_between(page, "study", "new")
    assert page.read_text(encoding="utf-8") == "before\n<!-- study -->\nnew\n<!-- /study -->\nafter\n"
    with pytest.raises(InputError, match="lacks the marks"):
        write_between(page, "shipped", "new")


def test_a_run_that_was_cut_short_goes_on(tmp_path: Path) -> None:
    plan = Plan(data=tmp_path, out=tmp_path / "runs", steps=10, pairs=4, seeds=(0, 1))
    first, *_ = runs = list(plan.runs())
    assert len(runs) == 8
    assert "--resume" not in plan.command(*first)
    (first[0] / "checkpoints" / "step-000005").mkdir(parents=True)
    assert plan.command(*first).endswith(" --resume")
