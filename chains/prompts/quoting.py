"""Text that others wrote, on its way into a prompt: quoted where it is data, and nowhere a token of control.

To a model a prompt is one long text, in which tokens such as `<|im_start|>`, `<start_of_turn>` or `[INST]` say who
speaks. Most servers put the messages into a template as they are, and then read such tokens wherever they are spelt:
who may write `<|im_start|>system` into a group's name, or into the chat, has the system's voice.
"""

import json
from collections.abc import Sequence
from typing import Any

import regex
from langchain_core.messages import BaseMessage

_STRING = regex.compile(r'"(?:[^"\\]|\\.)*"')

# What begins a token of control or a tag, ends a quotation in Markdown, breaks a line somewhere, or is not seen. But
# joiners and the emoji's variation selector are seen, in what they join.
_UNSAFE = regex.compile(
    r"[[<>\[`\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\u200c\u200d\ufe0f]]", regex.V1
)

# No token of control has a blank in it.
_CONTROL = regex.compile(r"<(?=[^\s<>]{1,64}>)|\[(?=/?g?[A-Z_]{2,64}\]|\|[^\s\[\]]{1,64}\|\]|control_\d+\])")


def quoted(value: Any) -> str:
    """The value as one line of JSON out of which no text in it can get, and which reads back as the same value."""
    text = json.dumps(value, ensure_ascii=False)
    return _STRING.sub(lambda string: _UNSAFE.sub(_escaped, string[0]), text)


def _escaped(found: regex.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def without_control(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The messages, a blank put into whatever spells a token of control; to people they read the same."""
    return [message.model_copy(update={"content": _spaced(message.content)}) for message in messages]


def _spaced(content: Any) -> Any:
    """A message's text, or its list of texts and blocks, of which others than texts are no part of the template."""
    match content:
        case str():
            return _CONTROL.sub(r"\g<0> ", content)
        case list():
            return [_spaced(part) for part in content]
        case {"type": "text", "text": str(text)}:
            return {**content, "text": _spaced(text)}
    return content
