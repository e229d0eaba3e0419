"""What a camera file says about how it was taken: several readers, every value with the one that gave it."""
