"""A chain whose answer is an object that streams: prompt → chat model → typed events.

`StructuredChain` is a LangChain runnable like any other: it composes, takes a `RunnableConfig`, and shows in callbacks
and `astream_events`. One producer makes the typed events; everything else is a fold over them:

    astream_typed(input)      the typed events themselves
    astream / stream          the value so far, the last being the whole one
    ainvoke / invoke          the whole value
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_config_list,
    patch_config,
)
from pydantic import BaseModel

from chains.ask import Ask, names
from chains.call import choose_language, fit_history, make_call, read_request
from chains.drive import Limits, drive, drive_sync
from chains.models.model import Model
from chains.pace import Pace
from chains.projection import Projection
from chains.shape import shape_of
from schemas import BY_PHASE, Complete, Event, Failed, FieldSettled, Fold, Language, Note, StreamError, Token, copy_json

HOLD = 1.0
"""Seconds that `start` may wait for the model's first chunk, so that an early failure can be told as one."""

Prompts = ChatPromptTemplate | Mapping[Language, ChatPromptTemplate]


class StructuredChain(Runnable[Any, dict[str, Any]]):
    """From a request (a dict or `request` itself) to an object (a plain dict) that streams while it is written.

    - `prompt`: one template, or one for each language
    - `ask`: from the validated request to what is asked of the model; by default all of `result`, with the request's
      fields as the prompt's variables

    `invoke`, `stream` and their async twins raise a `StreamError` when the run fails (`RequestError` when the input
    does not meet `request`); `astream_typed` raises only before its first event.
    """

    def __init__(
        self,
        *,
        name: str,
        request: type[BaseModel],
        result: type[BaseModel],
        prompt: Prompts,
        model: Model,
        ask: Callable[[Any], Ask] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.name = name
        self.request = request
        self.result = result
        self.model = model
        self._prompt = prompt
        shape_of(result)  # a result that cannot stream is refused here, not in the first run
        if isinstance(prompt, Mapping) and (missing := set(model.languages) - set(prompt)):
            raise ValueError(f"{name}: no prompt in {sorted(missing)}, which {model.name} is said to write")
        self._ask = ask or (lambda request: Ask(result, wanted=result, variables=request.model_dump()))
        self._limits = limits or Limits()

    # -- what LangChain and LangServe expect of a runnable -----------------------------------------------------------

    @property
    def InputType(self) -> type[BaseModel]:
        return self.request

    @property
    def OutputType(self) -> type[BaseModel]:  # type: ignore[override]  # its JSON Schema; the value itself is a dict
        return self.result

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return self.request

    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return self.result

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> dict[str, Any]:
        return self._call_with_config(self._whole, input, config, run_type="chain")

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> dict[str, Any]:
        return await self._acall_with_config(self._awhole, input, config, run_type="chain")

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[dict[str, Any]]:
        yield from self._transform_stream_with_config(iter([input]), self._values, config, run_type="chain")

    def astream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[dict[str, Any]]:
        return self._atransform_stream_with_config(_alone(input), self._avalues, config, run_type="chain")

    async def abatch(
        self,
        inputs: list[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Any]:
        """As many at once as the model takes; if one fails and is to be raised, the others are stopped."""
        places = asyncio.Semaphore(self.model.gate.slots)

        async def one(input: Any, config: RunnableConfig) -> dict[str, Any]:
            async with places:
                return await self.ainvoke(input, config)

        configs = get_config_list(config, len(inputs))
        tasks = [asyncio.create_task(one(*pair)) for pair in zip(inputs, configs, strict=True)]
        try:
            results: list[Any] = await asyncio.gather(*tasks, return_exceptions=return_exceptions)
            return results
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # -- the producer ------------------------------------------------------------------------------------------------

    async def astream_typed(
        self, input: Any, config: RunnableConfig | None = None, *, hold: float = HOLD
    ) -> AsyncGenerator[Event]:
        """The run as typed events: `start` first, exactly one terminal event, last.

        Raises a `StreamError` if the run fails before its first event: a `RequestError`, or what the model's server
        said within `hold` seconds. With `hold=0` the run begins at once, and every failure of the model is an event.
        Leaving the iterator stops the model.
        """
        config = ensure_config(config)
        manager = get_async_callback_manager_for_config(config)
        run = await manager.on_chain_start(
            None, input, name=config.get("run_name") or self.get_name(), run_id=config.pop("run_id", None)
        )
        last: Event | None = None
        try:
            child = patch_config(config, callbacks=run.get_child())
            async with aclosing(self._aevents(input, run, child, hold)) as events:
                async for last in events:
                    yield last
        except BaseException as error:
            await run.on_chain_error(error)
            raise
        if isinstance(last, Complete):
            await run.on_chain_end(last.value)
        elif isinstance(last, Failed):
            await run.on_chain_error(_raised(last))

    async def _aevents(
        self, input: Any, run: AsyncCallbackManagerForChainRun, config: RunnableConfig, hold: float = HOLD
    ) -> AsyncGenerator[Event]:
        ask, template, notes = self._asked(input)
        projection = Projection(ask, clock=asyncio.get_running_loop().time, pace=self._pace())
        opening = self._opening(projection, str(run.run_id))
        if not names(ask.wanted):  # the user has given everything: there is nothing to ask
            for event in [*opening(notes), *projection.finish(None)]:
                yield event
            return
        variables, more = fit_history(self.model, ask, template)
        prompt = await template.ainvoke(variables, config)
        call = make_call(self.model, ask, prompt.to_messages(), notes + more)
        chunks = self.model.astream(call.messages, config, **call.arguments)
        started = partial(opening, call.notes)
        async with aclosing(drive(projection, chunks, started, self._limits, hold)) as events:
            async for event in events:
                yield event

    def _events(self, input: Any, run: CallbackManagerForChainRun, config: RunnableConfig) -> Iterator[Event]:
        ask, template, notes = self._asked(input)
        projection = Projection(ask, clock=time.monotonic, pace=self._pace())
        opening = self._opening(projection, str(run.run_id))
        if not names(ask.wanted):
            yield from [*opening(notes), *projection.finish(None)]
            return
        variables, more = fit_history(self.model, ask, template)
        prompt = template.invoke(variables, config)
        call = make_call(self.model, ask, prompt.to_messages(), notes + more)
        chunks = self.model.stream(call.messages, config, **call.arguments)
        yield from drive_sync(projection, chunks, partial(opening, call.notes), self._limits)

    def _asked(self, input: Any) -> tuple[Ask, ChatPromptTemplate, tuple[Note, ...]]:
        request = read_request(self.request, input)
        language, notes = choose_language(getattr(request, "language", None), self.model)
        template = self._prompt if isinstance(self._prompt, ChatPromptTemplate) else self._prompt[language]
        return self._ask(request), template, notes

    def _opening(self, projection: Projection, run_id: str) -> Callable[[tuple[Note, ...]], list[Event]]:
        return lambda notes: projection.start(run_id=run_id, chain=self.get_name(), model=self.model.name, notes=notes)

    def _pace(self) -> Pace:
        return Pace(interval=self._limits.snapshot)

    # -- folds over the events ---------------------------------------------------------------------------------------

    def _values(
        self, inputs: Iterator[Any], run_manager: CallbackManagerForChainRun, config: RunnableConfig
    ) -> Iterator[dict[str, Any]]:
        for input in inputs:
            snapshots = _Snapshots()
            for event in self._events(input, run_manager, config):
                yield from snapshots.after(event)

    async def _avalues(
        self, inputs: AsyncIterator[Any], run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig
    ) -> AsyncIterator[dict[str, Any]]:
        async for input in inputs:
            snapshots = _Snapshots()
            async with aclosing(self._aevents(input, run_manager, config)) as events:
                async for event in events:
                    for value in snapshots.after(event):
                        yield value

    def _whole(self, input: Any, run_manager: CallbackManagerForChainRun, config: RunnableConfig) -> dict[str, Any]:
        *_, last = self._events(input, run_manager, config)
        return _value_of(last)

    async def _awhole(
        self, input: Any, run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig
    ) -> dict[str, Any]:
        async for last in self._aevents(input, run_manager, config):  # noqa: B007
            pass
        return _value_of(last)


class _Snapshots:
    """The value after each event that changed it; spaced by growth once it is large, as `partial` events are."""

    def __init__(self) -> None:
        self._fold = Fold()
        self._pace = Pace(interval=0)
        self._size = 0

    def after(self, event: Event) -> Iterable[dict[str, Any]]:
        if isinstance(event, Complete | Failed):
            return [_value_of(event)]
        if isinstance(event, Token | FieldSettled):
            self._fold.apply(event)
            self._size += len(event.text) if isinstance(event, Token) else len(event.path) + len(str(event.value))
            self._pace.changed(self._size)
            if self._pace.take(0):
                return [copy_json(self._fold.value)]
        return []


def _value_of(terminal: Event) -> dict[str, Any]:
    match terminal:
        case Complete():
            return terminal.value
        case Failed():
            raise _raised(terminal)
        case _:
            raise TypeError(f"{terminal.type} is not the end of a chain's run")


def _raised(terminal: Failed) -> StreamError:
    """A run's bad end as the exception that `invoke` raises."""
    return BY_PHASE[terminal.phase](
        terminal.message,
        code=terminal.code,
        details=terminal.errors or (),
        retry_after_ms=terminal.retry_after_ms,
    )


async def _alone(value: Any) -> AsyncIterator[Any]:
    yield value
