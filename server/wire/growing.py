"""A text that grows where nothing can be taken back: in a bubble, a chunk, half a JSON text."""

from io import StringIO


class Growing:
    """What of a text has been sent, and what is to be sent next.

    Blanks at its end wait until more follows: they may turn out to be trimmed when it settles.
    """

    def __init__(self) -> None:
        self._sent = StringIO(newline="")  # a list of its pieces would take ten times as much
        self._blanks: list[str] = []

    @property
    def sent(self) -> bool:
        """Whether anything was."""
        return self._sent.tell() > 0

    def more(self, text: str) -> str:
        """What to send now that this came."""
        said = text.rstrip()
        if not said:
            self._blanks.append(text)
            return ""
        piece = "".join((*self._blanks, said))
        self._blanks = [text[len(said) :]]
        self._sent.write(piece)
        return piece

    def up_to(self, text: str) -> str | None:
        """What to send now that it has come to this; None if that contradicts what was sent."""
        known = self._sent.getvalue()
        if not text.startswith(known):
            return None
        self._blanks = []
        return self.more(text[len(known) :])

    def rest(self, text: str, *, exact: bool) -> str | None:
        """What to send now that it has settled as this; None if that contradicts what was sent.

        Unless it is to be `exact`, blanks at its beginning may be missing: they were trimmed when they had been sent.
        """
        sent = self._sent.getvalue()
        for known in (sent,) if exact else (sent, sent.lstrip()):
            if text.startswith(known):
                return text[len(known) :]
        return None
