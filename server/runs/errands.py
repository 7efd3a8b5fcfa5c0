"""What one worker asks of another: the one in which a run goes on.

Messages go through the store, so they reach whoever lives, in order. They are JSON: a question has a number, which its
answer repeats.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from itertools import count
from typing import Any

from chains.faults import log_fault
from schemas import BY_PHASE, MEANING, Breach, Code, ServerError, StreamError
from server.runs.store import Store, StoreUnavailable, Unknown
from server.runs.tasks import Tasks

_log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""Seconds to wait for an answer; the check of a pin may take a while."""

Do = Callable[[dict[str, Any]], Awaitable[Any]]
"""Does what was asked and returns the answer (JSON). Raises a `StreamError` that the asker then raises."""


class Errands:
    """Asks others, and does what others ask. `serve` must be running for both."""

    def __init__(self, store: Store, do: Do) -> None:
        self._store = store
        self._do = do
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._doing = Tasks()

    async def ask(self, worker: str, errand: dict[str, Any]) -> Any:
        """The answer of another worker. `ServerError` of code `worker_lost` if there is none."""
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            await self._store.send(worker, json.dumps({"ask": number, "by": self._store.worker, "errand": errand}))
            async with asyncio.timeout(PATIENCE_S):
                return await answer
        except (Unknown, TimeoutError):
            raise no_answer() from None
        finally:
            del self._asked[number]

    async def serve(self) -> None:
        """Reads this worker's messages, for ever."""
        try:
            async with aclosing(self._store.inbox()) as messages:
                async for text in messages:
                    self._take(json.loads(text))
        finally:
            for task in self._doing:
                task.cancel()

    def _take(self, message: dict[str, Any]) -> None:
        if "ask" in message:
            _ = self._doing.start(self._answer(message))
        elif (asked := self._asked.get(message["answer"])) and not asked.done():
            if "error" in message:
                asked.set_exception(_error(message["error"]))
            else:
                asked.set_result(message["value"])

    async def _answer(self, message: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"answer": message["ask"]}
        try:
            answer["value"] = await self._do(message["errand"])
        except StreamError as error:
            answer["error"] = {**error.envelope(), "retry_after_ms": error.retry_after_ms}
        except Exception as error:  # noqa: BLE001  # the asker must not wait
            log_fault(_log, "an errand broke", error)
            answer["error"] = ServerError("The server has a fault.").envelope()
        with suppress(Unknown, StoreUnavailable):  # who asked has gone, or will give up
            await self._store.send(message["by"], json.dumps(answer))


def no_answer() -> ServerError:
    """The worker in which a run goes on cannot be asked just now."""
    message = "The worker of this run does not answer. Try again shortly."
    return ServerError(message, code=Code.WORKER_LOST, retry_after_ms=2000)


def _error(said: dict[str, Any]) -> StreamError:
    """The error that another worker has raised."""
    code = Code(said["code"])
    details = tuple(Breach.model_validate(breach) for breach in said.get("details") or ())
    kind = BY_PHASE[MEANING[code].phase]
    return kind(said["message"], code=code, details=details, retry_after_ms=said.get("retry_after_ms"))
