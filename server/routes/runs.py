"""Requests about a run that goes on: the user takes a field over while the model still writes."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request

from chains.call import read_request
from schemas import ErrorEnvelope, PinReceipt, PinRequest
from server.guard.body import read_json
from server.live import LiveRuns

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorEnvelope, "description": description}
    for status, description in {
        400: "The body is not JSON",
        404: "No such run is being read from this process, or it is over",
        409: "The run has ended, or takes no pins: it is read in LangServe's frames, or has had too many",
        413: "The body is too large",
        415: "The body is not sent as application/json",
        422: "No such top-level field in this run, a value that breaks its rules (`details`), or a check's refusal",
        503: "The server is busy",
    }.items()
}


async def read_pin(request: Request) -> PinRequest:
    """The body of a pin. `RequestError` if it is none."""
    return cast(PinRequest, read_request(PinRequest, await read_json(request)))


def run_routes(live: LiveRuns) -> APIRouter:
    """The routes of all runs that are live."""
    router = APIRouter()
    body = {"required": True, "content": {"application/json": {"schema": PinRequest.model_json_schema()}}}

    @router.post("/runs/{run_id}/pins", tags=["runs"], responses=REFUSALS, openapi_extra={"requestBody": body})
    async def pin(run_id: str, wanted: Annotated[PinRequest, Depends(read_pin)]) -> PinReceipt:
        """The user takes a field over: from now on the model's text no longer touches it, in any attempt."""
        return PinReceipt(seq=await live.find(run_id).pin(wanted.path, wanted.value))

    return router
