"""Requests about a run that goes on: the user takes a field over while the model still writes."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import from_json, to_json

from chains.call import read_request
from schemas import ErrorEnvelope
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


def _tellable(value: Any) -> Any:
    """Refuses what no event could tell: half of a surrogate pair, or nesting that JSON readers give up on."""
    try:
        from_json(to_json(value))
    except ValueError:
        raise ValueError("must be text of whole characters, not nested without end") from None
    return value


class PinRequest(BaseModel):
    """What the user took over: a top-level field of the object, and its value as the user left it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(
        pattern="^(/([^/~]|~[01])*)*$", description="A JSON Pointer to a top-level field", examples=["/summary"]
    )
    value: Annotated[Any, AfterValidator(_tellable)] = Field(
        description="The field's value. It must meet the field's rules; null only where they allow it"
    )


class PinReceipt(BaseModel):
    """The pin stands in the run's log."""

    seq: int = Field(description="The number of the `pinned` event")


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
