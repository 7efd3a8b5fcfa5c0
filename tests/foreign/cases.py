"""What every foreign client must bring home: answers of a model, and the object that each of them is."""

from typing import Any, NamedTuple

from tests.foreign.long_chain import CHAIN, LONG
from tests.server.configs import CHAINS, CHAT, CHAT_INPUT, MEETING, MEETING_INPUT, openai, text
from tests.server.turns import in_turn
from tests.upstream import DONE, Step, ends, gate, pause, says, stall, stream, usage, whole

PINGS_S = 0.1
"""Silence is broken as often, so that every client has to bear it."""
PLAN = [
    {"step": 1, "title": "첫 만남 🐶", "details": ["인사하기", "코스 정하기"]},
    {"step": 2, "title": "걷기", "details": []},
]
GIVEN: dict[str, Any] = {"name": "정해진 이름", "tags": ["하나", "둘", "셋"], "max_members": 5}
OPEN = {name: value for name, value in MEETING.items() if name not in GIVEN}
AWKWARD = "a\r\nb\u2028c\u2029d\x85e\x1cf\x0bg\x00 data: \n\n: 😀👩‍👩‍👧 끝"


class Case(NamedTuple):
    """A model's answer to an input of a chain, and the object that `complete` has then."""

    chain: str
    wanted: dict[str, Any]
    answer: tuple[Step, ...]
    result: dict[str, Any]


def in_pieces(*pieces: str, after: float = 0) -> tuple[Step, ...]:
    """A faultless answer that comes in these pieces, each behind a silence."""
    steps = [step for piece in pieces for step in (pause(after), says(piece))]
    return stream(*steps, ends(), usage(11, len(pieces)), DONE)


def _form(said: dict[str, Any], **wanted: Any) -> Case:
    return Case("meeting-info", MEETING_INPUT | wanted, whole(text(said)), said)


def _chat(result: dict[str, Any], *pieces: str, after: float = 0) -> Case:
    result = {"options": [], "recommendation": None} | result
    return Case("chatbot", CHAT_INPUT, in_pieces(*pieces, after=after) if pieces else whole(text(result)), result)


CASES = {
    "form": _form(MEETING),
    "form with a plan": _form({**MEETING, "plan": PLAN}, include_plan=True),
    "form that is half given": Case("meeting-info", MEETING_INPUT | GIVEN, whole(text(OPEN)), {**MEETING, **GIVEN}),
    "chat": _chat(CHAT),
    "blanks end texts": _chat({"reply": "네", "options": ["등산"]}, '{"reply": "네', ' \\n", "options": ["등산 "]}'),
    "blanks lead the pieces": _chat(
        {"reply": "안녕  하세요. 반가워요"}, '{"reply": "안녕', "  하세요.", " ", "반가", '워요"}'
    ),
    "an emoji is cut": _chat({"reply": "가😀나"}, '{"reply": "가\\ud83', "d", "\\ud", 'e00나"}'),
    "line ends that are none": _chat({"reply": AWKWARD}),
    "silence in a text and between two": _chat(
        {"reply": "안녕", "options": ["등산"]}, '{"reply": "안', '녕"', ', "options": ["등산"]}', after=PINGS_S * 5
    ),
    "huge": Case("long", {}, whole(text(LONG), size=500), LONG),
}


def indented() -> tuple[Step, ...]:
    """A chat whose reply begins with blanks, which are trimmed when it settles."""
    return in_pieces('{"reply": "  ', '네", "options": []}')


def repaired() -> tuple[Step, ...]:
    """A meeting whose first attempt breaks a rule, behind a name that stays."""
    kept = {"name": MEETING["name"]}
    rest = {name: value for name, value in MEETING.items() if name not in kept}
    broken = text({**kept, "category": "none"})[:-1]  # and no end: who does not leave waits for ever
    return (in_turn(stream(says(broken), stall), whole(text(rest))),)


SAID = "처음부터 다시 한 말"
UNSAID = "반쯤 한"


def said_twice() -> tuple[Step, ...]:
    """A chat whose first attempt stops in the middle of the reply, behind options that stay. The test lets it stop."""
    half = text({"options": ["등산"]})[:-1] + f', "reply": "{UNSAID}'
    return (in_turn(stream(says(half), gate, ends("length"), usage(1, 1), DONE), whole(text({"reply": SAID}))),)


def config(base_url: str, **sections: Any) -> str:
    """Settings that serve all of their chains, with a model behind them that the test plays."""
    return openai(base_url, chains={**CHAINS, "long": CHAIN}, stream={"ping_s": PINGS_S}, **sections)
