"""What all tests share: how hard Hypothesis tries.

`HYPOTHESIS_PROFILE=long pytest --timeout=0 tests/chains` tries long, and other things every time.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "default",
    max_examples=100,
    derandomize=True,  # the same examples every time: what is red is red for everybody
    database=None,
    deadline=None,  # a busy machine is no failure
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile("long", settings.get_profile("default"), max_examples=20_000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
