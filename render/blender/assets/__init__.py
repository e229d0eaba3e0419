"""Assets: what files hold, how they are loaded, and how they become one object of unit size."""
