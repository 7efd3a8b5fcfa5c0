"""The chain that fills the meeting form: what the user gave is kept, what they left open is written."""

import json
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from chains.ask import Ask, names
from chains.drive import Limits
from chains.models.model import Model
from chains.prompts import load_prompts
from chains.structured import StructuredChain
from schemas import MeetingInfo, MeetingRequest
from schemas.meeting import Plan


def build(model: Model, limits: Limits | None = None) -> StructuredChain:
    """The chain on a model."""
    return StructuredChain(
        name="meeting_info",
        request=MeetingRequest,
        result=MeetingInfo,
        prompt=load_prompts("meeting_info"),
        model=model,
        ask=ask,
        limits=limits,
    )


def ask(request: MeetingRequest) -> Ask:
    """What is still open in the form, and what is known. A plan is open only if one is wanted."""
    said = request.model_dump(mode="json", exclude_none=True)
    given = {name: said[name] for name in names(MeetingInfo) if name in said}
    open_fields = tuple(
        name for name in names(MeetingInfo) if name not in given and (name != "plan" or request.include_plan)
    )
    facts = given | ({"location": request.location} if request.location else {})
    return Ask(
        result=MeetingInfo,
        wanted=_wanted(open_fields),
        given=given,
        variables={
            "goal": request.goal,
            "facts": json.dumps(facts, ensure_ascii=False),
            "open": ", ".join(open_fields),
        },
    )


@lru_cache(maxsize=256)  # 2⁸ sets of open fields
def _wanted(open_fields: tuple[str, ...]) -> type[BaseModel]:
    """The form's open fields alone, each of them required."""
    fields: dict[str, Any] = {}
    for name in open_fields:
        info = MeetingInfo.model_fields[name]
        fields[name] = (Plan, ...) if name == "plan" else (info.annotation, info)
    return create_model("MeetingInfo", __config__=ConfigDict(extra="ignore"), **fields)
