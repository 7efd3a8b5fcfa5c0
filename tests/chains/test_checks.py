"""Checks on what goes in and comes out: nothing unchecked leaves, and a check that fails lets nothing pass."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel, Field, field_validator

from chains import Ask, Check, Limits, Pins, StructuredChain, WordList
from schemas import Code, Complete, Event, Failed, FieldSettled, RequestError, Start, StreamError, Token, to_json
from tests.chains.answers import model_saying, script_of, text

BAD = "도박"
LIST = WordList([BAD], reason="여기서는 쓸 수 없는 말이 있어요.")


class Wish(BaseModel):
    topic: str = "산책"


class Note(BaseModel):
    title: str = Field(max_length=20)
    body: str = Field(max_length=200)
    tags: list[str] = Field(max_length=3)
    mood: str | None


GOOD: dict[str, Any] = {"title": "산책", "body": "천천히 걸어요.", "tags": ["걷기", "강"], "mood": None}


def chain(*answers: str | dict[str, Any], result: type[BaseModel] = Note, **options: Any) -> StructuredChain:
    return StructuredChain(
        name="note",
        request=Wish,
        result=result,
        prompt=ChatPromptTemplate([("user", "{topic}")]),
        model=model_saying(*(answer if isinstance(answer, str) else text(answer) for answer in answers)),
        **{"limits": Limits(repairs=0), **options},
    )


async def typed(chain: StructuredChain, given: Any = None, hold: float = 1.0) -> list[Event]:
    async with aclosing(chain.astream_typed(given or {}, hold=hold)) as events:
        return [event async for event in events]


def failure(events: list[Event]) -> Failed:
    assert isinstance(events[-1], Failed), events[-1]
    return events[-1]


# -- the output --------------------------------------------------------------------------------------------------------


async def test_a_checked_field_is_told_whole_and_nothing_else_changes() -> None:
    events = await typed(chain(GOOD, check_output=LIST))
    start = events[0]
    assert isinstance(start, Start)
    assert {plan.path: plan.settle for plan in start.fields} == {
        "/title": "settled",
        "/body": "settled",
        "/tags": "items",
        "/mood": "settled",
    }
    assert not [event for event in events if isinstance(event, Token)]
    told = [event.path for event in events if isinstance(event, FieldSettled)]
    assert told == ["/title", "/body", "/tags/0", "/tags/1", "/tags", "/mood"]
    assert isinstance(events[-1], Complete)
    assert events[-1].value == GOOD


@pytest.mark.parametrize(
    "spoilt",
    [
        {"title": BAD},
        {"body": f"오늘은 {BAD}을"},
        {"tags": ["걷기", BAD]},
        {"title": f"{BAD} 이 제목은 스무 자를 훌쩍 넘겨 버리고 맙니다"},
    ],
)
@pytest.mark.parametrize("repairs", [0, 1])
async def test_what_does_not_pass_leaves_in_no_event(spoilt: dict[str, Any], repairs: int) -> None:
    asked = chain(GOOD | spoilt, check_output=LIST, limits=Limits(repairs=repairs))
    events = await typed(asked)
    assert BAD not in "".join(map(to_json, events))
    end = failure(events)
    if "title" not in spoilt or len(spoilt["title"]) <= 20:
        assert (end.code, end.message) == (Code.REFUSED, LIST.reason)


async def test_only_the_named_fields_are_checked_and_the_others_stream() -> None:
    events = await typed(chain(GOOD | {"body": f"{BAD} 이야기"}, check_output=LIST, checked=["title", "tags"]))
    assert isinstance(events[-1], Complete)
    assert {event.path for event in events if isinstance(event, Token)} == {"/body"}


async def test_what_comes_behind_a_checked_field_waits_for_the_verdict() -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(value: Any) -> str | None:
        asked.set()
        await answer.wait()
        return None

    events: list[Event] = []

    async def read() -> None:
        async with aclosing(chain(GOOD, check_output=RunnableLambda(slow), checked=["title"]).astream_typed({})) as run:
            async for event in run:
                events.append(event)  # noqa: PERF401  # what has come is looked at meanwhile

    reading = asyncio.create_task(read())
    await asked.wait()
    for _ in range(200):  # the model has long ended; nothing of it may have been told
        await asyncio.sleep(0)
    assert [event.type for event in events] == ["start"]
    answer.set()
    await reading
    assert next(event.path for event in events if isinstance(event, FieldSettled)) == "/title"
    assert isinstance(events[-1], Complete)


@pytest.mark.parametrize("nonsense", [True, False, 5, ["no"], {}])
async def test_a_check_that_does_not_answer_in_words_lets_nothing_pass(nonsense: Any) -> None:
    asked = chain(GOOD, check_output=RunnableLambda(lambda value: nonsense))
    end = failure(await typed(asked))
    assert (end.code, end.partial) == (Code.INTERNAL, {})
    with pytest.raises(StreamError) as caught:
        asked.invoke({})
    assert caught.value.code is Code.INTERNAL


async def test_a_check_that_breaks_lets_nothing_pass_and_says_nothing_of_itself() -> None:
    def broken(value: Any) -> str | None:
        raise ValueError(f"secret {value}")

    end = failure(await typed(chain(GOOD, check_output=RunnableLambda(broken))))
    assert (end.code, end.partial) == (Code.INTERNAL, {})
    assert "secret" not in to_json(end)


async def test_a_check_whose_inside_is_cancelled_ends_the_run_as_a_fault() -> None:
    async def cancelled(value: Any) -> str | None:
        raise asyncio.CancelledError

    assert failure(await typed(chain(GOOD, check_output=RunnableLambda(cancelled)))).code is Code.INTERNAL


async def test_a_hanging_check_ends_with_the_run_s_time() -> None:
    async def hang(value: Any) -> str | None:
        await asyncio.Event().wait()
        return None

    asked = chain(GOOD, check_output=RunnableLambda(hang), limits=Limits(total=0.05, repairs=0))
    assert failure(await typed(asked)).code is Code.TIME_LIMIT


async def test_a_reason_with_half_a_character_can_be_sent() -> None:
    end = failure(await typed(chain(GOOD, check_output=RunnableLambda(lambda value: "no \ud83d"))))
    assert end.message == "no \ufffd"
    to_json(end).encode()


async def test_a_refusing_model_s_words_do_not_leave_a_checked_chain() -> None:
    asked = chain("", check_output=LIST)
    script_of(asked.model).replies[0].refusal = f"{BAD}은 안 돼요"
    end = failure(await typed(asked))
    assert end.code is Code.REFUSED
    assert BAD not in to_json(end)


async def test_keys_and_an_author_s_words_do_not_leave_a_checked_chain() -> None:
    class Loose(BaseModel):
        counts: dict[str, int]
        title: str

        @field_validator("title")
        @classmethod
        def _quotes(cls, title: str) -> str:
            raise ValueError(f"{title} is not nice")

    for answer in ({"counts": {BAD: "x"}, "title": BAD}, {"title": BAD, "counts": {}}):
        events = await typed(chain(answer, result=Loose, check_output=LIST))
        assert BAD not in "".join(map(to_json, events))
        assert failure(events).code is Code.INVALID_OUTPUT
    twice = await typed(chain(f'{{"counts":{{"{BAD}":1,"{BAD}":2}},"title":"a"}}', result=Loose, check_output=LIST))
    assert BAD not in "".join(map(to_json, twice))


async def test_an_unchecked_value_is_no_conflict() -> None:
    pins, seen = Pins(), asyncio.Event()

    async def slow(value: Any) -> str | None:
        seen.set()
        await asyncio.sleep(0)
        return LIST.invoke(value)

    events: list[Event] = []
    asked = chain(GOOD | {"mood": BAD}, check_output=RunnableLambda(slow))
    async with aclosing(asked.astream_typed({}, pins=pins)) as run:
        async for event in run:
            events.append(event)
            if event.type == "start":
                await pins.pin("/mood", "mine")
    end = events[-1]
    assert isinstance(end, Complete)
    assert (end.value["mood"], end.conflicts) == ("mine", ())
    assert BAD not in "".join(map(to_json, events))


# -- the input ---------------------------------------------------------------------------------------------------------


async def test_a_refused_input_is_refused_before_the_stream_and_before_the_model() -> None:
    asked = chain(GOOD, check_input=LIST)
    with pytest.raises(StreamError) as caught:
        await typed(asked, {"topic": BAD})
    assert (caught.value.code, caught.value.message) == (Code.REFUSED, LIST.reason)
    with pytest.raises(StreamError) as caught:
        asked.invoke({"topic": BAD})
    assert caught.value.code is Code.REFUSED
    assert script_of(asked.model).calls == []


@pytest.mark.parametrize("given", [{}, {"title": "a", "body": "b", "tags": [], "mood": None}])
async def test_a_late_refusal_of_the_input_ends_the_run_that_has_begun(given: dict[str, Any]) -> None:
    """Also where nothing is asked of the model, since the user has given everything."""
    begun = asyncio.Event()

    async def slow(value: Any) -> str | None:
        await begun.wait()
        return "no"

    wanted = Note if not given else type("Nothing", (BaseModel,), {"__module__": __name__})

    def ask(request: BaseModel) -> Ask:
        return Ask(Note, wanted=wanted, given=given, variables=request.model_dump())

    asked = chain(GOOD, check_input=RunnableLambda(slow), ask=ask)
    events: list[Event] = []
    async with aclosing(asked.astream_typed({}, hold=0)) as run:
        async for event in run:
            events.append(event)
            begun.set()
    end = failure(events)
    assert (end.code, end.message) == (Code.REFUSED, "no")
    assert script_of(asked.model).calls == []


async def test_without_a_hold_a_refusal_is_an_event() -> None:
    events = await typed(chain(GOOD, check_input=LIST), {"topic": BAD}, hold=0)
    assert [event.type for event in events] == ["start", "failed"]


async def test_a_slow_check_of_the_input_is_not_the_model_s_silence() -> None:
    async def slow(value: Any) -> str | None:
        await asyncio.sleep(0.05)
        return None

    asked = chain(GOOD, check_input=RunnableLambda(slow), limits=Limits(idle=0.02, repairs=0))
    assert isinstance((await typed(asked, hold=0.01))[-1], Complete)


async def test_a_pin_is_input_too() -> None:
    pins, asked = Pins(), chain(GOOD, check_input=LIST)
    refused: Code | None = None
    last: Event | None = None
    async with aclosing(asked.astream_typed({}, pins=pins)) as run:
        async for event in run:
            if event.type == "start":
                with pytest.raises(StreamError) as caught:
                    await pins.pin("/title", BAD)
                refused = caught.value.code
                with pytest.raises(RequestError):
                    await pins.pin("title", "no pointer")
            last = event
    assert refused is Code.REFUSED
    assert isinstance(last, Complete)
    assert last.value == GOOD


def test_only_fields_of_the_result_can_be_checked() -> None:
    with pytest.raises(ValueError, match="colour"):
        chain(GOOD, check_output=LIST, checked=["colour"])


@pytest.mark.parametrize("check", [LIST, RunnableLambda(lambda value: None)])
def test_without_an_event_loop_it_is_the_same(check: Check) -> None:
    assert chain(GOOD, check_output=check).invoke({}) == GOOD


# -- the budget --------------------------------------------------------------------------------------------------------


def test_a_prompt_beyond_the_budget_is_refused_before_the_model() -> None:
    asked = chain(GOOD, limits=Limits(tokens=3))
    with pytest.raises(StreamError) as caught:
        asked.invoke({"topic": "가" * 100})
    assert caught.value.code is Code.OVER_BUDGET
    assert script_of(asked.model).calls == []


async def test_an_answer_beyond_the_budget_stops_the_model() -> None:
    asked = chain(GOOD | {"body": "가" * 150}, limits=Limits(tokens=60, repairs=0))
    end = failure(await typed(asked))
    assert end.code is Code.OVER_BUDGET
    assert end.partial["title"] == "산책"
    (sent,) = script_of(asked.model).stopped_after
    assert sent < len(text(GOOD | {"body": "가" * 150})) / 5
    with pytest.raises(StreamError) as caught:
        asked.invoke({})
    assert caught.value.code is Code.OVER_BUDGET


async def test_thoughts_are_paid_for() -> None:
    asked = chain("<think>" + "hm " * 500 + "</think>" + text(GOOD), limits=Limits(tokens=200))
    assert failure(await typed(asked)).code is Code.OVER_BUDGET
