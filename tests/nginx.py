"""The machine's own nginx. `make test` sees to it that it is there, or says that tests are left out."""

import os
import shutil

import pytest


def program() -> str:
    """Where it is. Without one the test is skipped, and where CI=true it fails."""
    if found := shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"):
        return found
    missing = "No nginx on this machine (Debian: apt-get install nginx-light)"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
