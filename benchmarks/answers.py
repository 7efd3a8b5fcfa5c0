"""What the simulated model writes: JSON objects of an exact size, in English, cut into tokens of four characters.

The same size gives the same object, always and in every process: what was sent is known without being told.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

TOKEN = 4
"""Characters in a token: what English is said to average."""

TITLE = "The Slow Sunday Hikers' Circle"
SUMMARY = (
    "An easy walk every other Sunday for people who are new in town, at the pace of whoever happens to be the slowest."
)
OPTIONS = ["hiking", "weekend", "beginners", "outdoors", "coffee"]
SENTENCES = [
    "We meet at the small station and walk until the first bench with a view.",
    'Nobody is left behind: "slow" is in our name because we mean it.',
    "Bring water, shoes that have seen rain before, and something to share.",
    "The path follows the river for an hour, climbs through an old orchard and ends where the soup is hot.",
    "If it rains we read maps in the library instead and plan the next walk.\n",
    "New people walk in front for a while, since that is where the stories are told.",
]

_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL)


@lru_cache(maxsize=16)
def text(size: int) -> str:
    """The object's JSON: `size` bytes of ASCII, with the few escapes that prose brings."""
    room = size - len(_json(""))
    if room < 1:
        raise ValueError(f"an object has at least {size - room + 1} bytes, so not {size}")
    sentences: list[str] = []
    while room > 0:
        sentence = SENTENCES[len(sentences) % len(SENTENCES)] + " "
        sentences.append(sentence if _length(sentence) <= room else _cut(sentence, room))
        room -= _length(sentences[-1])
    return _json("".join(sentences))


def value(size: int) -> dict[str, Any]:
    """The object itself."""
    parsed: dict[str, Any] = json.loads(text(size))
    return parsed


def tokens(size: int) -> list[str]:
    """The object's JSON as the model writes it."""
    whole = text(size)
    return [whole[at : at + TOKEN] for at in range(0, len(whole), TOKEN)]


def shown(size: int) -> Iterator[tuple[str, int, int]]:
    """Every character of a text that streams: its pointer, its number within that text, and where its JSON ends.

    The options are left out: they are told item by item, closed, so no single character of theirs arrives.
    """
    whole = text(size)
    for name in ("title", "summary", "reply"):
        start = whole.index('"', whole.index(f'"{name}":') + len(name) + 3) + 1
        escaped = json.dumps(value(size)[name])[1:-1]
        for number, match in enumerate(_ESCAPE.finditer(escaped), start=1):
            yield f"/{name}", number, start + match.end()


def _json(reply: str) -> str:
    return json.dumps({"title": TITLE, "summary": SUMMARY, "reply": reply, "options": OPTIONS})


def _length(prose: str) -> int:
    return len(json.dumps(prose)) - 2


def _cut(sentence: str, length: int) -> str:
    """As much of the sentence as fits; where that would cut an escape in two, the next one fills what is left."""
    while _length(sentence) > length:
        sentence = sentence[:-1]
    return sentence
