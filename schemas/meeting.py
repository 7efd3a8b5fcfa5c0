"""The meeting form: what a user may say, and what a finished meeting (모임) looks like."""

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from schemas.text import Language, Trim, single_line

Category = Literal[
    "반려동물",
    "스포츠",
    "독서/토론",
    "문화/예술",
    "외국/언어",
    "게임/오락",
    "음악/악기",
    "IT/개발",
    "취업/커리어",
    "경제/금융",
    "친목/사교",
    "기타",
]
MAX_STEPS = 8
Period = Literal["1개월 이하", "1~3개월", "3~6개월", "6~12개월", "1년 이상"]


def _one_word(tag: str) -> str:
    if "#" in tag or any(character.isspace() for character in tag):
        raise ValueError("a tag is one word without blanks or #")
    return tag


Tag = Annotated[
    str,
    Field(min_length=1, max_length=10),
    AfterValidator(_one_word),
    # What models are held to: letters and digits. One anchored pattern of what is allowed, since a grammar may ignore
    # a length beside a pattern, and lets a pattern of what is forbidden run over the string's own quotes.
    WithJsonSchema({"type": "string", "pattern": "^[0-9A-Za-z가-힣]{1,10}$"}),
]


def _unique(tags: list[str]) -> list[str]:
    if len(set(tags)) < len(tags):
        raise ValueError("tags must differ from one another")
    return tags


Title = Annotated[str, Field(min_length=1, max_length=40), single_line]
Detail = Annotated[str, Field(min_length=1, max_length=80), single_line]


class PlanStep(BaseModel):
    """One step of the plan; `step` counts from 1."""

    model_config = ConfigDict(extra="ignore")

    step: int = Field(ge=1, le=MAX_STEPS)
    title: Title
    details: list[Detail] = Field(max_length=3)


class WrittenStep(PlanStep):
    """A step as a model writes it: trimmed."""

    title: Annotated[Title, Trim()]
    details: list[Annotated[Detail, Trim()]] = Field(max_length=3)


Step = TypeVar("Step", bound=PlanStep)


def _counted(plan: list[Step]) -> list[Step]:
    if [item.step for item in plan] != list(range(1, len(plan) + 1)):
        raise ValueError("steps must count 1, 2, 3 … without a gap")
    return plan


Name = Annotated[str, Field(min_length=1, max_length=64, description="The group's name"), single_line]
Summary = Annotated[
    str, Field(min_length=1, max_length=50, description="One line that makes people curious"), single_line
]
Description = Annotated[str, Field(min_length=1, max_length=400, description="What the group does, and for whom")]
Tags = Annotated[
    list[Tag],
    Field(min_length=3, max_length=5, json_schema_extra={"uniqueItems": True}, description="Single words, no #"),
    AfterValidator(_unique),
]
MaxMembers = Annotated[int, Field(ge=2, le=100, description="How many people at most")]
PLAN_LIMITS = Field(min_length=1, max_length=MAX_STEPS, description="What the group will do, step by step")
Plan = Annotated[list[PlanStep], PLAN_LIMITS, AfterValidator(_counted)]
WrittenPlan = Annotated[list[WrittenStep], PLAN_LIMITS, AfterValidator(_counted)]


class MeetingInfo(BaseModel):
    """A meeting, whole, its fields in form order. `plan` is an absent key unless it was asked for or given.

    What a model wrote is trimmed; what the user gave stays as it is (`MeetingRequest`).
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Name, Trim()]
    category: Category
    summary: Annotated[Summary, Trim()]
    description: Annotated[Description, Trim()]
    tags: Tags
    period: Period
    max_members: MaxMembers
    plan: WrittenPlan | None = Field(default=None, exclude_if=lambda v: v is None)


class MeetingRequest(BaseModel):
    """What the user says. Any field of the meeting may be given; it is kept as it is and not asked of the model."""

    model_config = ConfigDict(extra="forbid")

    goal: str = Field(min_length=1, max_length=256, description="What the group is for")
    name: Name | None = None
    category: Category | None = None
    summary: Summary | None = None
    description: Description | None = None
    tags: Tags | None = None
    period: Period | None = None
    location: str | None = Field(default=None, min_length=1, max_length=255, description="Where it meets")
    max_members: MaxMembers | None = None
    plan: Plan | None = None
    include_plan: bool = Field(default=False, description="Whether a step-by-step plan is wanted")
    language: Language | None = Field(default=None, description="Defaults to the model's first language")
