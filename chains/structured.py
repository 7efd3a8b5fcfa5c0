"""A chain whose answer is an object that streams: prompt → chat model → typed events.

`StructuredChain` is a LangChain runnable like any other: it composes, takes a `RunnableConfig`, and shows in callbacks
and `astream_events`. One producer makes the typed events; everything else is a fold over them:

    astream_typed(input)      the typed events themselves
    astream / stream          the value so far, the last being the whole one
    ainvoke / invoke          the whole value
"""

import asyncio
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Generator,
    Iterator,
    Mapping,
)
from contextlib import aclosing
from functools import partial
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun
from langchain_core.messages import BaseMessageChunk
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_config_list,
    patch_config,
)
from pydantic import BaseModel

from chains.ask import Ask, ask_for_all, names
from chains.call import choose_language, read_request
from chains.checks import Check, Checks
from chains.drive import drive
from chains.drive_sync import drive_sync
from chains.faults import chain_fault
from chains.folds import Snapshots, value_of
from chains.limits import Limits
from chains.models.model import Model
from chains.pins import Pins
from chains.preparation import Prepared
from chains.prompts import Prompt, Shelf
from chains.repair import Repair
from chains.shape import shape_of
from chains.takeover import Resumption
from chains.wake import Wake
from schemas import TERMINAL, Complete, Event, Failed, Language, StreamError

HOLD = 1.0
"""Seconds that `start` may wait for the model's first chunk, so that an early failure can be told as one."""

Written = ChatPromptTemplate | Prompt
Prompts = Written | Mapping[Language, ChatPromptTemplate] | Mapping[Language, Prompt]


