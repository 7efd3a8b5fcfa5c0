"""The packages of `package.json`, and Node to run them. `make clients` installs them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_MODULES = HERE / "node_modules"


def node() -> str:
    """The program. Without it or the packages the test is skipped, and where CI=true it fails."""
    found = shutil.which("node")
    if found and _MODULES.is_dir():
        return found
    missing = "Other people's clients are not installed: make clients" if found else "No Node.js on this machine"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


def bundle(entry: Path, into: Path) -> None:
    """One script of `entry` and all that it imports, for a browser."""
    node()
    esbuild = [str(_MODULES / ".bin" / "esbuild"), str(entry), f"--outfile={into}"]
    subprocess.run([*esbuild, "--bundle", "--jsx=automatic", "--log-level=warning"], check=True, timeout=60)  # noqa: S603
