"""Settings for these tests: no deadlines, because shared machines stall at random."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("cat_dataset", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cat_dataset")
