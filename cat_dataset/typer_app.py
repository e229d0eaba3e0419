"""Running a Typer application so that its usage errors look like all other errors."""

from __future__ import annotations

import sys

import typer

from cat_dataset.command import INTERRUPTED, leave


def run_typer(app: typer.Typer) -> None:
    """Run a Typer application, its usage errors in one line like all others."""
    try:
        status = app(standalone_mode=False)
    except typer.Abort:
        sys.exit(INTERRUPTED)
    except Exception as error:
        # Typer carries a Click of its own in newer versions, so its usage errors are known by what they can do.
        if not hasattr(error, "format_message"):
            raise
        leave(f"{' '.join(error.format_message().split())} (--help lists what there is)", 2)
    sys.exit(status if isinstance(status, int) else 0)
