"""Where runs are kept beyond the process that runs them: what every store promises.

A run belongs to one worker at a time, its owner, who alone appends to its log. The owner holds a lease, renewed while
the worker lives. A lease that has not been renewed may be claimed: then the run, and the right to append, are the
claimant's, and the owner before is refused from that moment on.

`tests/server/runs/contract.py` holds every store to this.
"""

from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from schemas import Code, RequestError, ServerError
from schemas.progress import Progress
from server.runs.entry import Entry


class StoreUnavailable(ServerError):
    """The store cannot be reached just now. What was asked may or may not have been done."""

    default = Code.STORE_UNAVAILABLE

    def __init__(self, message: str = "The store of runs cannot be reached. Try again shortly.") -> None:
        super().__init__(message, retry_after_ms=2000)


class Fenced(Exception):
    """Whoever appends is not the run's owner, or is not any more: it must stop."""


class Lost(Exception):
    """The store knows nothing of a run, or of part of its log, that it had been given."""


class Unknown(RequestError):
    """There is no such run, and as far as the store can tell there never was."""

    default = Code.NOT_FOUND

    def __init__(self, message: str = "There is no such run.") -> None:
        super().__init__(message)


class Expired(RequestError):
    """There was such a run, and its time is over."""

    default = Code.GONE

    def __init__(self, user: str = "") -> None:
        super().__init__("The run is over, and is not kept any longer.")
        self.user = user


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run that is to begin.

    - `request`: the chain's input (JSON), for a worker that takes the run over. Nobody changes it any more
    - `began`: seconds since the epoch
    - `key`: under which repeated requests join this run; empty for none. `print`: a digest of what was requested,
      since a key may be used once only
    - `lives_s`: seconds for which it is kept at the most while it has no end
    - `user`: the pseudonym of whose run it is, who alone may ask after it; empty where nobody is asked who they are
    """

    id: str
    chain: str
    request: Any
    began: float
    lives_s: float
    key: str = ""
    print: str = ""
    user: str = ""

    def must_repeat(self, other: str) -> None:
        """`RequestError` unless a request with the same key, of which `other` is the digest, was the same request."""
        if self.print != other:
            raise RequestError("This Idempotency-Key was used for another request.")


@dataclass(frozen=True, slots=True)
class Record:
    """What a store knows of a run beside its log.

    - `request`: null once the run has ended, when nobody can take it over any more
    - `owner`: the worker whose run it is; empty while it has been given away and nobody has claimed it
    - `claims`: how many workers have claimed it after the first; `handed`: whether the last owner gave it away itself,
      which is then not among them
    - `cancelled`: why somebody wants it stopped; empty if nobody does
    - `end`: the name of its terminal event; empty while it goes on
    - `user`: whose it is, as in `NewRun`
    """

    id: str
    chain: str
    request: Any
    began: float
    owner: str
    claims: int = 0
    handed: bool = False
    cancelled: str = ""
    end: str = ""
    print: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a store has of a log behind some number.

    Where the log does not reach back so far, `base` says what the entries before it add up to; the first of `entries`
    is then `base.seq + 1`. `user`: whose run it is, as in `NewRun`.
    """

    base: Progress | None
    entries: Sequence[Entry]
    user: str = ""


def only_theirs(user: str, asking: str) -> None:
    """To everybody but the user whose run it is, there is none. `Unknown`."""
    if asking != user:
        raise Unknown


def in_order(entries: Sequence[Entry]) -> bool:
    """Whether each follows the one before it. A store takes no others."""
    return all(entry.seq == seq for seq, entry in enumerate(entries, entries[0].seq)) if entries else True


