"""How requests are refused, as the OpenAPI document says it: each status with its reasons, all with one envelope."""

from typing import Any

from schemas import ErrorEnvelope

Responses = dict[int | str, dict[str, Any]]

_ALWAYS = {
    401: "Nothing that was shown lets anybody in",
    403: "It is known who asks, who may not have this",
    421: "This server does not answer for that Host",
    429: "The user has had its share, and is told when to come back",
    503: "The server is busy or going, or its store cannot be reached",
}
_WITH_A_BODY = {
    400: "The body is not JSON",
    413: "The body is too large",
    415: "The body is not sent as application/json",
}


def refusals(said: dict[int, str], *, body: bool) -> Responses:
    """Those of a route: its own beside those of all. `body`: it takes one."""
    reasons = _ALWAYS | (_WITH_A_BODY if body else {400: "The request is malformed"}) | said
    return {status: {"model": ErrorEnvelope, "description": words} for status, words in sorted(reasons.items())}


OF_CHAINS = refusals(
    {
        404: "The endpoint is not served",
        409: "Its Idempotency-Key was used for another request",
        422: "The input breaks the rules (`details`), or is refused",
        502: "The model cannot be had, or its answer cannot be used",
        504: "The model, or the run, took too long",
    },
    body=True,
)
"""Of a chain's endpoints, before their stream begins."""

_RUN = {404: "There is no such run", 410: "The run is over and not kept any longer"}

OF_READING = refusals(
    {**_RUN, 422: "No such event, or no id of one", 502: "The worker of the run does not answer"}, body=False
)
"""Of what is asked about a run without a body."""

OF_PINS = refusals(
    {
        **_RUN,
        409: "The run has ended, or takes no pins: it is read in LangServe's frames, or has had too many",
        422: "No such top-level field in this run, a value that breaks its rules (`details`), or a check's refusal",
        502: "The worker of the run does not answer",
    },
    body=True,
)
