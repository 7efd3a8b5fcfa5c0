"""A stream that is cut anywhere and read on is the stream that was never cut: byte for byte."""

import asyncio
import json
import random

import pytest

from schemas import Fold, from_json
from tests.server.configs import MEETING, MEETING_INPUT, scripted, text
from tests.server.process import Start
from tests.server.replicas.reader import Journal, Refused, call, post, read, read_to_end

BROKEN = {**MEETING, "max_members": 1000}
"""An answer that breaks a rule, so that there is a second attempt: the log has every kind of event but a pin."""


async def begun(url: str, chain: str = "meeting-info", **headers: str) -> str:
    """The address of the events of a run that has just begun."""
    status, receipt = await post(f"{url}/{chain}/runs", {"input": MEETING_INPUT}, **headers)
    assert (status, receipt["ticket"]) == (201, None)
    assert receipt["events_url"] == f"/runs/{receipt['run_id']}/events"
    return f"{url}{receipt['events_url']}"


def config(pace_ms: float = 0) -> str:
    return scripted(text(BROKEN), text(MEETING), model={"pace_ms": pace_ms, "chunk_size": 3})


async def test_at_every_event(start: Start) -> None:
    url = await begun(start(config()).url)
    unbroken = await read_to_end(url)
    assert [event["seq"] for event in unbroken.events] == list(range(1, len(unbroken.frames) + 1))
    assert unbroken.events[-1]["attempts"] == 2
    for cut in range(len(unbroken.frames) + 1):
        journal = Journal(frames=unbroken.frames[:cut])
        await read(url, journal)
        assert journal.joined == unbroken.joined
        assert journal.over == (cut == len(unbroken.frames))


async def test_at_any_byte(start: Start) -> None:
    url = await begun(start(config()).url)
    unbroken = await read_to_end(url)
    dice = random.Random(5)
    for _ in range(200):
        journal = Journal()
        while not journal.ended:
            await read(url, journal, at_most=dice.randrange(1, len(unbroken.joined)))
        assert journal.joined == unbroken.joined


async def test_while_the_model_writes(start: Start) -> None:
    """Forty readers of one run, each cut again and again at random while it goes on."""
    url = await begun(start(config(pace_ms=2)).url)
    dice = random.Random(7)

    async def cut_again_and_again() -> Journal:
        journal = Journal()
        while not journal.ended:
            await read(url, journal, at_most=dice.randrange(1, 3000))
        return journal

    unbroken, *others = await asyncio.gather(read_to_end(url), *(cut_again_and_again() for _ in range(40)))
    assert all(other.joined == unbroken.joined for other in others)
    assert sum(other.connections for other in others) > len(others)


async def test_a_first_connection_may_say_it_in_the_query(start: Start) -> None:
    url = await begun(start(config()).url)
    unbroken = await read_to_end(url)
    journal = Journal()
    await read(f"{url}?last_event_id=7", journal)
    assert journal.frames == unbroken.frames[7:]
    journal = Journal(frames=unbroken.frames[:9])  # the header is newer
    await read(f"{url}?last_event_id=7", journal)
    assert journal.joined == unbroken.joined


async def test_a_reader_that_names_events_misses_none_of_them(start: Start) -> None:
    url = await begun(start(config()).url)
    names = ("start", "field", "reset", "complete")
    wanted = [event for event in (await read_to_end(url)).events if event["type"] in names]
    for cut in range(len(wanted)):
        journal = Journal()
        await read(f"{url}?events=field,complete&last_event_id={wanted[cut]['seq']}", journal)
        assert journal.events == wanted[cut + 1 :]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "7%208", "~", "1e3", "9" * 12, "%D9%A3"])
async def test_what_is_no_id_is_refused(start: Start, last: str) -> None:
    url = await begun(start(config()).url)
    status, envelope = await call("GET", f"{url}?last_event_id={last}")
    assert (status, envelope["code"], envelope["details"][0]["path"]) == (422, "invalid_request", "/last_event_id")


async def test_where_the_log_no_longer_reaches_one_snapshot_stands_for_it(start: Start) -> None:
    """A log of 16 KB keeps half of it when it is full. Whoever has less than that is told how it looked by then."""
    long = {**MEETING, "description": "걷고 쉬고 이야기해요. " * 25}
    server = start(scripted(text(long), model={"chunk_size": 1}, runs={"log_chars": 1 << 14}))
    url = await begun(server.url)
    await read_to_end(url)
    late = await read_to_end(url)
    snapshot, *tail = late.events
    assert (snapshot["type"], snapshot["resumed"]) == ("partial", True)
    assert [event["seq"] for event in tail] == list(range(snapshot["seq"] + 1, tail[-1]["seq"] + 1))
    fold = Fold()
    for event in late.events[:-1]:
        fold.apply(from_json(json.dumps(event)))
    assert fold.value == tail[-1]["value"]
    beyond = Journal(frames=late.frames[:2])
    await read(url, beyond)
    assert beyond.joined == late.joined
    before = Journal()
    await read(f"{url}?events=field&last_event_id={snapshot['seq'] - 1}", before)
    assert before.frames[0] == late.frames[0]  # whatever the filter


async def test_an_unknown_run_is_refused(start: Start) -> None:
    url = start(config()).url
    for path in ("nobody", "0" * 36, "%00", "%2e%2e", "%EA%B0%80"):
        with pytest.raises(Refused) as refused:
            await read(f"{url}/runs/{path}/events", Journal())
        assert (refused.value.status, refused.value.envelope["code"]) == (404, "not_found")
