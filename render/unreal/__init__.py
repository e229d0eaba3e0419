"""Drives an Unreal editor from outside, and holds what runs inside it. Never run in an engine by us: see the README."""
