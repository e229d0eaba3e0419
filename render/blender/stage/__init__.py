"""Everything in the scene but the object: where the camera stands, the sky, the floor, and how they hang together."""
