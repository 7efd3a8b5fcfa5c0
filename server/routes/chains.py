"""A chain's routes, in LangServe's layout. All but `stream` and `runs` are LangServe's own; these speak typed events.

LangServe's `RemoteRunnable`, recognised by the envelope it always sends, gets LangServe's frames from `stream`.
"""

from contextlib import AsyncExitStack
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.routing import APIRoute
from langserve import add_routes
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from chains import Pins
from chains.call import read_request
from chains.meter import set_meter
from chains.structured import StructuredChain
from schemas import RunReceipt
from server.auth.access import Access
from server.auth.quota import Quota
from server.auth.user import User, user_of
from server.guard.body import one_input, read_envelope, some_inputs
from server.routes.asked import Asking, Names, Ping, event_frames
from server.routes.documented import envelope_of
from server.routes.playground import playground_routes
from server.routes.refusals import OF_CHAINS
from server.runs.log import Log, Reader
from server.runs.run import Run
from server.runs.service import Runs
from server.settings import ChainSettings, Settings
from server.wire.langserve import LangServeFrames
from server.wire.pieces import Frames, pieces
from server.wire.response import RunResponse
from server.wire.serializer import WireSerializer

Envelope = Annotated[dict[str, Any], Depends(read_envelope)]
Key = Annotated[
    str | None,
    Header(alias="idempotency-key", max_length=255, description="Requests that repeat it get one run between them"),
]


def chain_routes(name: str, chain: StructuredChain, settings: Settings, runs: Runs, access: Access) -> APIRouter:
    """The routes of one chain, which is called so in the settings."""
    router = APIRouter(responses=OF_CHAINS)
    served = settings.chains[name]
    offered = _offered(chain, served, settings)
    if "stream" in offered:
        _add_stream(router, name, chain, settings, runs, access)
    if "runs" in offered:
        _add_runs(router, name, chain, settings, runs, access)
    if "playground" in offered:
        router.include_router(playground_routes(chain, served.path))
    add_routes(
        router,
        chain,
        path=served.path,
        config_keys=(),
        enabled_endpoints=_langserves(offered),
        dependencies=[Depends(_check_body(chain, settings.limits.batch_items, runs, access.quota))],
        serializer=WireSerializer(),
    )
    for route in router.routes:
        if isinstance(route, APIRoute) and route.path.endswith(("/stream_events", "/stream_log")):
            route.response_class = EventSourceResponse  # which LangServe answers, and does not document
    return router


def _offered(chain: StructuredChain, served: ChainSettings, settings: Settings) -> set[str]:
    """The endpoints that are listed, but for the playground in production, and for what would show the model's text
    before the chain has checked it.
    """
    offered: set[str] = set(served.endpoints)
    if settings.mode == "production" or chain.checks_output:
        offered.discard("playground")
    if chain.checks_output:
        offered.discard("stream_events")
    return offered


def _langserves(offered: set[str]) -> list[Any]:
    """LangServe's own endpoints among them: two are ours, and the playground's page needs `stream_log`."""
    own = offered - {"stream", "runs", "playground"}
    return sorted(own | {"stream_log"} if "playground" in offered else own)


def _check_body(chain: StructuredChain, batch_items: int, runs: Runs, quota: Quota) -> Any:
    """Says what is wrong with a request before LangServe sees it, in the same words on every endpoint, and whether its
    user may have it.
    """

    async def check(request: Request) -> None:
        if request.method != "POST":
            return
        runs.owner.admit()
        body = await read_envelope(request)
        if request.url.path.endswith("/batch"):
            inputs = some_inputs(body, batch_items)
            for index, value in enumerate(inputs):
                read_request(chain.request, value, at=("inputs", index))
            await _start(quota, user_of(request), max(len(inputs), 1))
        else:
            read_request(chain.request, one_input(body))
            await _start(quota, user_of(request))

    return check


async def _start(quota: Quota, user: User, starts: int = 1) -> None:
    """A user's request is sound: may it have so many runs more? What models read and write from here on is theirs."""
    await quota.start(user, starts)
    set_meter(quota.meter(user))


def _add_stream(
    router: APIRouter, name: str, chain: StructuredChain, settings: Settings, runs: Runs, access: Access
) -> None:
    served = settings.chains[name]

    @router.post(
        f"{served.path}/stream",
        tags=[served.path.strip("/")],
        response_class=EventSourceResponse,
        openapi_extra=envelope_of(chain.request),
    )
    async def stream(
        body: Envelope,
        user: Asking,
        events: Names = None,
        protocol: Literal["events", "langserve"] | None = None,
        ping: Ping = "comment",
        detach: Annotated[bool, Query(description="Leaving does not stop the run, which can be read again")] = False,
    ) -> Response:
        """The answer as typed server-sent events, while the model writes it (see docs/protocol.md)."""
        runs.owner.admit()
        own_client = {"input", "config", "kwargs"} <= body.keys()
        in_langserves = protocol == "langserve" or (protocol is None and own_client)
        frames: Frames = LangServeFrames() if in_langserves else event_frames(events, served.events, ping, settings)
        async with AsyncExitStack() as held:
            if detach:
                value = _input(chain, body)
                await _start(access.quota, user)
                run_id = await runs.owner.begin(name, value, user=user)
                reader = await held.enter_async_context(runs.reader(run_id, user=user.key))
            else:
                pins = None if in_langserves else Pins()  # what has been sent in LangServe's frames stays
                hold = settings.stream.hold_ms / 1000
                value = _input(chain, body)
                await _start(access.quota, user)
                reader = await _attached(held, runs, chain, value, pins, hold, user.key)
            return RunResponse(pieces(reader, frames, settings.stream.ping_s), held.pop_all(), settings)


async def _attached(
    held: AsyncExitStack, runs: Runs, chain: StructuredChain, value: Any, pins: Pins | None, hold: float, user: str
) -> Reader:
    """The only reader of a run that lasts as long as what is `held`."""
    log, run_id = Log(), uuid4()
    run = Run(chain.astream_typed(value, config={"run_id": run_id}, hold=hold, pins=pins), log.put, pins)
    held.push_async_callback(run.cancel, "its reader is gone")
    await run.opened()
    held.enter_context(runs.attached(str(run_id), run, user))
    return held.enter_context(log.reader())


def _add_runs(
    router: APIRouter, name: str, chain: StructuredChain, settings: Settings, runs: Runs, access: Access
) -> None:
    path = settings.chains[name].path

    @router.post(
        f"{path}/runs", tags=[path.strip("/"), "runs"], status_code=201, openapi_extra=envelope_of(chain.request)
    )
    async def begin(body: Envelope, user: Asking, key: Key = None) -> RunReceipt:
        """Begins a run that goes on whether or not anybody reads it, and answers at once."""
        value = _input(chain, body)
        await _start(access.quota, user)
        run_id = await runs.owner.begin(name, value, key or "", user)
        return RunReceipt(run_id=run_id, events_url=f"/runs/{run_id}/events", ticket=access.ticket(run_id, user))


def _input(chain: StructuredChain, body: dict[str, Any]) -> Any:
    """The input of a run, as it came. `RequestError` if the chain cannot take it."""
    value = one_input(body)
    read_request(chain.request, value)
    return value
