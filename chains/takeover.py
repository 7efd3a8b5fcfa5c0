"""Going on with a run that another worker began and cannot go on with."""

import json
from dataclasses import dataclass

from chains.ask import Ask, names
from chains.repair import Repair
from schemas import Code, Failed, Progress, ServerError, StreamError, copy_json, to_pointer
from schemas.progress import TAKEOVERS


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a run stands that is to be gone on with.

    - `told`: all of its events, folded; they have begun and not ended
    - `began_s`: how many seconds ago it began
    - `reason`: why another worker goes on; `reset` tells it
    """

    told: Progress
    began_s: float
    reason: Code

    def __post_init__(self) -> None:
        if self.reason not in TAKEOVERS:
            raise ValueError(f"{self.reason} is no reason to go on with a run")
        if self.told.seq < 1 or self.told.end:
            raise ValueError("only a run that has begun and not ended can be gone on with")

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began: more than its events tell of, whatever two machines' clocks make of it."""
        return max(self.began_s, (self.told.ms + 1) / 1000)

    @property
    def first_token_ms(self) -> int | None:
        """By when the model had written something; None if nothing of it was told.

        Tokens do not say when they came. So it is when the first of its fields that still stand settled, or else now.
        """
        if not self.told.spoke:
            return None
        settled = (self.told.settled[to_pointer((name,))] for name in self.told.written)
        return min(settled, default=int(self.elapsed_s * 1000))

    def failed(self, error: StreamError) -> Failed:
        """The end of a run that cannot be gone on with."""
        told = self.told
        errors = tuple(dict.fromkeys((*error.details, *told.errors)))
        return Failed.by(error, seq=told.seq + 1, partial=copy_json(told.value), errors=errors)


def still_to_ask(ask: Ask, resumption: Resumption) -> Repair:
    """What the model is asked in the attempt with which a run goes on: all that has not settled, or is in doubt.

    The answer before is not known any more. What it left stands for it: `said` is the model's own part of that.
    """
    told, wanted = resumption.told, names(ask.wanted)
    doubted = told.doubted.intersection(wanted)  # what code knows cannot be asked
    kept = [name for name in ask.fields if to_pointer((name,)) in told.settled and name not in doubted]
    written = {name: told.value[name] for name in kept if name in told.written}
    return Repair(
        ask=ask.only(set(wanted).difference(kept)),
        kept={name: copy_json(told.value[name]) for name in kept},
        said=json.dumps(written, ensure_ascii=False).removesuffix("}") if written else None,
        error=ServerError("That answer broke off.", code=resumption.reason),
    )
