"""Common Attribute Transform data: the vocabulary and the formats.

Importing this package loads nothing beyond the standard library, so that it also works inside Blender and Unreal.
"""

from cat_dataset.attributes import ATTRIBUTES, Attribute, attribute
from cat_dataset.errors import CatError
from cat_dataset.instructions import Edit
from cat_dataset.instructions import build as build_instruction
from cat_dataset.instructions import parse as parse_instruction
from cat_dataset.series import Frame, Series, read_series
from cat_dataset.series_writer import SeriesWriter

__version__ = "0.1.0"
__all__ = [
    "ATTRIBUTES",
    "Attribute",
    "CatError",
    "Edit",
    "Frame",
    "Series",
    "SeriesWriter",
    "attribute",
    "build_instruction",
    "parse_instruction",
    "read_series",
]
