"""Without the train extra the commands say what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HIDE_TORCH = """
import importlib.util, runpy, sys
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else real(name, *rest)
runpy.run_module("train.edit", run_name="__main__")
"""


def test_a_plain_install_names_the_extra() -> None:
    done = subprocess.run([sys.executable, "-c", HIDE_TORCH], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 2
    assert done.stderr == "error: training and editing need torch: pip install 'cat-dataset[train]'\n"
