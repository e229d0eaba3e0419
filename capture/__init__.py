"""Camera folders to series: metadata, checks, development; and a simulated camera.

OpenCV reads its pixel limit when it is first imported, so it is set here, before any module of this package does that.
"""

import os

PIXEL_LIMIT = 200_000_000
"""Pixels of the largest picture that is decoded at all (medium-format backs reach 151 million)."""

UNFINISHED = ".incomplete"
"""Marker file in a folder that the simulated camera is still writing."""

os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(PIXEL_LIMIT))
