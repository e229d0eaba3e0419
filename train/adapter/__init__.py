"""What is taught to a base: numeric tokens and who sees them, LoRA, and the adapter's files."""
