"""What all tests of cat-render compare with."""

from __future__ import annotations

import sys

import pytest

from tests.render.farm.plans import TINY
from tests.render.runs import hashes, sweep

if sys.platform != "linux":  # the tests look for workers in /proc and send them signals
    collect_ignore_glob = ["test_local*", "test_faults*", "test_slurm*", "test_ray*"]


@pytest.fixture(scope="package")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Hashes of the files of the plan of `plans.write_plan`, made by the sweep's own script in one process."""
    out = tmp_path_factory.mktemp("undisturbed") / "series"
    flags = [word for name, value in TINY.items() for word in (f"--{name}", value)]
    run = sweep(
        "rotate", *flags, "--asset", "builtin:car", "builtin:mug", "--hdri", "builtin:studio", "--views", 2, "--seed", 3, "--out", out
    )
    assert run.returncode == 0, run.stderr
    return hashes(out)
