"""Paths and JSON Pointers are two ways to write the same place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Path, from_pointer, to_pointer

names = st.text().filter(lambda name: not (name.isascii() and name.isdigit()))
paths = st.lists(st.integers(0, 10**6) | names | st.sampled_from(["~", "/", "~0", "~1", "~01", "a/b", ""])).map(tuple)

RFC_6901: dict[str, Path] = {
    "": (),
    "/": ("",),
    "/foo": ("foo",),
    "/foo/0": ("foo", 0),
    "/a~1b": ("a/b",),
    "/c%d": ("c%d",),
    "/m~0n": ("m~n",),
    "/ ": (" ",),
    "/~01": ("~1",),
    "//": ("", ""),
    "/plan/-": ("plan", "-"),
    "/이름/12": ("이름", 12),
}


@given(paths)
def test_a_path_comes_back(path: Path) -> None:
    assert from_pointer(to_pointer(path)) == path


@given(paths, paths)
def test_different_paths_are_different_pointers(one: Path, other: Path) -> None:
    assert (to_pointer(one) == to_pointer(other)) == (one == other)


@pytest.mark.parametrize(("pointer", "path"), RFC_6901.items())
def test_it_is_written_as_rfc_6901_says(pointer: str, path: Path) -> None:
    assert to_pointer(path) == pointer
    assert from_pointer(pointer) == path


def test_only_ascii_digits_are_an_index() -> None:
    assert from_pointer("/٣/²/-1/1a") == ("٣", "²", "-1", "1a")


@pytest.mark.parametrize("pointer", ["name", "#/name", " /name"])
def test_a_pointer_begins_with_a_slash(pointer: str) -> None:
    with pytest.raises(ValueError, match="slash"):
        from_pointer(pointer)
