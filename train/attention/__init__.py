"""Who sees whom in joint attention."""
