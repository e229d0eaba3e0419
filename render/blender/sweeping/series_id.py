"""The name of a series: a function of what it is alone, so that a plan can grow. Standard library only."""

from __future__ import annotations

from render.blender.sources import Source


def series_id(sweep: str, asset: Source, sky: Source, view: int) -> str:
    """Id of the series of the sweep called ``sweep``."""
    return f"{sweep}-{asset.part}-{sky.part}-v{view:02d}"
