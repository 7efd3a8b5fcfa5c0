"""How a user takes a field over while its run goes on."""

from collections.abc import Awaitable, Callable
from typing import Any

from chains.projection import Projection
from schemas import Code, RequestError

Admission = Callable[[Any], Awaitable[None]]
"""Raises the `StreamError` that says why a user's `{"name": value}` may not be taken."""


class Pins:
    """The way into one run: make it, hand it to `StructuredChain.astream_typed`, and pin while the run goes on."""

    def __init__(self) -> None:
        self._run: tuple[Projection, Callable[[], object], Admission | None] | None = None

    def open(self, projection: Projection, told: Callable[[], object], check: Admission | None = None) -> None:
        """The run takes pins from now on. `told` is called when it has taken one."""
        self._run = projection, told, check

    def close(self) -> None:
        """The run is over, or its reader has left."""
        self._run = None

    async def pin(self, path: str, value: Any) -> int:
        """Takes the top-level property at this JSON Pointer over: from now on it has this value (JSON).

        Returns the `seq` of the `pinned` event. Raises a `RequestError`, and leaves the property to the model: code
        `conflict` if the run has not begun or has ended, `invalid_request` if there is no such property or the value
        breaks its rules (`details` says which). What the chain's check of its input refuses is an `UpstreamError`,
        code `refused`.
        """
        if not self._run:
            raise RequestError("The run is not going on.", code=Code.CONFLICT)
        projection, told, check = self._run
        name = projection.property_at(path)
        if check:
            await check({name: value})
        seq = projection.pin(path, value)
        told()
        return seq
