"""The optional package upyrc, imported where it is first needed and without its side effects."""

from __future__ import annotations

import importlib
import logging
from types import ModuleType

from render.unreal.errors import ExtraMissing

INSTALL = "pip install 'cat-dataset[unreal]'"


def upyre() -> ModuleType:
    """upyrc's remote execution: protocol constants and messages."""
    return _module("upyrc.upyre")


def upyrc() -> ModuleType:
    """upyrc's Remote Control over HTTP."""
    return _module("upyrc.upyrc")


def _module(name: str) -> ModuleType:
    """The module ``name``.

    Raises:
        ExtraMissing: it is not installed, or cannot be imported here.
    """
    root = logging.getLogger()
    before = list(root.handlers)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ExtraMissing(f"driving Unreal needs the package {error.name}, which is not installed: {INSTALL}") from error
    except Exception as error:  # upyre turns environment variables into numbers as it is imported
        raise ExtraMissing(f"{name} cannot be imported ({type(error).__name__}: {error}): {INSTALL}") from error
    finally:
        for handler in [handler for handler in root.handlers if handler not in before]:
            root.removeHandler(handler)  # both modules call logging.basicConfig, which is the application's to do
