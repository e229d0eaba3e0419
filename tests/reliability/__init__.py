"""Faults that are made on purpose, many times, and what came of each: ``python -m tests.reliability``."""
