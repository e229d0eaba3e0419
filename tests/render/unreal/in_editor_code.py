"""The modules of `render.unreal.in_editor`, compiled once and imported anew for every fake editor; any of them may be changed."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "render" / "unreal" / "in_editor"
PACKAGE = "render.unreal.in_editor"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__"))


def source(name: str) -> str:
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


@lru_cache(maxsize=64)
def _compiled(name: str) -> types.CodeType:
    return compile(source(name), str(FOLDER / f"{name}.py"), "exec")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the package's modules in memory."""

    def __init__(self, changed: dict[str, str]) -> None:
        self.changed = changed

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        package, _, module = name.rpartition(".")
        return importlib.util.spec_from_loader(name, self) if package == PACKAGE and module in NAMES else None

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__name__.rpartition(".")[2]
        code = compile(self.changed[name], f"{name} (changed)", "exec") if name in self.changed else _compiled(name)
        exec(code, vars(module))


@contextmanager
def in_memory(**changed: str) -> Iterator[None]:
    """Import the package's modules from memory, those named in ``changed`` with another source."""
    finder = Finder(changed)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
