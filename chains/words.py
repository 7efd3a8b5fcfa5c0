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
        self._told = ""  # the last word that was told, since what follows depends on it
        self._held = ""

    def feed(self, text: str) -> str:
        """The words that are certain now; empty while none is.

        The last two segments stay behind: the next letter may join them (`can` `'` and then `t`).
        """
        self._held += text
        certain = [segment for segment in _BOUNDARIES.split(self._told + self._held) if segment][:-2]
        ready = "".join(certain)[len(self._told) :]
        if ready:
            self._told = certain[-1]
        elif len(self._held) > LONGEST:
            ready, self._told = "".join(_CLUSTERS.findall(self._held)[:-1]), ""
        self._held = self._held[len(ready) :]
        return ready

    def flush(self) -> str:
        """The rest: the text has ended."""
        rest, self._told, self._held = self._held, "", ""
        return rest
