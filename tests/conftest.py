"""How property tests run: never against a clock, and in CI the same examples every time."""

import os

from hypothesis import HealthCheck, settings

# A loaded machine is slow, not wrong; neither a deadline nor slow data generation says anything about the code.
UNHURRIED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("unhurried", **UNHURRIED)
settings.register_profile("repeatable", derandomize=True, database=None, print_blob=True, **UNHURRIED)
settings.load_profile("repeatable" if os.environ.get("CI") else "unhurried")
