"""A scripted upstream that answers one call so and the next otherwise, as a model does that is asked again."""

from collections.abc import Iterable

from tests.upstream import Call, Step


def in_turn(*scripts: Iterable[Step]) -> Step:
    """Plays the first script to the first call, the second to the second … One more call than scripts is dropped."""
    waiting = list(scripts)

    async def play(call: Call) -> None:
        if waiting:
            await call.play(waiting.pop(0))

    return play
