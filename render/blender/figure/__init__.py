"""People: from a character file to objects in the scene."""
