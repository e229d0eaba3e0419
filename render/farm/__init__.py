"""Many Blenders at work on one plan: ``cat-render``."""
