"""The bill of materials: each component with the hash of the very file it was installed from, and a licence."""

from typing import Any

import pytest

from requirements.sbom import Incomplete, complete


def component(name: str, *licences: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "type": "library"} | ({"licenses": list(licences)} if licences else {})


def installed(name: str, sha256: str, licence: str | None = None) -> dict[str, Any]:
    metadata = {"name": name, "version": "1.0"} | ({"license": licence} if licence else {})
    return {"metadata": metadata, "download_info": {"url": "", "archive_info": {"hashes": {"sha256": sha256}}}}


MIT = {"license": {"id": "MIT"}}


def completed(components: list[dict[str, Any]], items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = complete({"version": 1, "components": components}, {"install": items})["components"]
    return made


def test_each_component_gets_its_own_hash() -> None:
    one, two = completed([component("b", MIT), component("a", MIT)], [installed("a", "aa"), installed("b", "bb")])
    assert (one["name"], one["hashes"]) == ("a", [{"alg": "SHA-256", "content": "aa"}])
    assert (two["name"], two["hashes"]) == ("b", [{"alg": "SHA-256", "content": "bb"}])
    assert one["type"] == "library"


def test_a_package_is_the_same_however_it_is_spelt() -> None:
    [one] = completed([component("Typing_Extensions", MIT)], [installed("typing.extensions", "aa")])
    assert one["hashes"][0]["content"] == "aa"


def test_a_licence_that_the_tool_found_stays() -> None:
    [one] = completed([component("a", MIT)], [installed("a", "aa", "Other")])
    assert one["licenses"] == [MIT]


def test_one_that_it_passed_over_is_named() -> None:
    [one] = completed([component("a")], [installed("a", "aa", "MIT License\n\nCopyright (c) somebody")])
    assert one["licenses"] == [{"license": {"name": "MIT License"}}]


@pytest.mark.parametrize("stated", [None, "", "\n"])
def test_without_any_there_is_no_bill(stated: str | None) -> None:
    with pytest.raises(Incomplete, match="a does not say"):
        completed([component("a")], [installed("a", "aa", stated)])


def test_what_is_only_installed_or_only_listed_is_named() -> None:
    with pytest.raises(Incomplete, match=r"a==1\.0, c==1\.0"):
        completed([component("a", MIT), component("b", MIT)], [installed("b", "bb"), installed("c", "cc")])
