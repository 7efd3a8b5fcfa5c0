"""Cuts growing text only between words that can no longer change (word boundaries of Unicode UAX #29).

A Hangul syllable, an emoji joined of several, a letter with its combining marks are never cut, and neither is a word.
"""

import regex

_BOUNDARIES = regex.compile(r"\b", regex.WORD | regex.V1)
_CLUSTERS = regex.compile(r"\X")

LONGEST = 256
"""Characters without a boundary that are held back; beyond it a cut between two user-perceived characters will do."""


class WordCutter:
    """Text in as it comes, whole words out. What it holds is bounded, so it is linear in the text."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """The words that are certain now; empty while none is.

        The last two segments stay behind: the next letter may join them (`can` `'` and then `t`).
        """
        self._held += text
        segments = [segment for segment in _BOUNDARIES.split(self._held) if segment]
        ready = "".join(segments[:-2])
        if not ready and len(self._held) > LONGEST:
            ready = "".join(_CLUSTERS.findall(self._held)[:-1])
        self._held = self._held[len(ready) :]
        return ready

    def flush(self) -> str:
        """The rest: the text has ended."""
        rest, self._held = self._held, ""
        return rest
