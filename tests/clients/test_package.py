"""What `pip install ./clients/python` gives a service: the client and the events, and what they say they need."""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import moim_client
import schemas
from tests.server.configs import MEETING, both
from tests.server.process import ROOT, ServerProcess

SERVICE = """
import sys
from moim_client import stream_run

with stream_run(sys.argv[1], {"goal": "강아지와 산책"}) as run:
    for event in run:
        pass
print(ascii(run.value))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of a copy, since building leaves its traces beside the sources."""
    folder = tmp_path_factory.mktemp("built")
    ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    shutil.copytree(ROOT / "clients/python", folder / "clients/python", ignore=ignored)
    shutil.copytree(ROOT / "schemas", folder / "schemas", ignore=ignored)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, folder / "clients/python")
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel, and with what it needs and nothing else, taken from this one."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)  # noqa: S603
    packages = folder / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    _pip("install", "--no-deps", "--no-index", "--target", packages, wheel)
    for needed in _closure(_metadata(packages)):
        for name in {Path(file).parts[0] for file in needed.files or ()} - {"..", "__pycache__"}:
            (packages / name).symlink_to(Path(str(needed.locate_file(name))))
    return folder / "bin/python"


def test_a_wheel_holds_the_client_and_the_events_and_nothing_else(wheel: Path) -> None:
    names = [Path(name) for name in ZipFile(wheel).namelist()]
    assert {name.parts[0] for name in names} == {"moim_client", "schemas", "moim_client-0.1.0.dist-info"}
    assert {name for name in names if name.parts[0] in {"moim_client", "schemas"}} == {
        file.relative_to(room.parent)
        for room in (ROOT / "clients/python/moim_client", ROOT / "schemas")
        for file in room.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }


def test_a_service_with_nothing_else_reads_a_run(bare: Path, shared: Callable[[str], ServerProcess]) -> None:
    assert _says(bare, "-W", "error", "-c", SERVICE, f"{shared(both()).url}/meeting-info") == ascii(MEETING) + "\n"


def test_it_needs_nothing_of_the_servers(bare: Path) -> None:
    listing = "import moim_client, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(_says(bare, "-c", listing).split())
    assert {"moim_client", "schemas", "httpx", "httpx_sse", "pydantic", "anyio"} <= loaded
    assert not loaded & {"chains", "server", "langchain_core", "langserve", "fastapi", "starlette"}


def test_every_public_name_is_there_and_sorted() -> None:
    assert all(hasattr(moim_client, name) for name in moim_client.__all__)
    assert list(moim_client.__all__) == sorted(moim_client.__all__)
    assert not set(moim_client.__all__) & set(schemas.__all__)  # who needs the events imports them from there


def _pip(*words: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words], check=True)  # noqa: S603


def _says(python: Path, *words: str) -> str:
    """What a command prints; it must do so without a fault or a warning."""
    done = subprocess.run([python, "-I", *words], check=False, capture_output=True, text=True, timeout=60)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def _metadata(packages: Path) -> Distribution:
    [folder] = packages.glob("moim_client-*.dist-info")
    return Distribution.at(folder)


def _closure(top: Distribution) -> Iterator[Distribution]:
    """What a distribution needs, and what that needs, each once."""
    known: set[str] = set()
    waiting = [top]
    while waiting:
        for line in waiting.pop().requires or ():
            need = Requirement(line)
            name = canonicalize_name(need.name)
            if name in known or (need.marker and not need.marker.evaluate({"extra": ""})):
                continue
            known.add(name)
            found = distribution(name)
            assert need.specifier.contains(found.version), f"{line}, and here is {found.version}"
            waiting.append(found)
            yield found
