"""Which licences are let through, and which must be read first."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from requirements import licences
from requirements.licences import Licensed, refused

ALLOWED: dict[str, Any] = {
    "allowed": {"MIT": "", "Apache-2.0": "", "BSD License": "", "Mozilla Public License 2.0 (MPL 2.0)": ""},
    "packages": {"special==1.2": "read"},
}
OWN = Path(licences.__file__).parent / "licences.toml"


def is_refused(licence: str, name: str = "some", version: str = "1.0") -> bool:
    return bool(refused([Licensed(name, version, licence)], ALLOWED))


@pytest.mark.parametrize(
    "licence",
    [
        "MIT",
        "Apache-2.0 OR MIT",
        "(MIT AND Apache-2.0) OR MIT",
        "MIT; BSD License",
        "Mozilla Public License 2.0 (MPL 2.0)",
        "BSD License; Mozilla Public License 2.0 (MPL 2.0)",
    ],
)
def test_what_is_allowed_passes(licence: str) -> None:
    assert not is_refused(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "GPL-3.0-only OR MIT",
        "MIT; GNU General Public License v3 (GPLv3)",
        "Apache-2.0 WITH LLVM-exception",
        "MITX",
        "mit",
        "LIMITED",
        "UNKNOWN",
        "",
        "()",
    ],
)
def test_what_is_not_is_refused(licence: str) -> None:
    assert is_refused(licence)


def test_a_licence_that_was_read_is_that_versions() -> None:
    assert not is_refused("Own Licence", "special", "1.2")
    assert is_refused("Own Licence", "special", "1.3")
    assert is_refused("Own Licence", "other", "1.2")


def test_a_text_in_the_place_of_a_name_is_named_by_its_first_line() -> None:
    row = {"Name": "some", "Version": "1", "License": "\nMIT\n\nCopyright (c) somebody. GPL-3.0-only"}
    assert Licensed.listed(row).licence == "MIT"


class TestCommand:
    def run(self, folder: Path, *rows: tuple[str, str, str]) -> tuple[int, str]:
        listed, written = folder / "listed.json", folder / "licences.md"
        listed.write_text(json.dumps([{"Name": n, "Version": v, "License": of} for n, v, of in rows]), encoding="utf-8")
        status = licences.main(str(listed), str(OWN), str(written))
        return status, written.read_text(encoding="utf-8")

    def test_lists_all_and_names_what_must_be_read(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        status, table = self.run(tmp_path, ("good", "1", "MIT"), ("odd", "2", "AGPL-3.0"))
        assert status == 1
        assert "| good | 1 | MIT |\n| odd | 2 | AGPL-3.0 |\n" in table
        complaint = capsys.readouterr().err
        assert "odd 2: AGPL-3.0" in complaint
        assert "good" not in complaint

    def test_is_content_with_what_is_allowed(self, tmp_path: Path) -> None:
        assert self.run(tmp_path, ("good", "1", "MIT"))[0] == 0

    def test_is_not_content_with_nothing(self, tmp_path: Path) -> None:
        """A list without packages is a tool that looked in the wrong place."""
        assert self.run(tmp_path)[0] == 1


def test_every_exception_is_of_a_version_that_is_locked() -> None:
    lock = (OWN.parent / "run.txt").read_text(encoding="utf-8")
    exceptions = tomllib.loads(OWN.read_text(encoding="utf-8"))["packages"]
    assert [name for name in exceptions if f"\n{name} \\\n" not in lock] == []
