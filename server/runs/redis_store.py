"""Runs in Redis 6.2 or newer, or in Valkey: for several processes and machines.

What happens there in one step, and under which keys, says `redis_scripts`; how it is asked, `redis_pipe`; how streams
are followed, `redis_tail`. Redis copies to its replicas behind the answer: a failover can lose the last entries of a
log, and then the next append is `Lost`.
"""

import json
import secrets
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import aclosing, suppress
from typing import Any

from schemas import TERMINAL
from schemas.progress import Progress
from server.runs import redis_scripts as scripts
from server.runs.entry import Entry
from server.runs.redis_check import verify
from server.runs.redis_pipe import Pipe, Script, connector
from server.runs.redis_tail import Tail, entries_of
from server.runs.store import Expired, Fenced, Lost, NewRun, Record, StoreUnavailable, Stretch, Unknown, in_order

REMEMBERED_S = 3600.0
"""Seconds for which a run whose time is over is told from one that never was."""

INBOX = 1_000
"""Messages that wait for a worker, about; the oldest go first."""

SILENT_LEASES = 2
"""After how many leases without a word a worker counts as gone, to whoever wants to tell it something."""

AT_ONCE = 500
"""Runs that one script renews; meanwhile nobody else is served."""


class RedisStore:
    """One worker's view of the runs that stand in a Redis under a prefix.

    - `url`: `redis://`, `rediss://` or `unix://`. `ValueError` for any other
    - `prefix`: all keys begin with it; other prefixes are other shards, which know nothing of one another
    - `ttl_s`: for how long a run is kept after its end
    - `lease_s`: how often workers renew, at the least
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "moim",
        ttl_s: float = 600.0,
        lease_s: float = 10.0,
        remembered_s: float = REMEMBERED_S,
        worker: str = "",
    ) -> None:
        if set("{}") & set(prefix) or not prefix:
            raise ValueError("the prefix of the keys is some text without braces")
        self._worker = worker or secrets.token_hex(8)
        self._tag = f"{{{prefix}}}"
        self._times = _ms(ttl_s), _ms(remembered_s)
        self._silence = _ms(lease_s * SILENT_LEASES)
        self._connect = connector(url)
        self._pipe = Pipe(self._connect)
        self._tail = Tail(self._pipe, self._connect, self._key("wake", self._worker))
        self._had = 0  # the number of the last message that was read

    @property
    def worker(self) -> str:
        return self._worker

    @property
    def shared(self) -> bool:
        return True

    @property
    def steady_s(self) -> float:
        return self._pipe.steady_s

    async def open(self) -> None:
        await verify(self._connect)
        self._pipe.open()
        await self.renew([])

    async def close(self) -> None:
        await self._tail.close()
        with suppress(StoreUnavailable):
            await self._pipe.ask("DEL", self._key("worker", self._worker), self._key("inbox", self._worker))
        await self._pipe.close()

    # -- runs ----------------------------------------------------------------------------------------------------------

    async def create(self, new: NewRun) -> str:
        _, remembered = self._times
        known = (new.chain, repr(new.began), new.print, new.user, json.dumps(new.request))
        return str(await self._run(scripts.CREATE, self._worker, new.id, new.key, _ms(new.lives_s), remembered, *known))

    async def drop(self, run_id: str) -> None:
        await self._run(scripts.DROP, self._worker, run_id)

    async def record(self, run_id: str) -> Record:
        return _record(await self._run(scripts.KNOWN, run_id))

    async def append(self, run_id: str, entries: Sequence[Entry], base: Progress | None = None) -> None:
        if not in_order(entries):
            raise Lost
        first = entries[0].seq if entries else 1
        ending = entries[-1].name if entries and entries[-1].name in TERMINAL else ""
        before = (base.seq, json.dumps(base.dump())) if base else (0, "")
        said = (text for entry in entries for text in (entry.name, entry.data))
        match await self._run(scripts.APPEND, self._worker, run_id, first, ending, *before, *self._times, *said):
            case "fenced":
                raise Fenced
            case "lost":
                raise Lost

    async def read(self, run_id: str, after: int = 0) -> Stretch:
        user, lives, base, items = await self._pipe.ask_at_once(
            ("HGET", self._key("run", run_id), "user"),
            ("EXISTS", self._key("input", run_id)),
            ("GET", self._key("base", run_id)),
            ("XRANGE", self._key("log", run_id), after + 1, "+"),
        )
        if not lives:
            raise Unknown if user is None else Expired(user)
        progress = Progress.load(json.loads(base)) if base else None
        return Stretch(progress if progress and progress.seq > after else None, entries_of(items), user)

    def follow(self, run_id: str, after: int) -> AsyncGenerator[Sequence[Entry]]:
        return self._tail.follow(self._key("log", run_id), after)

    async def cancel(self, run_id: str, reason: str) -> Record:
        return _record(await self._run(scripts.CANCEL, run_id, reason))

    # -- owners --------------------------------------------------------------------------------------------------------

    async def renew(self, run_ids: Collection[str]) -> set[str]:
        lost: set[str] = set()
        for some in _parts(list(run_ids)):
            lost.update(await self._run(scripts.RENEW, self._worker, self._silence, *some))
        return lost

    async def claim(self, idle_s: float, at_most: int, steady_s: float = 0) -> list[Record]:
        times = round(idle_s * 1000), at_most, round(steady_s * 1000)
        claimed = await self._run(scripts.CLAIM, self._worker, *times)
        return [_record(known) for known in claimed]

    async def release(self, run_id: str) -> None:
        await self._run(scripts.RELEASE, self._worker, run_id)

    # -- readers and messages ------------------------------------------------------------------------------------------

    async def note_readers(self, run_ids: Collection[str], for_s: float) -> None:
        for some in _parts(list(run_ids)):
            await self._run(scripts.NOTE_READERS, _ms(for_s), *some)

    async def is_read(self, run_id: str) -> bool:
        return bool(await self._pipe.ask("EXISTS", self._key("readers", run_id)))

    async def locate(self, run_id: str, for_s: float) -> None:
        await self._pipe.ask("SET", self._key("at", run_id), self._worker, "PX", _ms(for_s))

    async def leave(self, run_id: str) -> None:
        await self._pipe.ask("DEL", self._key("at", run_id))

    async def worker_of(self, run_id: str) -> str:
        match await self._run(scripts.WORKER_OF, run_id):
            case [str(worker)]:
                return worker
            case known:
                record = _record(known)
                return "" if record.end else record.owner

    async def send(self, worker: str, message: str) -> None:
        if await self._run(scripts.SEND, worker, message, INBOX) == "unknown":
            raise Unknown

    async def inbox(self) -> AsyncGenerator[str]:
        async with aclosing(self._tail.follow(self._key("inbox", self._worker), self._had)) as stretches:
            async for messages in stretches:
                for message in messages:
                    self._had = message.seq
                    yield message.data

    def _key(self, kind: str, name: str) -> str:
        return f"{self._tag}:{kind}:{name}"

    async def _run(self, script: Script, *arguments: str | int) -> Any:
        return await self._pipe.run(script, self._tag, *arguments)


def _record(known: Any) -> Record:
    """A run's record as the scripts tell it. `Unknown`, `Expired`."""
    match known:
        case "unknown":
            raise Unknown
        case ["expired", user]:
            raise Expired(user)
    run_id, request, chain, began, owner, claims, handed, *others = known
    return Record(run_id, chain, json.loads(request), float(began), owner, int(claims), handed == "1", *others)


def _ms(seconds: float) -> int:
    """As Redis counts: nothing lasts no time at all."""
    return max(round(seconds * 1000), 1)


def _parts(run_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """At least one, even if it is empty."""
    return (run_ids[at : at + AT_ONCE] for at in range(0, max(len(run_ids), 1), AT_ONCE))
