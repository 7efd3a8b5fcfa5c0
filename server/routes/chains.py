"""A chain's routes, in LangServe's layout. All but `stream` are LangServe's own; `stream` speaks typed events.

LangServe's `RemoteRunnable`, recognised by the envelope it always sends, gets LangServe's frames from `stream`.
"""

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, Query, Request
from langserve import add_routes
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from chains import Pins
from chains.call import read_request
from chains.structured import StructuredChain
from schemas import Breach, EventName, RequestError
from server.guard.body import one_input, read_envelope, some_inputs
from server.live import LiveRuns
from server.routes.playground import playground_routes
from server.runs import Run
from server.settings import ChainSettings, Settings
from server.wire.frames import EventFrames
from server.wire.langserve import LangServeFrames
from server.wire.pieces import Frames
from server.wire.response import RunResponse
from server.wire.serializer import WireSerializer

Envelope = Annotated[dict[str, Any], Depends(read_envelope)]
_KNOWN: tuple[EventName, ...] = get_args(EventName)


def chain_routes(chain: StructuredChain, served: ChainSettings, settings: Settings, live: LiveRuns) -> APIRouter:
    """The routes of one chain. Its streams are found in `live`."""
    router = APIRouter()
    offered = _offered(chain, served, settings)
    if "stream" in offered:
        _add_stream(router, chain, served, settings, live)
    if "playground" in offered:
        router.include_router(playground_routes(chain, served.path))
    add_routes(
        router,
        chain,
        path=served.path,
        config_keys=(),
        enabled_endpoints=_langserves(offered),
        dependencies=[Depends(_check_body(chain, settings.limits.batch_items))],
        serializer=WireSerializer(),
    )
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
    """LangServe's own endpoints among them: `stream` is ours, and the playground's page needs `stream_log`."""
    own = offered - {"stream", "playground"}
    return sorted(own | {"stream_log"} if "playground" in offered else own)


def _check_body(chain: StructuredChain, batch_items: int) -> Any:
    """Says what is wrong with a request before LangServe sees it, in the same words on every endpoint."""

    async def check(request: Request) -> None:
        if request.method != "POST":
            return
        body = await read_envelope(request)
        if request.url.path.endswith("/batch"):
            for index, value in enumerate(some_inputs(body, batch_items)):
                read_request(chain.request, value, at=("inputs", index))
        else:
            read_request(chain.request, one_input(body))

    return check


def _add_stream(
    router: APIRouter, chain: StructuredChain, served: ChainSettings, settings: Settings, live: LiveRuns
) -> None:
    @router.post(f"{served.path}/stream", tags=[served.path.strip("/")], response_class=EventSourceResponse)
    async def stream(
        body: Envelope,
        events: Annotated[str | None, Query(description="Comma-separated event names; by default all")] = None,
        protocol: Literal["events", "langserve"] | None = None,
        ping: Literal["comment", "event"] = "comment",
    ) -> Response:
        """The answer as typed server-sent events, while the model writes it (see docs/protocol.md)."""
        names = _names(events) if events is not None else served.events
        own_client = {"input", "config", "kwargs"} <= body.keys()
        frames: Frames
        if protocol == "langserve" or (protocol is None and own_client):
            frames, pins = LangServeFrames(), None  # what it has sent stays, so that nobody can take a field over
        else:
            frames, pins = EventFrames(names, retry_ms=settings.stream.retry_ms, ping_event=ping == "event"), Pins()
        typed = chain.astream_typed(one_input(body), hold=settings.stream.hold_ms / 1000, pins=pins)
        run = Run(typed, pins, keeps=False)  # its one reader is this response
        try:
            await run.opened()
        except BaseException:
            await run.cancel("the client left")
            raise
        return RunResponse(run, live, frames, settings)


def _names(listed: str) -> list[EventName]:
    names = [name for name in listed.split(",") if name]
    for name in names:
        if name not in _KNOWN:
            raise RequestError(
                f"There is no event {name[:40]!r}.",
                details=(Breach(path="/events", rule="enum", message=f"One of {', '.join(_KNOWN)}."),),
            )
    return names  # type: ignore[return-value]  # each is one of EventName's
