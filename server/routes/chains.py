"""A chain's routes, in LangServe's layout. All but `stream` are LangServe's own; `stream` speaks typed events.

LangServe's `RemoteRunnable`, recognised by the envelope it always sends, gets LangServe's frames from `stream`.
"""

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, Query, Request
from langserve import add_routes
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from chains.call import read_request
from chains.structured import StructuredChain
from schemas import Breach, EventName, RequestError
from server.guard.body import one_input, read_envelope, some_inputs
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


def chain_routes(chain: StructuredChain, served: ChainSettings, settings: Settings) -> APIRouter:
    """The routes of one chain."""
    router = APIRouter()
    if "stream" in served.endpoints:
        _add_stream(router, chain, served, settings)
    if _has_playground(served, settings):
        router.include_router(playground_routes(chain, served.path))
    add_routes(
        router,
        chain,
        path=served.path,
        config_keys=(),
        enabled_endpoints=_langserve_endpoints(served, settings),
        dependencies=[Depends(_check_body(chain, settings.limits.batch_items))],
        serializer=WireSerializer(),
    )
    return router


def _has_playground(served: ChainSettings, settings: Settings) -> bool:
    return "playground" in served.endpoints and settings.mode == "development"


def _langserve_endpoints(served: ChainSettings, settings: Settings) -> list[Any]:
    endpoints: set[str] = {endpoint for endpoint in served.endpoints if endpoint not in ("stream", "playground")}
    if _has_playground(served, settings):
        endpoints.add("stream_log")
    return sorted(endpoints)


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


def _add_stream(router: APIRouter, chain: StructuredChain, served: ChainSettings, settings: Settings) -> None:
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
            frames = LangServeFrames()
        else:
            frames = EventFrames(names, retry_ms=settings.stream.retry_ms, ping_event=ping == "event")
        run = Run(chain.astream_typed(one_input(body), hold=settings.stream.hold_ms / 1000))
        try:
            await run.opened()
        except BaseException:
            await run.cancel("the client left")
            raise
        return RunResponse(run, frames, settings)


def _names(listed: str) -> list[EventName]:
    names = [name for name in listed.split(",") if name]
    for name in names:
        if name not in _KNOWN:
            raise RequestError(
                f"There is no event {name[:40]!r}.",
                details=(Breach(path="/events", rule="enum", message=f"One of {', '.join(_KNOWN)}."),),
            )
    return names  # type: ignore[return-value]  # each is one of EventName's
