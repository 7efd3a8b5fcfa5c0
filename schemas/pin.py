"""Taking a field over while its run goes on: what a client sends, and what it is told."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import from_json, to_json


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