class Store(Protocol):
    """Keeps runs. All of it may raise `StoreUnavailable`, unless it says otherwise."""

    @property
    def worker(self) -> str:
        """The name under which this process owns runs and gets messages: its own in each process, and each time."""

    @property
    def shared(self) -> bool:
        """Whether other processes see it."""

    @property
    def steady_s(self) -> float:
        """Seconds for which it has been there without a break. When it comes back it may not know every run at once."""

    async def open(self) -> None:
        """Call it before all else. Fails with a sentence if the store cannot be used."""

    async def close(self) -> None:
        """Nothing is asked of it any more. Never fails."""

    # -- runs ----------------------------------------------------------------------------------------------------------

    async def create(self, new: NewRun) -> str:
        """Makes a run, owned by this worker. Returns its id: that of another run, if one has its key already.

        However many create runs with one key at once, one run is made. Repeating it, when its outcome was not heard,
        makes no other.
        """

    async def drop(self, run_id: str) -> None:
        """Forgets a run of this worker that never began, and its key. Its id is unknown again.

        Any other run is left alone.
        """

    async def record(self, run_id: str) -> Record:
        """What is known of a run. `Unknown`, `Expired`."""

    async def append(self, run_id: str, entries: Sequence[Entry], base: Progress | None = None) -> None:
        """Adds entries behind those that it has, in order and without a hole. A terminal one ends the run: its lease
        is over, and it is kept for the store's time to live.

        Entries that it has already are passed over: so an append whose outcome was not heard can be repeated. `base`:
        what is before the entry `base.seq + 1` may be let go, since this is what it adds up to. So it also closes a
        hole in front of that entry, and may come without any.
        `Fenced`, also behind the end; `Lost` if there would be a hole, or the run is not there.
        """

    async def read(self, run_id: str, after: int = 0) -> Stretch:
        """What the log has behind the number `after`. `Unknown`, `Expired`."""

    def follow(self, run_id: str, after: int) -> AsyncGenerator[Sequence[Entry]]:
        """The log behind the number `after`, as it comes; never ends by itself.

        It waits while the store cannot be reached, and then goes on where it was; it also waits for a run that is not
        there. Entries that were let go before they were read leave a hole.
        """

    async def cancel(self, run_id: str, reason: str) -> Record:
        """Notes that the run is to be stopped, if nobody has yet and it goes on, and returns its record. Who owns it
        must be told: `send`.
        """

    # -- owners --------------------------------------------------------------------------------------------------------

    async def renew(self, run_ids: Collection[str]) -> set[str]:
        """Renews this worker's leases, and says that it lives: call it for no runs, too. Returns those of the runs that
        are not this worker's any more, whether they go on or not.
        """

    async def claim(self, idle_s: float, at_most: int, steady_s: float = 0) -> list[Record]:
        """Makes runs whose leases were not renewed for so long this worker's, and returns their records.

        `steady_s`: only those that were given away, unless somebody has claimed again and again for so long, with no
        pause longer than half of it. A store that was away, or stood still, has heard nobody renew a lease.

        A run that is its own already can be among them, if it was slow to renew or never heard of its claim: its lease
        is new, and nothing else.
        """

    async def release(self, run_id: str) -> None:
        """Gives a run of this worker away: whoever claims next gets it, at once. Until then nobody appends to it."""

    # -- readers and messages ------------------------------------------------------------------------------------------

    async def note_readers(self, run_ids: Collection[str], for_s: float) -> None:
        """Somebody reads these runs here, and will for so long."""

    async def is_read(self, run_id: str) -> bool:
        """Whether anybody has said so, and the time is not over."""

    async def locate(self, run_id: str, for_s: float) -> None:
        """A run that is not kept goes on in this worker, for so long at the most: so `worker_of` finds it."""

    async def leave(self, run_id: str) -> None:
        """A run that was located goes on no more."""

    async def worker_of(self, run_id: str) -> str:
        """The worker in which a run goes on, kept or not; empty if none does, just now or any more.

        `Unknown`, `Expired`.
        """

    async def send(self, worker: str, message: str) -> None:
        """Puts a message into a worker's inbox. `Unknown` if there is no such worker."""

    def inbox(self) -> AsyncGenerator[str]:
        """The messages to this worker, as they come; never ends by itself, and waits while the store is away.

        One at a time: a further one goes on where the one before it stopped.
        """
