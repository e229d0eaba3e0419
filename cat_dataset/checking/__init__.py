"""What proves a dataset: every byte against the tables, and labels that look wrong."""
