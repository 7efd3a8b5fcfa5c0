"""Where Korean sentences end: at marks, line ends and emoji, but not in what only is quoted."""

import re
import unicodedata
from collections.abc import Iterable

from lab.evaluate.checks.endings import plain

QUOTE = "◌"
"""Stands for what is quoted or a name: its words are not the speaker's."""

_QUOTED = re.compile(
    r'"[^"\n]*"|“[^”\n]*”|\u2018[^\u2019\n]*\u2019|(?<!\w)\'[^\'\n]*\''
    r"|「[^」\n]*」|『[^』\n]*』|《[^》\n]*》|〈[^〉\n]*〉"
)
_ASIDE = re.compile(r"\s*(?:\([^()\n]*\)|\[[^\[\]\n]*\])")
_END = re.compile(r"[.!?…~。]+(?=[\W가-힣]|$)|[!?…]+|[\r\n]+|[☀-➿\U0001f300-\U0001faff]+")
_HANGUL = re.compile("[가-힣]")
_MARKS = re.compile(r"[\"“”\u2018\u2019「」『』《》〈〉'()\[\]]")


def sentences(text: str, names: Iterable[str] = ()) -> list[str]:
    """The sentences of a text that have Hangul in them.

    `names`: of groups. One that reads like a plain sentence (`같이 걷자`) is no sentence of the speaker's.
    """
    bare = unicodedata.normalize("NFC", text)
    for name in filter(plain, names):
        bare = bare.replace(name, QUOTE)
    unquoted = _ASIDE.sub("", _QUOTED.sub(QUOTE, bare))
    # All of it in quotes or brackets: then it is what is said, not what is quoted.
    whole = unquoted if _HANGUL.search(unquoted) else _MARKS.sub(" ", bare)
    return [part.strip() for part in _END.split(whole) if _HANGUL.search(part)]
