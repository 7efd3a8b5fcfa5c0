"""Requests about a run: to read it, to look how far it is, to stop it, to take a field over."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from chains.call import read_request
from schemas import PinReceipt, PinRequest, RunView, TicketReceipt
from schemas.events import ALL
from server.auth.user import User
from server.guard.body import read_json
from server.routes.asked import Asking, InProtocol, LastEventId, LastEventIdQuery, Names, Ping, event_frames, position
from server.routes.documented import IN_OTHER_PROTOCOLS, body_of
from server.routes.refusals import OF_PINS, OF_READING
from server.runs.log import Reader
from server.runs.store import Expired, Unknown
from server.serving import Serving
from server.wire.pieces import pieces
from server.wire.protocol import Reading
from server.wire.protocols import FOREIGN
from server.wire.response import RunResponse

BEHIND_THE_END: dict[str, Any] = {"description": "The reader has had the run's end"}
STOPPED_LATER: dict[str, Any] = {"description": "The run's worker is lost; the run ends when another one has it"}


async def read_pin(request: Request) -> PinRequest:
    """The body of a pin. `RequestError` if it is none."""
    return cast(PinRequest, read_request(PinRequest, await read_json(request)))


def run_routes(serving: Serving) -> APIRouter:
    """The routes of all runs, wherever they go on."""
    runs, settings, access = serving.runs, serving.settings, serving.access
    router = APIRouter(prefix="/runs/{run_id}", tags=["runs"])

    @router.get(
        "/events",
        response_class=EventSourceResponse,
        responses={204: BEHIND_THE_END, **IN_OTHER_PROTOCOLS, **OF_READING},
    )
    async def events(
        run_id: str,
        user: Asking,
        names: Names = None,
        protocol: InProtocol = None,
        ping: Ping = "comment",
        header: LastEventId = None,
        query: LastEventIdQuery = None,
    ) -> Response:
        """The run's events from its beginning, or those behind the last one that the reader had; 204 behind the end.

        In other protocols always from the beginning: none of them has a word for a place in a run.
        """
        foreign = FOREIGN.get(protocol or "events")
        after, sure = (0, True) if foreign else position(header, query)
        ours = event_frames(names, ALL, ping, settings)
        async with AsyncExitStack() as held:
            reader = await held.enter_async_context(_reader(serving, run_id, after, sure=sure, user=user))
            if reader.done:
                return Response(status_code=204)
            held.enter_context(serving.observer.streaming("reader"))
            frames = foreign.frames(await _reading(serving, run_id, user)) if foreign else ours
            written = pieces(reader, frames, settings.stream.ping_s, user.for_s)
            return RunResponse(written, held.pop_all(), settings, foreign)

    @router.get("", responses=OF_READING)
    async def look(run_id: str, user: Asking) -> RunView:
        """How far the run has come: the object so far, or its end."""
        return await runs.view(run_id, user.key)

    @router.delete("", status_code=204, responses={202: STOPPED_LATER, **OF_READING})
    async def cancel(run_id: str, user: Asking) -> Response:
        """Stops the run, which ends with `cancelled` unless it has ended. 202: whose worker is lost, it will."""
        return Response(status_code=204 if await runs.cancel(run_id, "cancelled by request", user.key) else 202)

    @router.post("/pins", responses=OF_PINS, openapi_extra=body_of(PinRequest.model_json_schema()))
    async def pin(run_id: str, user: Asking, wanted: Annotated[PinRequest, Depends(read_pin)]) -> PinReceipt:
        """The user takes a field over: from now on the model's text no longer touches it, in any attempt."""
        return PinReceipt(seq=await runs.pin(run_id, wanted.path, wanted.value, user.key))

    if access.tickets:

        @router.post("/tickets", status_code=201, responses=OF_READING)
        async def ticket(run_id: str, user: Asking) -> TicketReceipt:
            """A fresh ticket, for an EventSource that cannot send a cookie: it comes with `last_event_id` then."""
            await runs.check(run_id, user.key)
            return TicketReceipt(ticket=access.ticket(run_id, user) or "", expires_s=settings.auth.ticket_s)

    return router


async def _reading(serving: Serving, run_id: str, user: User) -> Reading:
    return Reading(run_id, serving.spoken.get(await serving.runs.chain_of(run_id, user.key), ""))


@asynccontextmanager
async def _reader(serving: Serving, run_id: str, after: int, *, sure: bool, user: User) -> AsyncIterator[Reader]:
    """As `Runs.reader`; operators are told how those fare who come again."""
    told = serving.observer.resumed if after else lambda how: None
    async with AsyncExitStack() as held:
        try:
            reader = await held.enter_async_context(serving.runs.reader(run_id, after, sure=sure, user=user.key))
        except (Unknown, Expired):
            told("missed")
            raise
        told("snapshot" if reader.afresh else "hit")
        yield reader
