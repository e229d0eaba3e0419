"""Every name of Unreal's API that the inside of the editor uses, misspelt one at a time: no run may get past it unnoticed.

Names are found by their syntax: attributes that the API has (`unreal.X`, methods, properties, enum values), names given to
``get_editor_property`` and ``set_editor_property``, keywords of calls to `unreal`, and the classes by which plugins are told.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.render.unreal.fake_unreal.types_ import API
from tests.render.unreal.in_editor_code import NAMES, in_memory, source
from tests.render.unreal.mutation_bench import Bench


@dataclass(frozen=True)
class Mutant:
    """A name in a module: its line, and where in the line it ends."""

    module: str
    line: int
    end: int
    name: str

    def source(self) -> str:
        lines = source(self.module).splitlines(keepends=True)
        text = lines[self.line - 1].encode()
        lines[self.line - 1] = (text[: self.end] + b"_misspelt" + text[self.end :]).decode()
        return "".join(lines)


@lru_cache
def api_names() -> frozenset[str]:
    names = {*API["module"], *API["classes"]}
    for cls in API["classes"].values():
        names |= {*cls.get("props", {}), *cls.get("methods", {}), *cls.get("consts", ())}
    for there in API["newest"]["there"].values():
        names |= set(there)
    return frozenset(names)


def mutants(module: str) -> Iterator[Mutant]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Attribute) and node.attr in api_names() and _root(node) not in OURS and node.attr != "path":
            yield Mutant(module, node.end_lineno or 0, node.end_col_offset or 0, node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("get_editor_property", "set_editor_property"):
                yield _string(module, node.args[0])
            for keyword in node.keywords if _root(node.func) == "unreal" else ():
                yield Mutant(module, keyword.lineno, keyword.col_offset + len(keyword.arg or ""), keyword.arg or "")
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PLUGINS" and isinstance(node.value, ast.Dict):
            yield from (_string(module, value) for value in node.value.values)


OURS = ("self", "keyed", "control", "status", "re")
"""Names in these modules that always stand for something of our own; so does the attribute ``path``."""


@lru_cache
def tree(module: str) -> ast.Module:
    return ast.parse(source(module))


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _string(module: str, node: ast.expr) -> Mutant:
    assert isinstance(node, ast.Constant)
    return Mutant(module, node.end_lineno or 0, (node.end_col_offset or 0) - 1, str(node.value))


def test_every_misspelt_name_is_caught(tmp_path: Path, monkeypatch: Any) -> None:
    bench = Bench(tmp_path, monkeypatch)
    with in_memory():
        baseline = {name: bench.lines(name) for name in bench.scenarios}
    survivors, tried = [], 0
    for module in NAMES:
        for mutant in mutants(module):
            tried += 1
            using = [
                name for name, (_, lines) in baseline.items() if any((module, line) in lines for line in _statement(module, mutant.line))
            ]
            if not any(_differs(bench, name, baseline[name][0], mutant) for name in using):
                survivors.append(mutant)
    print(f"{tried - len(survivors)} of {tried} misspelt names caught")
    assert tried > 150 and not survivors


def _statement(module: str, line: int) -> range:
    """The lines of the innermost statement around ``line``: a trace names some of them only."""
    best = range(line, line + 1)
    size = 10_000
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
            lines = range(node.lineno, (node.end_lineno or 0) + 1)
            if len(lines) <= size:
                best, size = lines, len(lines)
    return best


def _differs(bench: Bench, scenario: str, usual: str, mutant: Mutant) -> bool:
    try:
        with in_memory(**{mutant.module: mutant.source()}):
            return bench.scenarios[scenario]() != usual
    except Exception:  # the editor itself would show it
        return True
