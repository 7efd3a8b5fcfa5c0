"""A program of this folder that uses a package as its users do, and tells what they see."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any, Self

from tests.foreign.packages import HERE, node

_END_S = 20.0


class Program:
    """It runs as long as the block lasts. Iterated, it gives what its user sees, as that comes, to the end."""

    def __init__(self, name: str, **task: Any) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [node(), f"{name}.mjs", json.dumps(task)],
            cwd=HERE / "programs",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind:
            self._process.kill()
        self._process.communicate(timeout=_END_S)
        assert kind or self._process.returncode == 0, "the program itself failed: see above"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        assert self._process.stdout
        yield from map(json.loads, self._process.stdout)

    def until(self, key: str) -> dict[str, Any]:
        """What is seen next that has this key."""
        return next(seen for seen in self if key in seen)

    def stop(self) -> None:
        """Its user stops."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()


def seen_by(name: str, **task: Any) -> list[dict[str, Any]]:
    """All that the user of a program sees, to its end."""
    with Program(name, **task) as program:
        return list(program)
