"""The licences of what runs the server, as a table, and those among them that nobody has allowed.

`python licences.py LISTED ALLOWED TABLE`: the JSON of pip-licenses, `licences.toml`, and the file to write.
"""

import json
import re
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

_BETWEEN = re.compile(r"\bAND\b|\bOR\b|\bWITH\b|[()]")


class Licensed(NamedTuple):
    """A package, and under which licence it says that it stands."""

    package: str
    version: str
    licence: str

    @classmethod
    def listed(cls, row: Mapping[str, str]) -> "Licensed":
        """A row of pip-licenses. Of a licence whose text stands where its name should, the first line is the name."""
        return cls(row["Name"], row["Version"], row["License"].strip().partition("\n")[0])

    def within(self, allowed: Collection[str]) -> bool:
        """Whether it stands under these alone, also where one may choose: old classifiers do not say if one may."""
        return all(one in allowed or _parts(one) <= set(allowed) for one in self.licence.split("; "))


def refused(packages: Iterable[Licensed], allowed: Mapping[str, Any]) -> list[Licensed]:
    """Those with a licence that is not allowed, or without any, unless somebody has read what this version says."""
    names, read = allowed["allowed"], allowed["packages"]
    return [one for one in packages if f"{one.package}=={one.version}" not in read and not one.within(names)]


def table(packages: Iterable[Licensed]) -> str:
    """All of them in Markdown."""
    rows = [f"| {package.package} | {package.version} | {package.licence} |" for package in packages]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *rows, ""])


def _parts(expression: str) -> set[str]:
    """The licences that an expression is put together from."""
    return {name.strip() for name in _BETWEEN.split(expression)} - {""} or {expression}


def main(listed: str, allowed: str, written: str) -> int:
    """Writes the table. Returns the exit status: 1 if there are licences to be read first."""
    rows = json.loads(Path(listed).read_text(encoding="utf-8"))
    packages = [Licensed.listed(row) for row in rows]
    Path(written).write_text(table(packages), encoding="utf-8")
    unread = refused(packages, tomllib.loads(Path(allowed).read_text(encoding="utf-8")))
    for package in unread:
        sys.stderr.write(f"{package.package} {package.version}: {package.licence} is not in {allowed}\n")
    sys.stdout.write(f"{len(packages)} packages, {len(unread)} with a licence to be read first: {written}\n")
    return 1 if unread or not packages else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
