"""What a chain's author lets in and out: a check on the request, and one on the settled output."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig

from chains.faults import chain_fault
from schemas import Code, Path, StreamError, UpstreamError
from schemas.text import whole_characters

Check = Runnable[Any, str | None]
"""From any JSON value to None if it may pass, else to the reason, in words for the user."""


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks of one chain. What one refuses ends the run with code `refused` and the check's reason.

    - `input` gets the request as JSON, and a user's pin as `{"name": value}`
    - `output` gets each value of the `checked` properties that is about to be told, as `{"name": value}`, of a list
      each item; by default the model's every property is checked
    """

    input: Check | None = None
    output: Check | None = None
    checked: Collection[str] | None = None

    def held(self, wanted: Collection[str]) -> Collection[str]:
        """Which of the wanted properties are told only when the check has let them pass."""
        if not self.output:
            return ()
        return frozenset(wanted) if self.checked is None else frozenset(wanted) & frozenset(self.checked)

    async def admit(self, value: Any, config: RunnableConfig) -> None:
        """Raises why the input may not be taken."""
        if self.input and (refused := await _asked(self.input, value, config)):
            raise refused

    def admit_sync(self, value: Any, config: RunnableConfig) -> None:
        """The same for callers without an event loop."""
        if self.input and (refused := _asked_sync(self.input, value, config)):
            raise refused

    async def judge(self, path: Path, value: Any, config: RunnableConfig) -> StreamError | None:
        """Why a value of the model's may not be told."""
        return await _asked(self.output, {path[0]: value}, config) if self.output else None

    def judge_sync(self, path: Path, value: Any, config: RunnableConfig) -> StreamError | None:
        """The same for callers without an event loop."""
        return _asked_sync(self.output, {path[0]: value}, config) if self.output else None


async def _asked(check: Check, value: Any, config: RunnableConfig) -> StreamError | None:
    try:
        return _refusal(await check.ainvoke(value, config))
    except StreamError as error:
        return error
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) and task.cancelling():
            raise
        return chain_fault(error)  # something inside the check was cancelled, and not this run
    except Exception as error:  # noqa: BLE001  # a check that cannot answer lets nothing pass
        return chain_fault(error)


def _asked_sync(check: Check, value: Any, config: RunnableConfig) -> StreamError | None:
    try:
        return _refusal(check.invoke(value, config))
    except StreamError as error:
        return error
    except Exception as error:  # noqa: BLE001  # a check that cannot answer lets nothing pass
        return chain_fault(error)


def _refusal(reason: object) -> StreamError | None:
    if reason is None:
        return None
    if not isinstance(reason, str):  # perhaps it means to say yes; what is not clear lets nothing pass
        raise TypeError(f"a check answers with None or a reason, not with {type(reason).__name__}")
    return UpstreamError(whole_characters(reason) or "This may not pass.", code=Code.REFUSED)
