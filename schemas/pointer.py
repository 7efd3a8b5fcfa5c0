"""JSON Pointers (RFC 6901): how a path into a value is written on the wire.

Inside the code a path is a tuple of keys and indexes, `("plan", 0, "title")`; on the wire it is `/plan/0/title`.
"""

from collections.abc import Iterable

Path = tuple[str | int, ...]


def to_pointer(path: Iterable[str | int]) -> str:
    """`("plan", 0, "a/b")` → `/plan/0/a~1b`; the empty path → the empty string (the whole value)."""
    return "".join(
        f"/{part}" if isinstance(part, int) else "/" + part.replace("~", "~0").replace("/", "~1") for part in path
    )


def from_pointer(pointer: str) -> Path:
    """The inverse of `to_pointer`; ASCII digits are read as an index. `ValueError` if it has no leading slash."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"a JSON Pointer begins with a slash: {pointer!r}")
    return tuple(
        int(part) if part.isascii() and part.isdigit() else part.replace("~1", "/").replace("~0", "~")
        for part in pointer[1:].split("/")
    )
