"""From a request to a call: what is refused, which language is spoken, and what of a long history is sent."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from chains import chatbot, meeting_info
from chains.call import read_request
from chains.structured import StructuredChain
from schemas import Code, Event, MeetingRequest, Note, RequestError, Start
from tests.chains.answers import CHAT, GOAL, MEETING, REPLY, model_saying, script_of, text

GREETING = {"role": "assistant", "content": "안녕하세요! 어떤 모임을 찾으세요?"}


def turns(count: int, size: int = 40) -> list[dict[str, str]]:
    """A conversation that ends with the user's turn, each turn of this many characters."""
    return [
        {"role": "user" if (count - number) % 2 else "assistant", "content": f"{number:03}".ljust(size, "가")}
        for number in range(count)
    ]


def chat(**model: Any) -> StructuredChain:
    return chatbot.build(model_saying(text(REPLY), **model))


async def start_of(chain: StructuredChain, input: Any) -> Start:
    events: list[Event] = [event async for event in chain.astream_typed(input)]
    assert isinstance(events[0], Start)
    return events[0]


def sent(chain: StructuredChain) -> list[BaseMessage]:
    """The conversation that the model was sent, less the system message."""
    messages, _ = script_of(chain.model).calls[-1]
    return messages[1:]


# -- the request -------------------------------------------------------------------------------------------------------


def test_a_bad_request_tells_every_rule_it_breaks_and_none_of_its_values() -> None:
    with pytest.raises(RequestError) as caught:
        read_request(MeetingRequest, {"goal": "", "max_members": 1, "name": "비밀" * 40, "colour": "red"})
    details = {breach.path: breach.rule for breach in caught.value.details}
    assert details == {
        "/goal": "string_too_short",
        "/max_members": "greater_than_equal",
        "/name": "string_too_long",
        "/colour": "extra_forbidden",
    }
    assert "비밀" not in str(caught.value.envelope())


def test_a_breach_can_be_told_from_where_the_request_stands() -> None:
    with pytest.raises(RequestError) as caught:
        read_request(MeetingRequest, {"goal": ""}, at=("inputs", 2))
    assert [breach.path for breach in caught.value.details] == ["/inputs/2/goal"]


# -- language ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("languages", "wanted", "spoken"),
    [
        (("ko", "en"), None, "ko"),
        (("ko", "en"), "en", "en"),
        (("en", "ko"), None, "en"),
        (("en",), "en", "en"),
        (("en",), None, "en"),
    ],
)
async def test_the_wanted_language_is_spoken_or_else_the_models_first(
    languages: tuple[str, ...], wanted: str | None, spoken: str
) -> None:
    chain = meeting_info.build(model_saying(text(MEETING), languages=languages))
    start = await start_of(chain, GOAL | {"language": wanted})
    [(messages, _)] = script_of(chain.model).calls
    assert ("You help people" in messages[0].text) == (spoken == "en")
    assert start.notes == ()


async def test_a_language_that_the_model_lacks_is_said() -> None:
    chain = meeting_info.build(model_saying(text(MEETING), languages=("en",)))
    start = await start_of(chain, GOAL | {"language": "ko"})
    [(messages, _)] = script_of(chain.model).calls
    assert "You help people" in messages[0].text
    assert start.notes == (Note(code="language", message="scripted does not write Korean; it answers in English."),)


# -- history -----------------------------------------------------------------------------------------------------------


async def test_what_fits_is_sent_whole_and_nothing_is_said_of_it() -> None:
    chain = chat()
    start = await start_of(chain, {"messages": turns(9)})
    assert [message.text for message in sent(chain)] == [turn["content"] for turn in turns(9)]
    assert start.notes == ()


async def test_a_conversation_may_begin_with_the_assistants_greeting() -> None:
    chain = chat()
    start = await start_of(chain, {"messages": [GREETING, *CHAT["messages"]]})
    assert [type(message) for message in sent(chain)] == [AIMessage, HumanMessage]
    assert start.notes == ()


@pytest.mark.parametrize("size", range(120, 240, 20))
async def test_of_a_long_history_the_oldest_is_left_out_and_that_is_said(size: int) -> None:
    chain = chat(context_tokens=2000, max_tokens=500)
    start = await start_of(chain, {"messages": turns(49, size)})
    kept = [message.text[:3] for message in sent(chain)]
    assert kept == [f"{number:03}" for number in range(49 - len(kept), 49)]
    assert 1 < len(kept) < 15
    assert isinstance(sent(chain)[0], HumanMessage)
    assert script_of(chain.model).calls[-1][0][0].type == "system"
    [note] = start.notes
    assert note.code == "history_dropped"
    assert str(49 - len(kept)) in note.message


async def test_what_is_sent_leaves_room_for_the_answer() -> None:
    chain = chat(context_tokens=2000, max_tokens=500)
    for count in range(1, 50, 6):
        await start_of(chain, {"messages": turns(count, size=150)})
        assert chain.model.count_tokens(script_of(chain.model).calls[-1][0]) <= 1500


@pytest.mark.parametrize("before", [0, 1, 8])
async def test_a_last_message_that_alone_does_not_fit_is_too_large(before: int) -> None:
    chain = chat(context_tokens=1500, max_tokens=500)
    messages = [*turns(before), {"role": "user", "content": "가" * 1500}]
    with pytest.raises(RequestError) as caught:
        await start_of(chain, {"messages": messages})
    assert (caught.value.code, caught.value.status) == (Code.REQUEST_TOO_LARGE, 413)
    assert not script_of(chain.model).calls


def test_korean_is_counted_as_more_than_its_letters_and_latin_as_less() -> None:
    model = model_saying("{}", wide_tokens=2.0)
    korean, latin = (model.count_tokens([HumanMessage(letters * 100)]) for letters in ("가", "a"))
    assert latin < 50
    assert korean > 190
