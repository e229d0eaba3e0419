"""A simulated camera that photographs scenes into DNG files with true EXIF, and with every trap on request."""
