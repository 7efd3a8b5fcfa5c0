"""Reading a run to its one terminal event, without doing it: no socket, no pause. Two drivers do what is said here.

    while not reading.over:
        ask = reading.ask()                      # send it, and tell what came of it:
        reading.opens(status, headers)           # true: events follow, `take` each;
        reading.answered(status, headers, body)  # false: that was the whole answer;
        reading.cut(fault)                       # or it broke off
        reading.pause_s()                        # so long before the next, unless it is over

It raises what its caller is to hear: a refusal, or that the run is lost.
"""

from collections.abc import Mapping, Sequence
from typing import Self, TypedDict, Unpack
from uuid import uuid4

import httpx
from httpx_sse import ServerSentEvent
from pydantic import BaseModel, TypeAdapter, ValidationError

from moim_client.asking import Addresses, Ask, Beginning
from moim_client.errors import ClientError, ConnectionLost, UnexpectedAnswer
from moim_client.patience import Patience
from moim_client.refusals import TOO_MANY, passes, refusal, retry_after_s
from moim_client.state import State
from schemas import Event, EventName, Partial, RunReceipt, Start, StreamError

RETRY_S = 2.0  # until the server has said
UNSURE = "~"  # behind an id: should the run's worker die, the run may go on differently from before this event
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class Options(TypedDict, total=False):
    """How a run is read.

    - `events`: the names that are wanted; `start`, `reset`, `pinned` and the terminal events always come
    - `runs`: where runs are asked after, if not at the chain's URL with its last segment replaced by `runs`
    - `patience_s`: so long it is tried in vain before the run is lost
    - `stall_s`: a connection that is silent for so long is as good as cut; the server pings every 15 s
    """

    events: Sequence[EventName]
    runs: str | None
    patience_s: float
    stall_s: float


class Reading:
    """How far the reading of one run is, and what to do next."""

    def __init__(
        self,
        url: str,
        *,
        events: Sequence[EventName] = ("token", "field", "invalid"),
        runs: str | None = None,
        patience_s: float = 60.0,
        stall_s: float = 45.0,
    ) -> None:
        self.addresses = Addresses(url, runs, events)
        self.state = State()
        self.over = False
        self.stall_s = stall_s
        self.last_id = ""
        self._seq = 0
        self._patience = Patience(patience_s)
        self._retry_s = RETRY_S
        self._least_s = 0.0
        self._fault: Exception | None = None
        self._beginning: Beginning | None = None
        self._asked = False

    @classmethod
    def of_new(
        cls, url: str, input: Mapping[str, object] | BaseModel, key: str | None, **options: Unpack[Options]
    ) -> Self:
        """Of a run that is to begin."""
        reading = cls(url, **options)
        reading._beginning = Beginning(input, key or uuid4().hex)
        return reading

    @classmethod
    def of_known(cls, url: str, run_id: str, after: str, **options: Unpack[Options]) -> Self:
        """Of a run that has begun, behind the last id that its reader had."""
        reading = cls(url, **options)
        reading.state.run_id = run_id
        reading.last_id = after
        reading._seq = int(after.removesuffix(UNSURE) or 0)
        return reading

    # -- one connection ------------------------------------------------------------------------------------------------

    def ask(self) -> Ask:
        """What to ask next. A run whose id is not known yet is begun again, which joins it."""
        self._asked = True
        if self.state.run_id is not None:
            return self.addresses.events(self.state.run_id, self.last_id)
        return self.addresses.stream(self._known_beginning())

    def opens(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether events follow."""
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if status != 200 or media_type != "text/event-stream":
            return False
        self._patience.connected()
        self._fault, self._least_s = None, 0.0
        return True

    def answered(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """That was the whole answer. Raises what it says, unless that may pass."""
        if status == 204:  # the reader has had the end
            self.over = True
            return
        why, waits_s = refusal(status, headers, body), retry_after_s(headers) or 0.0
        may_pass = passes(status, why) or (status == TOO_MANY and self.state.run_id is not None)
        if not may_pass or waits_s > self._patience.total_s:
            self.over = True
            raise why
        self._fault, self._least_s = why, waits_s

    def take(self, frame: ServerSentEvent) -> Event | None:
        """The event in a frame, if it is news."""
        if frame.retry is not None:
            self._retry_s = min(frame.retry, self._patience.total_s * 1000) / 1000
        event = _event(frame.data)
        if event is None or not self._moves(event):
            return None
        self._seq, self.last_id = event.seq, frame.id or str(event.seq)  # a relay may have dropped the line
        self._patience.renew()
        self.state.apply(event)
        self.over = self.state.end is not None
        return event

    def cut(self, fault: Exception) -> None:
        """The connection broke off, or was never made. Raises what no other try would mend."""
        if isinstance(fault, _HOPELESS):
            self.over = True
            raise fault
        self._fault, self._least_s = fault, 0.0

    def pause_s(self) -> float:
        """How long to wait before asking again. Raises when that is over: the refusal, or `ConnectionLost`."""
        pause_s = self._patience.failed(max(self._retry_s, self._least_s))
        if pause_s is not None:
            return pause_s
        if isinstance(self._fault, StreamError | ClientError):
            raise self._fault
        raise ConnectionLost("the connection to the run is lost") from self._fault

    def _moves(self, event: Event) -> bool:
        """Whether an event takes its reader on. One that says how far the run really is may take it back."""
        match event:
            case Partial(resumed=True):
                return True
            case Start() if self.last_id.endswith(UNSURE):
                return True
            case _:
                return event.seq > self._seq

    # -- beside the connection -----------------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        """The run's id, for requests about it."""
        if self.state.run_id is None:
            raise LookupError("the run's id is not known before its start")
        return self.state.run_id

    def ask_which(self) -> Ask | None:
        """What to ask to learn which run has begun, if that is not known. What is answered, `learn`s."""
        if self.state.run_id is not None:
            return None
        if not self._asked:
            raise LookupError("no run has begun yet")
        return self.addresses.receipt(self._known_beginning())

    def learn(self, body: bytes) -> None:
        """Which run has begun."""
        self.state.run_id = RunReceipt.model_validate_json(body, extra="ignore").run_id

    def _known_beginning(self) -> Beginning:
        assert self._beginning is not None  # noqa: S101  # without one there is an id
        return self._beginning


def _event(data: str) -> Event | None:
    """The event that the data of a frame holds. None: a ping, nothing, or an event of a newer server's."""
    if not data:
        return None
    try:
        return _EVENT.validate_json(data, extra="ignore")  # a newer server may say more
    except ValidationError as error:
        if error.errors()[0]["type"] == "union_tag_invalid":
            return None
        raise UnexpectedAnswer("a stream of something that is no event of this protocol", 200) from error
