"""From scene to picture: Cycles' settings, stills, and the object alone (mask check, passes)."""
