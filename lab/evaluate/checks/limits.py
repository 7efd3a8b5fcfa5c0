"""Whether each field that the model wrote keeps to the schema, where its limits are read and nowhere repeated."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from chains.ask import names, part_of
from lab.cases import Case
from lab.evaluate.checks.check import Check
from lab.evaluate.checks.texts import writes
from schemas import ChatReply, MeetingInfo


def _check(result: type[BaseModel], field: str) -> Check:
    part = part_of(result, (field,))

    def broken(_: Case, value: Mapping[str, Any]) -> str | None:
        try:
            part.model_validate({field: value[field]} if field in value else {})
        except ValidationError as error:
            faults = error.errors(include_url=False)
            return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
        return None

    return Check(f"limits-{field}", f"What the schema says of {field} is kept.", writes(field), broken)


CHECKS = tuple(_check(result, field) for result in (MeetingInfo, ChatReply) for field in names(result))
