"""A chain whose requests, answers and pins must pass a check, for settings to name: `tests.server.checked:build`."""

from chains import Limits, Model, StructuredChain, WordList, meeting_info

WORD = "canary"
REASON = "That word is not allowed here."


def build(model: Model, limits: Limits) -> StructuredChain:
    """The meeting form, without canaries."""
    words = WordList([WORD], reason=REASON)
    return meeting_info.build(model, limits, check_input=words, check_output=words)
