"""Completes the SBOM of what runs the server: each wheel's hash, and licences that the tool passed over.

cyclonedx-py reads an installed environment, which has forgotten the files that it came from; pip's report of the
installation knows them. `python sbom.py INSTALLED REPORT WRITTEN`: its SBOM, pip's report, and the file to write.
"""

import json
import re
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any


class Incomplete(Exception):
    """The SBOM would not say what it is for."""


def complete(sbom: dict[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """The SBOM with each component's hash and licence. `Incomplete` names those that are only in one of the two."""
    installed = {_key(item["metadata"]["name"], item["metadata"]["version"]): item for item in report["install"]}
    components = {_key(component["name"], component["version"]): component for component in sbom["components"]}
    if strangers := installed.keys() ^ components.keys():
        raise Incomplete(f"only installed, or only listed: {', '.join(sorted(strangers))}")
    return {**sbom, "components": [_completed(components[key], installed[key]) for key in sorted(components)]}


def _completed(component: Mapping[str, Any], installed: Mapping[str, Any]) -> dict[str, Any]:
    sha256 = installed["download_info"]["archive_info"]["hashes"]["sha256"]
    licences = component.get("licenses") or [{"license": {"name": _licence(installed["metadata"])}}]
    return {**component, "hashes": [{"alg": "SHA-256", "content": sha256}], "licenses": licences}


def _licence(metadata: Mapping[str, Any]) -> str:
    """The licence's name, or the first line of its text, which is a name as well."""
    if not (licence := (metadata.get("license") or "").strip().partition("\n")[0]):
        raise Incomplete(f"{metadata['name']} does not say its licence")
    return str(licence)


def _key(name: str, version: str) -> str:
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"


def _invalid(text: str, version: str) -> object:
    """What its schema says against it. The tool is at hand where SBOMs are made, and not where the tests run."""
    versions = import_module("cyclonedx.schema").SchemaVersion
    return (
        import_module("cyclonedx.validation.json")
        .JsonStrictValidator(versions.from_version(version))
        .validate_str(text)
    )


def main(installed: str, report: str, written: str) -> int:
    """Writes the completed SBOM, if its schema allows it. Returns the exit status."""
    sbom, installation = (json.loads(Path(path).read_text(encoding="utf-8")) for path in (installed, report))
    try:
        text = json.dumps(complete(sbom, installation), indent=1, sort_keys=True)
    except Incomplete as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if invalid := _invalid(text, sbom["specVersion"]):
        sys.stderr.write(f"{invalid}\n")
        return 1
    Path(written).write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(sbom['components'])} components: {written}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
