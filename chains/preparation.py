"""A run of a chain before and between its calls: what is asked, within which bounds, and how it is asked again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate

from chains.ask import Ask, names
from chains.call import Call, fit_history, make_call
from chains.checks import Checks
from chains.limits import Budget, Limits
from chains.models.model import Model
from chains.pace import Pace
from chains.projection import Projection
from chains.repair import Repair
from chains.shape import places, shape_of
from schemas import Code, Event, Note, RequestError, ServerError


@dataclass(slots=True)
class Prepared:
    """One run: its projection, and the calls that it makes of the model.

    `variables` are the prompt's, with as much of the conversation as fits; set `prompt` to what comes of them before
    the first call.
    """

    chain: str
    model: Model
    ask: Ask
    budget: Budget
    projection: Projection
    variables: dict[str, Any]
    notes: tuple[Note, ...]
    prompt: list[BaseMessage] = field(default_factory=list)

    @property
    def asks(self) -> bool:
        """Whether there is anything to ask the model: the user may have given everything."""
        return bool(names(self.ask.wanted))

    def opening(self, run_id: str) -> list[Event]:
        """`start`, and what is known at once."""
        return self.projection.start(run_id=run_id, chain=self.chain, model=self.model.name, notes=self.notes)

    def call(self, repair: Repair | None) -> Call:
        """The first call, or the one that a repair needs. `ServerError` if its prompt alone is beyond the budget."""
        call = make_call(self.model, self.ask, self.prompt, repair)
        tokens = self.model.count_tokens(call.messages)
        if not self.budget.covers(tokens):
            raise ServerError("The request alone needs more tokens than a run may use.", code=Code.OVER_BUDGET)
        self.budget.asked(tokens)
        return call

    def affords(self, repair: Repair) -> bool:
        """Whether a repair's call is within the model's context and the run's budget."""
        tokens = self.model.count_tokens(make_call(self.model, self.ask, self.prompt, repair).messages)
        return tokens + self.model.max_tokens <= self.model.context_tokens and self.budget.covers(tokens)


def prepare(
    chain: str,
    model: Model,
    ask: Ask,
    template: ChatPromptTemplate,
    notes: tuple[Note, ...],
    *,
    limits: Limits,
    checks: Checks,
    clock: Callable[[], float],
) -> Prepared:
    """A run that can be driven. `RequestError` if what the user gave contradicts itself or does not fit the model."""
    for rule in shape_of(ask.result).rules:
        if ask.given.keys() >= set(rule.fields) and (broken := rule.check(ask.given)):
            raise RequestError(f"The request breaks the rules for {places(broken)}.", details=broken)
    budget = Budget(limits.tokens, model.estimate)
    reserve = model.context_tokens // 16 if limits.repairs else 0  # for what a repair adds to the prompt
    variables, dropped = fit_history(model, ask, template, reserve) if names(ask.wanted) else ({}, ())
    projection = Projection(
        ask,
        clock=clock,
        pace=Pace(interval=limits.snapshot),
        repairs=limits.repairs,
        affordable=lambda repair: run.affords(repair),  # noqa: PLW0108  # the run is made below
        checked=checks.held(names(ask.wanted)),
    )
    run = Prepared(chain, model, ask, budget, projection, variables, notes + dropped)
    return run
