"""A run of a chain before and between its calls: what is asked, within which bounds, and how it is asked again."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate

from chains.ask import Ask, names
from chains.breaches import places
from chains.call import Call, fit_history, make_call
from chains.checks import Checks
from chains.limits import Budget, Limits
from chains.models.model import Model
from chains.pace import Pace
from chains.projection import Projection
from chains.prompts.quoting import without_control
from chains.repair import Repair
from chains.shape import shape_of
from chains.takeover import Resumption
from chains.turn import Course
from schemas import Code, Note, PromptRef, RequestError, ServerError


class Prepared:
    """One run of a chain: its course, and the calls that it makes of the model.

    `written_by` names the file that `template` is of. `variables` are the prompt's, with as much of the conversation as
    fits; set `prompt` to what comes of them before the first call. `RequestError` if what the user gave contradicts
    itself or does not fit the model.
    """

    def __init__(
        self,
        ask: Ask,
        template: ChatPromptTemplate,
        notes: tuple[Note, ...],
        *,
        chain: str,
        run_id: str,
        model: Model,
        written_by: PromptRef | None,
        limits: Limits,
        checks: Checks,
        clock: Callable[[], float],
    ) -> None:
        _check_given(ask)
        self.variables: dict[str, Any] = {}
        self.prompt: list[BaseMessage] = []
        self._ask = ask
        self._written_by = written_by
        if self.asks():
            reserve = model.context_tokens // 16 if limits.repairs else 0  # for what a repair adds to the prompt
            self.variables, dropped = fit_history(model, ask, template, reserve)
            notes += dropped
        self.model = model
        self._budget = Budget(limits.tokens, model.estimate)
        projection = Projection(
            ask,
            clock=clock,
            pace=Pace(interval=limits.snapshot),
            repairs=limits.repairs,
            affordable=self._affords,
            checked=checks.held(names(ask.wanted)),
        )
        opening = partial(
            projection.start, run_id=run_id, chain=chain, model=model.name, prompt=written_by, notes=notes
        )
        self.course = Course(projection, opening, limits, self._budget)

    def go_on(self, resumption: Resumption) -> None:
        """Goes on with a run that another worker began, for as long as it may still take. Set `prompt` before."""
        self.course.projection.go_on(resumption, self._written_by)
        limits = self.course.limits
        self.course = replace(self.course, limits=replace(limits, total=limits.total - resumption.elapsed_s))

    def asks(self, repair: Repair | None = None) -> bool:
        """Whether there is anything to ask the model: the user may have given everything, or the attempt before."""
        return bool(names((repair.ask if repair else self._ask).wanted))

    def call(self, repair: Repair | None) -> Call:
        """The first call, or the one that a repair needs. `ServerError` if its prompt alone is beyond the budget."""
        call = self._call(repair)
        tokens = self.model.count_tokens(call.messages)
        if not self._budget.covers(tokens):
            raise ServerError("The request alone needs more tokens than a run may use.", code=Code.OVER_BUDGET)
        self._budget.asked(tokens)
        return call

    def _affords(self, repair: Repair) -> bool:
        """Whether a repair's call is within the model's context and the run's budget."""
        tokens = self.model.count_tokens(self._call(repair).messages)
        return tokens + self.model.max_tokens <= self.model.context_tokens and self._budget.covers(tokens)

    def _call(self, repair: Repair | None) -> Call:
        """The call, in which nobody's text can pass for a token of control: users', models', or a prompt's own."""
        call = make_call(self.model, self._ask, self.prompt, repair)
        return replace(call, messages=without_control(call.messages))


def _check_given(ask: Ask) -> None:
    known = {**ask.defaults, **ask.given}
    for rule in shape_of(ask.result).rules:
        if known.keys() >= set(rule.fields) and (broken := rule.check(known)):
            raise RequestError(f"The request breaks the rules for {places(broken)}.", details=broken)
