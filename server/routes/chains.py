"""A chain's routes, in LangServe's layout. All but `stream` and `runs` are LangServe's own; these speak typed events.

LangServe's `RemoteRunnable`, recognised by the envelope it always sends, gets LangServe's frames from `stream`.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.routing import APIRoute
from langchain_core.runnables import RunnableConfig
from langserve import add_routes
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from chains import Pins
from chains.call import read_request
from chains.meter import set_meter
from chains.structured import StructuredChain
from schemas import RunReceipt
from server.auth.user import User, user_of
from server.guard.body import one_input, read_envelope, some_inputs
from server.routes.asked import Asking, InProtocol, Names, Ping, TraceParent, event_frames
from server.routes.documented import IN_OTHER_PROTOCOLS, body_of, envelope_of
from server.routes.playground import playground_routes
from server.routes.refusals import OF_CHAINS
from server.runs.log import Log, Reader
from server.runs.run import Run
from server.serving import Serving
from server.settings import ChainSettings
from server.wire.langserve import is_langserves
from server.wire.pieces import pieces
from server.wire.protocol import Reading
from server.wire.protocols import FOREIGN, ProtocolName
from server.wire.response import RunResponse
from server.wire.serializer import WireSerializer

Envelope = Annotated[dict[str, Any], Depends(read_envelope)]
Key = Annotated[
    str | None,
    Header(
        alias="idempotency-key",
        max_length=255,
        description="Requests that repeat it get one run between them, if it is one that outlives its reader",
    ),
]
Detach = Annotated[bool, Query(description="Leaving does not stop the run, which can be read again")]


@dataclass(frozen=True)
class Served(Serving):
    """A chain, which is called `name` in the settings, and what its routes need beside it."""

    name: str
    chain: StructuredChain

    @property
    def own(self) -> ChainSettings:
        """Its own settings."""
        return self.settings.chains[self.name]

    async def admit(self, user: User, value: Any) -> None:
        """The user wants a run of this input. `RequestError` if it will not do, or the user has had enough.

        What models read and write in this task from here on is the user's.
        """
        read_request(self.chain.request, value)
        await self._admit(user, 1)

    async def admit_batch(self, user: User, inputs: Sequence[Any]) -> None:
        """The same for each of these inputs."""
        for index, value in enumerate(inputs):
            read_request(self.chain.request, value, at=("inputs", index))
        await self._admit(user, max(len(inputs), 1))

    async def _admit(self, user: User, runs: int) -> None:
        self.runs.owner.admit()
        await self.access.quota.start(user, runs)
        set_meter(self.access.quota.meter(user))


def chain_routes(served: Served) -> APIRouter:
    """The routes of one chain."""
    router = APIRouter(responses=OF_CHAINS)
    offered = _offered(served)
    if "stream" in offered:
        _add_stream(router, served)
    if "runs" in offered:
        _add_runs(router, served)
    if "playground" in offered:
        router.include_router(playground_routes(served.chain, served.own.path))
    add_routes(
        router,
        served.chain,
        path=served.own.path,
        config_keys=(),
        enabled_endpoints=_langserves(offered),
        dependencies=[Depends(_check(served))],
        per_req_config_modifier=_traced(served),
        serializer=WireSerializer(),
    )
    for route in router.routes:
        if isinstance(route, APIRoute) and route.path.endswith(("/stream_events", "/stream_log")):
            route.response_class = EventSourceResponse  # which LangServe answers, and does not document
    return router


def _offered(served: Served) -> set[str]:
    """The endpoints that are listed, but for the playground in production, and for what would show the model's text
    before the chain has checked it.
    """
    offered: set[str] = set(served.own.endpoints)
    if served.settings.mode == "production" or served.chain.checks_output:
        offered.discard("playground")
    if served.chain.checks_output:
        offered.discard("stream_events")
    return offered


def _langserves(offered: set[str]) -> list[Any]:
    """LangServe's own endpoints among them: two are ours, and the playground's page needs `stream_log`."""
    own = offered - {"stream", "runs", "playground"}
    return sorted(own | {"stream_log"} if "playground" in offered else own)


def _check(served: Served) -> Any:
    """Says what is wrong with a request before LangServe sees it, in the same words on every endpoint."""

    async def check(request: Request) -> None:
        if request.method != "POST":
            return
        body = await read_envelope(request)
        if request.url.path.endswith("/batch"):
            await served.admit_batch(await user_of(request), some_inputs(body, served.settings.limits.batch_items))
        else:
            await served.admit(await user_of(request), one_input(body))

    return check


def _traced(served: Served) -> Any:
    """LangServe asks it what to run a request with."""

    def traced(config: dict[str, Any], request: Request) -> dict[str, Any]:
        callbacks = served.observer.traces.callbacks(request.headers.get("traceparent"))
        return {**config, "callbacks": callbacks} if callbacks else config

    return traced


def _add_stream(router: APIRouter, served: Served) -> None:
    settings, path, request = served.settings, served.own.path, served.chain.request
    documented: Any = {
        "tags": [path.strip("/")],
        "response_class": EventSourceResponse,
        "responses": IN_OTHER_PROTOCOLS,
    }

    @router.post(f"{path}/stream", **documented, openapi_extra=envelope_of(request))
    async def stream(
        body: Envelope,
        user: Asking,
        events: Names = None,
        protocol: InProtocol = None,
        ping: Ping = "comment",
        detach: Detach = False,
        key: Key = None,
        traceparent: TraceParent = None,
    ) -> Response:
        """The answer as typed server-sent events, while the model writes it (see docs/protocol.md)."""
        name = protocol or ("langserve" if is_langserves(body) else "events")
        foreign = FOREIGN.get(name)
        value = foreign.asked(body, request) if foreign else one_input(body)
        ours = event_frames(events, served.own.events, ping, settings)
        await served.admit(user, value)
        async with AsyncExitStack() as held:
            if detach:
                run_id = await served.runs.owner.begin(served.name, value, key or "", user, traceparent)
                reader = await held.enter_async_context(served.runs.reader(run_id, user=user.key))
            else:
                pins = Pins() if foreign is None or foreign.takes_back else None
                run_id, reader = await _attached(held, served, value, pins, user, traceparent)
            held.enter_context(served.observer.streaming("reader" if detach else "attached"))
            frames = foreign.frames(Reading(run_id, served.spoken[served.name], body)) if foreign else ours
            written = pieces(reader, frames, settings.stream.ping_s)
            return RunResponse(written, held.pop_all(), settings, foreign)

    @router.post(f"{path}/stream/{{protocol}}", **documented, openapi_extra=body_of({"type": "object"}))
    async def stream_in(
        protocol: ProtocolName,
        body: Envelope,
        user: Asking,
        events: Names = None,
        ping: Ping = "comment",
        detach: Detach = False,
        key: Key = None,
        traceparent: TraceParent = None,
    ) -> Response:
        """The same in another protocol, for clients that cannot add a query to an address (see docs/clients.md)."""
        return await stream(
            body, user, events=events, protocol=protocol, ping=ping, detach=detach, key=key, traceparent=traceparent
        )


async def _attached(
    held: AsyncExitStack, served: Served, value: Any, pins: Pins | None, user: User, traceparent: str | None
) -> tuple[str, Reader]:
    """A run that lasts as long as what is `held`, and its only reader."""
    log, run_id = Log(), uuid4()
    watch = served.watching(str(run_id), served.name, user.key, traceparent, value)
    config: RunnableConfig = {"run_id": run_id}
    if watch.callbacks:
        config["callbacks"] = watch.callbacks
    events = served.chain.astream_typed(value, config=config, hold=served.settings.stream.hold_ms / 1000, pins=pins)
    run = Run(events, log.put, pins, watch=watch)
    held.push_async_callback(run.cancel, "its reader is gone")
    await run.opened()
    held.enter_context(served.runs.attached(str(run_id), run, user.key))
    return str(run_id), held.enter_context(log.reader())


def _add_runs(router: APIRouter, served: Served) -> None:
    path = served.own.path

    @router.post(
        f"{path}/runs",
        tags=[path.strip("/"), "runs"],
        status_code=201,
        openapi_extra=envelope_of(served.chain.request),
    )
    async def begin(body: Envelope, user: Asking, key: Key = None, traceparent: TraceParent = None) -> RunReceipt:
        """Begins a run that goes on whether or not anybody reads it, and answers at once."""
        await served.admit(user, value := one_input(body))
        run_id = await served.runs.owner.begin(served.name, value, key or "", user, traceparent)
        ticket = served.access.ticket(run_id, user)
        return RunReceipt(run_id=run_id, events_url=f"/runs/{run_id}/events", ticket=ticket)
