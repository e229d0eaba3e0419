"""Whether the pixels agree with what the file says: evidence from each frame, laws, alignment, verdicts."""