class StructuredChain(Runnable[Any, dict[str, Any]]):
    """From a request (a dict or `request` itself) to an object (a plain dict) that streams while it is written.

    - `prompt`: one template, or for each language one, or a file (`load_prompts`)
    - `ask`: from the validated request to what is asked of the model; by default all of `result`, with the request's
      fields as the prompt's variables
    - `variables`: what `ask` offers to prompts; by default the request's fields. Prompts of files are held to it
    - `check_input`, `check_output`: say what may not pass (`chains.checks`); `checked` names the properties that
      the latter sees before they are told, by default all that the model writes

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
        variables: Collection[str] | None = None,
        limits: Limits | None = None,
        check_input: Check | None = None,
        check_output: Check | None = None,
        checked: Collection[str] | None = None,
    ) -> None:
        self.name = name
        self.request = request
        self.result = result
        self.model = model
        self._prompts: Mapping[Language, Written] = (
            prompt if isinstance(prompt, Mapping) else dict.fromkeys(model.languages, prompt)
        )
        shape_of(result)  # a result that cannot stream is refused here, not in the first run
        if missing := set(model.languages) - set(self._prompts):
            raise ValueError(f"{name}: no prompt in {sorted(missing)}, which {model.name} is said to write")
        self._ask = ask or (lambda request: ask_for_all(result, request))
        self._variables = variables if ask else set(request.model_fields)
        for language in model.languages:
            if isinstance(written := self._prompts[language], Prompt):
                self._check_fit(written)
        self._limits = limits or Limits()
        self._checks = Checks(check_input, check_output, checked)
        if foreign := set(checked or ()) - set(names(result)):
            raise ValueError(f"{name}: {sorted(foreign)} are to be checked, but no part of {result.__name__}")

    @property
    def checks_output(self) -> bool:
        """Whether what the model writes must pass a check: then nobody may watch the model itself."""
        return self._checks.output is not None

    @property
    def shelf(self) -> Shelf | None:
        """Its prompts, if they are files."""
        return self._prompts if isinstance(self._prompts, Shelf) else None

    def check_prompt(self, prompt: Prompt) -> None:
        """Whether this chain can be served with a prompt. `PromptError` says why not.

        One in a language that the model does not write is asked for nothing: nobody is answered by it.
        """
        if prompt.about.language in self.model.languages:
            self._check_fit(prompt)
            prompt.check_length(self.model)

    def _check_fit(self, prompt: Prompt) -> None:
        prompt.tuned(self.model)
        if self._variables is not None:
            prompt.check(self._variables)

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
        self,
        input: Any,
        config: RunnableConfig | None = None,
        *,
        hold: float = HOLD,
        pins: Pins | None = None,
        resume: Resumption | None = None,
    ) -> AsyncGenerator[Event]:
        """The run as typed events: `start` first, exactly one terminal event, last. `pins` is a user's way into it.

        Raises a `StreamError` if the run fails before its first event: a `RequestError`, or what the model's server
        said within `hold` seconds. With `hold=0` the run begins at once, and every failure of the model is an event.
        Leaving the iterator stops the model.

        With `resume` it goes on with a run that another worker began, given the same input and, in `config`, its
        `run_id`: by a `reset`, or at once by `failed`. Nothing is held back or raised then.
        """
        config = ensure_config(config)
        manager = get_async_callback_manager_for_config(config)
        run = await manager.on_chain_start(
            None, input, name=config.get("run_name") or self.get_name(), run_id=config.pop("run_id", None)
        )
        told = False
        try:
            child = patch_config(config, callbacks=run.get_child())
            async with aclosing(self._aevents(input, run, child, hold=hold, pins=pins, resume=resume)) as events:
                async for event in events:
                    told = event.type in TERMINAL  # before its reader has it, who may leave with it
                    if isinstance(event, Complete):
                        await run.on_chain_end(event.value)
                    elif isinstance(event, Failed):
                        await run.on_chain_error(event.error())
                    yield event
        except BaseException as error:
            if not told:
                await run.on_chain_error(error)
            raise

    async def _aevents(
        self,
        input: Any,
        run: AsyncCallbackManagerForChainRun,
        config: RunnableConfig,
        *,
        hold: float = HOLD,
        pins: Pins | None = None,
        resume: Resumption | None = None,
    ) -> AsyncGenerator[Event]:
        try:
            request, template, prepared = self._prepare(input, run.run_id, asyncio.get_running_loop().time)
            if prepared.asks():
                prepared.prompt = (await template.ainvoke(prepared.variables, config)).to_messages()
            if resume:
                prepared.go_on(resume)
        except Exception as error:
            if not resume:
                raise
            yield resume.failed(error if isinstance(error, StreamError) else chain_fault(error))
            return

        async def chunks(repair: Repair | None) -> AsyncIterator[BaseMessageChunk]:
            if prepared.asks(repair):
                call = prepared.call(repair)
                async with aclosing(prepared.model.astream(call.messages, config, **call.arguments)) as stream:
                    async for chunk in stream:
                        yield chunk

        wake, pins = Wake(), pins or Pins()
        pins.open(prepared.course.projection, wake, partial(self._checks.admit, config=config))
        events = drive(
            prepared.course,
            chunks,
            hold=hold,
            wake=wake,
            judge=partial(self._checks.judge, config=config),
            admit=partial(self._checks.admit, request.model_dump(mode="json"), config) if self._checks.input else None,
        )
        try:
            async with aclosing(events):
                async for event in events:
                    yield event
        finally:
            pins.close()

    def _events(self, input: Any, run: CallbackManagerForChainRun, config: RunnableConfig) -> Iterator[Event]:
        request, template, prepared = self._prepare(input, run.run_id, time.monotonic)
        self._checks.admit_sync(request.model_dump(mode="json"), config)
        if prepared.asks():
            prepared.prompt = template.invoke(prepared.variables, config).to_messages()

        def chunks(repair: Repair | None) -> Generator[BaseMessageChunk]:
            if prepared.asks(repair):
                call = prepared.call(repair)
                yield from prepared.model.stream(call.messages, config, **call.arguments)

        yield from drive_sync(prepared.course, chunks, partial(self._checks.judge_sync, config=config))

    def _prepare(
        self, input: Any, run_id: UUID, clock: Callable[[], float]
    ) -> tuple[BaseModel, ChatPromptTemplate, Prepared]:
        request = read_request(self.request, input)
        language, notes = choose_language(getattr(request, "language", None), self.model)
        written = self._prompts[language]
        file = written if isinstance(written, Prompt) else None
        template = written.template if isinstance(written, Prompt) else written
        prepared = Prepared(
            self._ask(request),
            template,
            notes,
            chain=self.get_name(),
            run_id=str(run_id),
            model=file.tuned(self.model) if file else self.model,
            written_by=file.ref if file else None,
            limits=self._limits,
            checks=self._checks,
            clock=clock,
        )
        return request, template, prepared

    # -- folds over the events ---------------------------------------------------------------------------------------

    def _values(
        self, inputs: Iterator[Any], run_manager: CallbackManagerForChainRun, config: RunnableConfig
    ) -> Iterator[dict[str, Any]]:
        for input in inputs:
            snapshots = Snapshots()
            for event in self._events(input, run_manager, config):
                yield from snapshots.after(event)

    async def _avalues(
        self, inputs: AsyncIterator[Any], run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig
    ) -> AsyncIterator[dict[str, Any]]:
        async for input in inputs:
            snapshots = Snapshots()
            async with aclosing(self._aevents(input, run_manager, config)) as events:
                async for event in events:
                    for value in snapshots.after(event):
                        yield value

    def _whole(self, input: Any, run_manager: CallbackManagerForChainRun, config: RunnableConfig) -> dict[str, Any]:
        *_, last = self._events(input, run_manager, config)
        return value_of(last)

    async def _awhole(
        self, input: Any, run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig
    ) -> dict[str, Any]:
        async for last in self._aevents(input, run_manager, config):  # noqa: B007
            pass
        return value_of(last)


async def _alone(value: Any) -> AsyncIterator[Any]:
    yield value
