"""The public surface: exactly what is promised, and no name that a submodule would take over."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import cat_dataset
from cat_dataset import errors


def test_names() -> None:
    for name in cat_dataset.__all__:
        assert hasattr(cat_dataset, name)


def test_no_export_hides_a_module() -> None:
    modules = {module.name for module in pkgutil.iter_modules(cat_dataset.__path__)}
    assert not modules & set(cat_dataset.__all__)


def test_the_vocabulary_needs_the_standard_library_only() -> None:
    """Blender's and Unreal's Pythons import it: nothing beyond the standard library may come along."""
    script = (
        "import sys; before = set(sys.modules)\n"
        "import cat_dataset, cat_dataset.series_writer, cat_dataset.progress, cat_dataset.command, cat_dataset.picture_header\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names) - {'cat_dataset'}))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_one_error_tree() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert all(issubclass(kind, errors.CatError) for kind in kinds)
    assert {kind.exit_code for kind in kinds} == {0, 1, 2, 130}
    assert [kind.__name__ for kind in kinds if kind.exit_code == 1] == ["RunFailed"]
    assert [kind.__name__ for kind in kinds if kind.exit_code == 0] == ["Preempted"]
