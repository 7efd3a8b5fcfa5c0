"""Prompt files: what they say of themselves is read strictly, what they ask for is what their chain offers."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.prompts import MessagesPlaceholder

from chains import StructuredChain, chatbot, meeting_info
from chains.prompts import Prompt, PromptError, prompts_of
from schemas import ChatRequest, Complete, MeetingInfo, MeetingRequest, Start
from tests.chains.answers import CHAT, CHOOSING, GOAL, MEETING, REPLY, model_saying, script_of, text

FRONT = "description: Names a group.\nlanguage: en\nversion: 3\n"
BODY = "# system\nBe kind.\n\n# user\nGoal: {goal}\nFacts: {facts}\nOpen: {open}\n"


def written(front: str = FRONT, body: str = BODY) -> str:
    return f"---\n{front}---\n{body}"


def parsed(front: str = FRONT, body: str = BODY) -> Prompt:
    return Prompt.parse(written(front, body), "en_warm")


def complaint(front: str = FRONT, body: str = BODY) -> str:
    with pytest.raises(PromptError) as raised:
        parsed(front, body)
    return str(raised.value)


# -- the files that ship -----------------------------------------------------------------------------------------------

OFFERED: dict[str, Any] = {"chatbot": chatbot.VARIABLES, "meeting_info": meeting_info.VARIABLES}
SHIPPED = [(chain, prompt) for chain in OFFERED for prompt in prompts_of(chain).values()]


@pytest.mark.parametrize(("chain", "prompt"), SHIPPED, ids=lambda given: getattr(given, "name", given))
def test_a_shipped_prompt_asks_for_what_its_chain_offers(chain: str, prompt: Prompt) -> None:
    prompt.check(OFFERED[chain])
    variables = {
        "chatbot": chatbot.ask(ChatRequest.model_validate(CHOOSING)).variables,
        "meeting_info": meeting_info.ask(MeetingRequest.model_validate(GOAL)).variables,
    }[chain]
    messages = prompt.template.format_messages(**variables)
    assert messages[0].type == "system"
    assert messages[-1].type == "human"
    assert not any("{{" in message.text or "# user" in message.text for message in messages)


@pytest.mark.parametrize(("request_", "ask", "offered"), [
    (MeetingRequest.model_validate(GOAL), meeting_info.ask, meeting_info.VARIABLES),
    (MeetingRequest.model_validate({**GOAL, **MEETING}), meeting_info.ask, meeting_info.VARIABLES),
    (ChatRequest.model_validate(CHAT), chatbot.ask, chatbot.VARIABLES),
    (ChatRequest.model_validate(CHOOSING), chatbot.ask, chatbot.VARIABLES),
])  # fmt: skip
def test_a_chain_offers_what_it_says_that_it_offers(request_: Any, ask: Any, offered: tuple[str, ...]) -> None:
    assert set(ask(request_).variables) == set(offered)


# -- the format --------------------------------------------------------------------------------------------------------


def test_a_file_is_front_matter_and_messages() -> None:
    prompt = parsed(
        body="not read\n\n# system\n\nBe kind.\n## Not a role\n# nor this\n\n"
        '# user\nHi\n\n# assistant\n{{"a": 1}}\n\n# messages\n\n# user\n{goal}\n',
    )
    assert isinstance(prompt.template.messages[3], MessagesPlaceholder)
    messages = prompt.template.format_messages(goal="달리기", messages=[("user", "{as it is}")])
    assert [(message.type, message.text) for message in messages] == [
        ("system", "Be kind.\n## Not a role\n# nor this"),
        ("human", "Hi"),
        ("ai", '{"a": 1}'),
        ("human", "{as it is}"),
        ("human", "달리기"),
    ]
    assert (prompt.name, prompt.about.version, prompt.about.language) == ("en_warm", 3, "en")


@pytest.mark.parametrize(
    "text",
    ["# system\nBe kind.\n", "", "\n---\na: b\n---\n# system\nBe kind.\n", "---\na: b\n# system\nBe kind.\n"],
    ids=["none", "empty file", "not at the top", "never closed"],
)
def test_a_file_without_front_matter_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(PromptError, match=r"^en\.md: .*front matter"):
        Prompt.parse(text, "en")


@pytest.mark.parametrize("body", ["", "Be kind.\n", "# systems\nBe kind.\n"])
def test_a_file_without_a_message_is_an_error_that_names_it(body: str) -> None:
    assert complaint(body=body).startswith("en_warm.md: a prompt needs a heading")


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("", "description: Field required"),
        (FRONT + "modle: openai\n", "modle: there is no such key"),
        (FRONT.replace("en", "fr"), "language: "),
        (FRONT.replace("3", "0"), "version: "),
        (FRONT.replace("3", "'3a'"), "version: "),
        (FRONT + "structured_output: xml\n", "structured_output: "),
        (FRONT + "parameters: {temperature: 3}\n", "parameters.temperature: "),
        (FRONT + "parameters: {base_url: http://elsewhere}\n", "parameters.base_url: there is no such key"),
        (FRONT + "parameters: {response_format: {}}\n", "parameters.response_format: there is no such key"),
        ("- a list\n", "front matter cannot be used"),
        ("a: [1\n", "its front matter is not YAML, line 3: "),
        ("a: 2024-13-45\n", "its front matter is not YAML"),
        ("a: " + "[" * 2000 + "\n", "front matter"),
        ("version: !!int ''\n", "its front matter is not YAML"),
        (FRONT + "language: ko\n", "line 5: 'language' stands there twice"),
        (FRONT.replace("3", "true"), "version: "),
        (FRONT + "parameters: {temperature: true}\n", "parameters.temperature: "),
        (FRONT + "parameters: {temperature: '0.3'}\n", "parameters.temperature: "),
        (FRONT + "parameters: {temperature: .nan}\n", "parameters.temperature: "),
        (FRONT + "parameters: {seed: 123456789012345678901234567890}\n", "parameters.seed: "),
    ],
)
def test_front_matter_is_read_strictly(front: str, said: str) -> None:
    assert said in complaint(front)


@pytest.mark.parametrize(
    "body", ["# user\n{goal", "# user\n{}", '# user\n{"a": 1}', "# user\n{goal!r:{x}}", "# user\n{0}"]
)
def test_braces_that_do_not_fit_are_explained(body: str) -> None:
    assert complaint(body=body).endswith("A variable is {name}; a brace is written twice, {{ or }}.")


def test_a_key_without_a_value_is_as_if_it_were_not_there() -> None:
    about = parsed(FRONT + "parameters:\nunused:\n  # - facts\nmodel:\n").about
    assert (about.parameters, about.unused, about.model) == (parsed().about.parameters, (), None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("# system\nx\n# User\n{goal}", "'# User' begins no message. Is '# user' meant?"),
        ("# system\nx\n# user:\n{goal}", "Is '# user' meant?"),
        ("#system\nx\n# user\n{goal}", "Is '# system' meant?"),
        ("# user\n{goal}\n# messages\nand so on", "would not be sent"),
        ("# messages\n# user\nx\n# messages", "stands there twice"),
        ("# system\n\n# user\n{goal}", "nothing under '# system'"),
        ("# user\nThe talk: {messages}", "stands under a heading of its own, '# messages'"),
    ],
)
def test_what_would_be_sent_otherwise_than_it_looks_is_refused(body: str, said: str) -> None:
    assert said in complaint(body=body)


def test_a_heading_may_have_blanks_behind_it() -> None:
    prompt = parsed(body="# system \nBe kind.\n# user\t\n{goal}")
    assert [message.text for message in prompt.template.format_messages(goal="x")] == ["Be kind.", "x"]


# -- which text it is --------------------------------------------------------------------------------------------------


def test_the_hash_is_of_the_whole_text() -> None:
    hashes = {
        parsed().hash,
        parsed(FRONT.replace("3", "4")).hash,
        parsed(FRONT + "parameters: {temperature: 0}\n").hash,
        parsed(body=BODY + " ").hash,
        parsed(body="a note\n" + BODY).hash,
    }
    assert len(hashes) == 5


def test_the_hash_does_not_know_how_lines_end_on_a_machine(tmp_path: Path) -> None:
    """Else a checkout on Windows would be another prompt."""
    file = tmp_path / "en_warm.md"
    for saved in (written().replace("\n", "\r\n"), written().replace("\n", "\r"), f"\ufeff{written()}"):
        file.write_bytes(saved.encode())
        assert Prompt.read(file) == parsed()


@given(st.text())
def test_whatever_a_file_holds_it_is_a_prompt_or_no_prompt(text: str) -> None:
    for whole in (text, f"---\n{text}\n---\n# user\n", written(body=f"# user\n{text}")):
        with suppress(PromptError):
            Prompt.parse(whole)


def test_a_file_that_is_no_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "en.md").write_bytes(b"\xff\xfe")
    with pytest.raises(PromptError, match=r"^en\.md is not UTF-8"):
        Prompt.read(tmp_path / "en.md")
    with pytest.raises(PromptError, match=r"^ko\.md cannot be read"):
        Prompt.read(tmp_path / "ko.md")
    with pytest.raises(PromptError, match=r"^en\.warm\.md: .*Rename the file"):
        Prompt.read(tmp_path / "en.warm.md")


def test_half_a_character_is_no_fault() -> None:
    assert parsed(body=BODY + "\ud83d").hash != parsed().hash


# -- what it asks for --------------------------------------------------------------------------------------------------


def test_a_variable_that_nobody_offers_is_named() -> None:
    prompt = parsed(body=BODY.replace("{goal}", "{gaol}"))
    with pytest.raises(PromptError, match=r"^en_warm\.md uses {gaol}; this chain offers {facts}, {goal}, {open}"):
        prompt.check(meeting_info.VARIABLES)


def test_a_variable_that_it_does_not_use_is_named() -> None:
    with pytest.raises(PromptError, match=r"does not use {facts}\..*unused: \[facts\]"):
        parsed(body=BODY.replace("{facts}", "")).check(meeting_info.VARIABLES)


def test_what_is_left_out_on_purpose_is_said() -> None:
    parsed(FRONT + "unused: [facts]\n", BODY.replace("{facts}", "")).check(meeting_info.VARIABLES)


@pytest.mark.parametrize("unused", ["goal", "nothing"])
def test_what_is_said_to_be_unused_must_be(unused: str) -> None:
    with pytest.raises(PromptError, match=f"lists {{{unused}}}"):
        parsed(f"{FRONT}unused: [{unused}]\n").check(meeting_info.VARIABLES)


def test_a_chain_is_not_built_with_a_prompt_that_does_not_fit() -> None:
    with pytest.raises(PromptError, match="gaol"):
        meeting_info.build(model_saying("{}"), prompts={"en": parsed(body=BODY.replace("{goal}", "{gaol}"))})


# -- what it does to a call --------------------------------------------------------------------------------------------


async def run(prompt: Prompt, **known: Any) -> tuple[Any, dict[str, Any], Start]:
    """The messages and arguments of the call that one run makes, and its `start`."""
    model = model_saying(text(MEETING), languages=("en",), **known)
    chain = meeting_info.build(model, prompts={"en": prompt})
    start, *_, end = [event async for event in chain.astream_typed(GOAL)]
    assert isinstance(start, Start)
    assert isinstance(end, Complete)
    ((messages, arguments),) = script_of(model).calls
    return messages, arguments, start


async def test_start_names_it() -> None:
    prompt = parsed()
    _, _, start = await run(prompt)
    assert start.prompt == prompt.ref
    assert start.prompt.reference == prompt.reference == f"en_warm@{prompt.hash}"


async def test_its_parameters_are_the_calls() -> None:
    prompt = parsed(FRONT + "parameters: {temperature: 0.25, max_tokens: 64}\n")
    _, arguments, _ = await run(prompt, parameters={"temperature": 1.0, "seed": 7})
    assert {key: arguments[key] for key in ("temperature", "max_tokens", "seed")} == {
        "temperature": 0.25,
        "max_tokens": 64,
        "seed": 7,
    }


async def test_it_decides_how_the_model_is_held_to_the_schema() -> None:
    messages, arguments, _ = await run(parsed(FRONT + "structured_output: prompt\n"), way="json_schema")
    assert "response_format" not in arguments
    assert "JSON Schema" in messages[0].text
    _, arguments, _ = await run(parsed(), way="json_schema")
    assert "response_format" in arguments


def test_invoke_without_a_loop_is_asked_the_same_way() -> None:
    model = model_saying(text(MEETING), languages=("en",))
    meeting_info.build(model, prompts={"en": parsed(FRONT + "parameters: {temperature: 0.25}\n")}).invoke(GOAL)
    ((_, arguments),) = script_of(model).calls
    assert arguments["temperature"] == 0.25


def test_answers_longer_than_the_model_can_write_are_refused() -> None:
    prompt = parsed(FRONT + "parameters: {max_tokens: 4096}\n")
    with pytest.raises(PromptError, match="4096 tokens; scripted has 4096"):
        meeting_info.build(model_saying("{}", context_tokens=4096), prompts={"en": prompt})


def test_a_prompt_that_leaves_no_room_for_an_answer_is_refused() -> None:
    """Else every user would be told that the request is too long."""
    long = parsed(body=BODY.replace("Be kind.", "Be kind. " * 1500))
    chain = meeting_info.build(model_saying("{}", languages=("en",), context_tokens=4096))
    chain.check_prompt(parsed())
    with pytest.raises(PromptError, match=r"en_warm\.md is about 3\d{3} tokens long; scripted has 4096 in all"):
        chain.check_prompt(long)


def test_a_prompt_in_a_language_that_the_model_does_not_write_is_not_held_to_it() -> None:
    korean = Prompt.parse(written(FRONT.replace(": en", ": ko") + "parameters: {max_tokens: 9000}\n"), "ko_long")
    chain = meeting_info.build(model_saying("{}", languages=("en",), context_tokens=4096), prompts={"ko": korean})
    chain.check_prompt(korean)


@pytest.mark.parametrize("prompt", [parsed(), {"en": parsed()}], ids=["one for all", "by language"])
def test_a_chain_takes_prompts_as_they_are(prompt: Any) -> None:
    model = model_saying(text(MEETING), languages=("en",))
    build = partial(StructuredChain, name="x", request=MeetingRequest, result=MeetingInfo, model=model, prompt=prompt)
    chain = build(ask=meeting_info.ask, variables=meeting_info.VARIABLES)
    assert chain.invoke(GOAL) == MEETING
    with pytest.raises(PromptError, match="facts"):
        build()


async def test_the_answers_room_is_the_prompts_own() -> None:
    """What it reserves for the answer is what the conversation may not take."""
    talk = [{"role": ("user", "assistant")[turn % 2], "content": "very long " * 20} for turn in range(11)]
    front = FRONT + "unused: [want, candidates]\n"
    for reserved, dropped in (("", False), ("parameters: {max_tokens: 1700}\n", True)):
        prompt = parsed(front + reserved, "# system\nBe kind.\n# messages\n")
        model = model_saying(text(REPLY), languages=("en",), context_tokens=2000, max_tokens=100)
        chain = chatbot.build(model, prompts={"en": prompt})
        start, *_ = [event async for event in chain.astream_typed({"messages": talk})]
        assert isinstance(start, Start)
        assert [note.code for note in start.notes] == (["history_dropped"] if dropped else [])
