"""From camera file to picture, the same way for every frame, and exact changes made to one picture."""
