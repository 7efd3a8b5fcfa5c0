"""Reads runs by blocking: for notebooks, scripts and threads."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from time import sleep
from typing import Any, Self, Unpack

import httpx
from pydantic import BaseModel

from moim_client.asking import Ask
from moim_client.errors import ConnectionLost
from moim_client.known import ANSWER_S, STOP_S, Known, frames_of, success, tls
from moim_client.reading import Options, Reading
from schemas import Event, PinReceipt

Headers = Mapping[str, str] | Callable[[], Mapping[str, str]]


def stream_run(
    url: str,
    input: Mapping[str, Any] | BaseModel,
    *,
    idempotency_key: str | None = None,
    headers: Headers | None = None,
    client: httpx.Client | None = None,
    keep: bool = False,
    **options: Unpack[Options],
) -> "Run":
    """A run of the chain at `url`, which begins when it is iterated, and is stopped when it is left before its end.

    - `idempotency_key`: two runs with the same one are one run; by default every run is a new one
    - `headers`: a function is asked at every request, so it may give a fresh token
    - `client`: whose connections, TLS and `auth` are used; it stays open
    - `keep`: leaving does not stop the run
    """
    return Run(Reading.of_new(url, input, idempotency_key, **options), headers, client, keep=keep)


def resume_run(
    url: str,
    run_id: str,
    *,
    after: str = "",
    headers: Headers | None = None,
    client: httpx.Client | None = None,
    keep: bool = True,
    **options: Unpack[Options],
) -> "Run":
    """A run that has begun, from its beginning or behind the id `after`. Leaving it stops it only without `keep`."""
    return Run(Reading.of_known(url, run_id, after, **options), headers, client, keep=keep)


class Run(Known):
    """Iterated, it gives each event once, and ends behind the one that is terminal.

    Leaving the loop leaves the run. In a `with` block it is leaving the block that does: a loop can be left there, and
    another one goes on.
    """

    def __init__(self, reading: Reading, headers: Headers | None, client: httpx.Client | None, *, keep: bool) -> None:
        super().__init__(reading, keep=keep)
        self._headers = headers
        self._given = client
        self._block: Generator[Event] | None = None

    def __iter__(self) -> Iterator[Event]:
        return self._block or self._events()

    def __enter__(self) -> Self:
        self._block = self._events()
        return self

    def __exit__(self, *_: object) -> None:
        if self._block:
            self._block.close()

    def result(self) -> dict[str, Any]:
        """Reads to the end. The whole object; raises the `StreamError` that the run failed by, or `RunCancelled`."""
        for _ in self:
            pass
        return self._reading.state.result()

    def pin(self, path: str, value: Any) -> int:
        """The user takes a top-level field over. The number of its `pinned` event; `StreamError` if it is refused."""
        with self._line() as client:
            ask = self._reading.addresses.pin(self._reading.run_id, path, value)
            return PinReceipt.model_validate_json(self._send(client, ask)).seq

    def cancel(self) -> None:
        """Stops the run, from any thread. Whoever reads it reads on, to its `cancelled`."""
        with self._line() as client:
            self._stop(client)

    def _events(self) -> Generator[Event]:
        reading = self._reading
        with self._line() as client:
            try:
                while not reading.over:
                    yield from self._connection(client)
                    if not reading.over:
                        sleep(reading.pause_s())
            finally:
                if not self._leaves_it_running:
                    with suppress(Exception):  # whoever leaves has better things to hear
                        self._stop(client, STOP_S)

    def _connection(self, client: httpx.Client) -> Generator[Event]:
        """The news that one connection brings."""
        reading, ask = self._reading, self._reading.ask()
        try:
            with client.stream(**self._arguments(ask), timeout=self._timeout) as response:
                if not reading.opens(response.status_code, response.headers):
                    reading.answered(response.status_code, response.headers, response.read())
                    return
                for frame in frames_of(response).iter_sse():
                    if event := reading.take(frame):
                        yield event
                    if reading.over:
                        return
        except httpx.RequestError as fault:
            reading.cut(fault)

    def _stop(self, client: httpx.Client, within_s: float = ANSWER_S) -> None:
        if ask := self._reading.ask_which():
            self._reading.learn(self._send(client, ask, within_s))
        self._send(client, self._reading.addresses.stop(self._reading.run_id), within_s)

    def _send(self, client: httpx.Client, ask: Ask, within_s: float = ANSWER_S) -> bytes:
        try:
            return success(client.request(**self._arguments(ask), timeout=within_s))
        except httpx.RequestError as fault:
            raise ConnectionLost("nobody answers") from fault

    def _arguments(self, ask: Ask) -> dict[str, Any]:
        headers = httpx.Headers(self._headers() if callable(self._headers) else self._headers)
        headers.update(ask.headers)
        return {"method": ask.method, "url": ask.url, "params": ask.params, "headers": headers, "json": ask.json}

    @contextmanager
    def _line(self) -> Iterator[httpx.Client]:
        """The caller's client, or one for as long as the block lasts."""
        if self._given:
            yield self._given
        else:
            with httpx.Client(verify=tls()) as own:
                yield own
