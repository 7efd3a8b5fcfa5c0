"""The chain that fills the meeting form: what the user gave is kept, what they left open is written."""

from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ValidationInfo,
    create_model,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from chains.ask import Ask, names
from chains.limits import Limits
from chains.models.model import Model
from chains.prompts import Chosen, load_prompts
from chains.prompts.quoting import quoted
from chains.structured import StructuredChain
from schemas import MeetingInfo, MeetingRequest
from schemas.meeting import PLAN_LIMITS, WrittenStep


# A step as the model is asked for it: its number is its place, counted here and not asked for. (No docstring: that
# would be sent to the model.)
class OpenStep(WrittenStep):
    step: SkipJsonSchema[int] = 0

    @model_validator(mode="before")
    @classmethod
    def _uncounted(cls, value: Any) -> Any:
        return {key: item for key, item in value.items() if key != "step"} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _count(self, info: ValidationInfo) -> Self:
        index = (info.context or {}).get("index")
        if isinstance(index, int):
            self.step = index + 1
        return self


def _count_all(plan: list[OpenStep]) -> list[OpenStep]:
    return [item.model_copy(update={"step": number}) for number, item in enumerate(plan, start=1)]


OpenPlan = Annotated[
    list[OpenStep],
    PLAN_LIMITS,
    AfterValidator(_count_all),
]


VARIABLES = ("goal", "facts", "open")
"""What prompts are offered: the goal, what is known beside it, the names of the open fields."""


def build(
    model: Model, limits: Limits | None = None, *, prompts: Chosen | None = None, **checks: Any
) -> StructuredChain:
    """The chain on a model.

    - `prompts`: by language, instead of the files that are named after it (`chains.prompts.load_prompts`)
    - `checks`: `check_input`, `check_output`, `checked`, as a `StructuredChain` takes them
    """
    return StructuredChain(
        name="meeting_info",
        request=MeetingRequest,
        result=MeetingInfo,
        prompt=load_prompts("meeting_info", prompts),
        model=model,
        ask=ask,
        variables=VARIABLES,
        limits=limits,
        **checks,
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
            "goal": quoted(request.goal),
            "facts": quoted(facts),
            "open": ", ".join(open_fields),
        },
    )


@lru_cache(maxsize=256)  # 2⁸ sets of open fields
def _wanted(open_fields: tuple[str, ...]) -> type[BaseModel]:
    """The form's open fields alone, each of them required."""
    fields: dict[str, Any] = {name: (info.annotation, info) for name, info in MeetingInfo.model_fields.items()}
    fields["plan"] = (OpenPlan, ...)
    return create_model(
        "MeetingInfo", __config__=ConfigDict(extra="ignore"), **{name: fields[name] for name in open_fields}
    )
