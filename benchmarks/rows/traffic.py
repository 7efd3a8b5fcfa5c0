"""Bytes that a client receives for each byte of the object, and how far behind its snapshots are."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.answers import TOKEN
from benchmarks.bench import Bench, CheckFailed
from benchmarks.client import Load, Received
from benchmarks.contenders import AI_SDK, LANGSERVE, OURS, SIMULATOR, brings
from benchmarks.delays import by_partials, delays, sent
from benchmarks.findings import KB, Findings, Line, Table, by_size
from benchmarks.rows.cpu import BOUNDS, SIZES
from benchmarks.simulator import Script

LEAN, SNAPSHOTS = "?events=token,field,complete", "?events=partial,complete"
SMALL = 4 * KB
"""Bytes of text up to which a snapshot may be no more than so late."""
LATEST_MS = 100 + 5
"""By the pace of snapshots, and what the way from the model to the client may take."""


@dataclass(frozen=True)
class Reading:
    """One stream of ours: what it was asked for, and what came."""

    query: str
    script: Script
    received: Received

    @property
    def ratio(self) -> float:
        """Bytes of the body for each byte of the object."""
        return len(self.received.body) / self.script.size

    @property
    def beyond_small(self) -> int:
        """Bytes of the body without the snapshots of a small object: these are bounded by time alone."""
        small = (len(frame.data) for frame in self.received.frames if frame.name == "partial")
        return len(self.received.body) - sum(length for length in small if length < SMALL)

    def events(self, name: str) -> int:
        return sum(frame.name == name for frame in self.received.frames)


def traffic(bench: Bench) -> Findings:
    """All readings at once, since nothing but bytes and spacing is measured; then the others, one object each."""
    readings = _read_ours(bench)
    lean = [one for one in readings if one.query == LEAN]
    snapshots = [one for one in readings if one.query == SNAPSHOTS]
    curves = {
        "token,field,complete": _curve([one for one in lean if one.script.group == 1]),
        "partial,complete": _curve([one for one in snapshots if one.script.rate]),
        **_read_others(bench),
    }
    return Findings(
        lines=[*_lean_lines(lean), *_snapshot_lines(bench, snapshots)],
        tables=[_table(readings, curves)],
        curves={"bytes": curves},
    )


def _read_ours(bench: Bench) -> list[Reading]:
    # At most 800 writes a second: timers have a resolution of a millisecond, and two writes in one would be one read.
    large = 8 * KB if bench.quick else 256 * KB
    asked = [(LEAN, Script(large, 800)), (LEAN, Script(large, 1600, 4))]
    asked += [(LEAN, Script(2 * KB, 200 * group, group)) for group in (1, 4)]
    paces = {2 * KB: 100, 8 * KB: 400} if bench.quick else {2 * KB: 25, 8 * KB: 100, 32 * KB: 400, 256 * KB: 1600}
    asked += [(SNAPSHOTS, Script(size, rate, 4 if rate > 800 else 1)) for size, rate in paces.items()]
    longest = max(script.size / TOKEN / script.rate for _, script in asked)
    bench.say(f"bytes on the wire: {len(asked)} readings beside one another, {longest:.0f} s")
    bench.records()
    paced = _read(bench, asked)
    return [*paced, *_read(bench, [(SNAPSHOTS, Script(size, 0)) for size in paces], first=len(asked))]


def _read(bench: Bench, asked: Sequence[tuple[str, Script]], first: int = 0) -> list[Reading]:
    base = bench.served(OURS).base
    loads = [OURS.load(base, script, query=query, first=number) for number, (query, script) in enumerate(asked, first)]
    run = bench.client.start(*loads).result()
    return [
        Reading(query, _checked(load, received), received)
        for (query, _), load, (received,) in zip(asked, loads, run.loads, strict=True)
    ]


def _checked(load: Load, received: Received) -> Script:
    if not brings(OURS, received, load.script):
        raise CheckFailed(f"{load.url}, {load.script}: this is not what was sent: {received.body[-300:]!r}")
    return load.script


def _read_others(bench: Bench) -> dict[str, list[tuple[int, float]]]:
    """Their bytes do not depend on pace: each token is a chunk."""
    sizes = SIZES[:2] if bench.quick else SIZES
    return {
        label: [(size, bench.ratio(other, size)) for size in sizes if size <= BOUNDS.get(other.name, size)]
        for other, label in ((LANGSERVE, LANGSERVE.label), (AI_SDK, AI_SDK.label), (SIMULATOR, "OpenAI's own stream"))
    }


def _curve(readings: Sequence[Reading]) -> list[tuple[int, float]]:
    return sorted((one.script.size, one.ratio) for one in readings)


def _lean_lines(lean: Sequence[Reading]) -> list[Line]:
    lines = []
    for group, target, said in ((1, 24, "one event a token"), (4, 11, "four tokens share an event")):
        at = {one.script.size: one for one in lean if one.script.group == group}
        small, large = (at[size] for size in sorted(at))
        grown = large.ratio / small.ratio - 1
        mark = _mark(small, large)
        lines += [
            Line(
                f"bytes on the wire, `token,field,complete`, {said}",
                f"≤ {target} times the object",
                f"{small.ratio:.1f} at {_kb(small)}, {large.ratio:.1f} at {_kb(large)}",
                max(small.ratio, large.ratio) <= target,
                mark,
            ),
            Line("", f"the same at {_kb(small)} and {_kb(large)}, ± 10 %", f"{grown:+.1%}", abs(grown) <= 0.1, mark),
        ]
    return lines


def _mark(*readings: Reading) -> str:
    """Says so if reads brought more than one write each, so that the bytes are those of fewer events than promised."""
    shared = max(one.script.size / TOKEN / one.script.group / one.events("token") for one in readings)
    return f"but {shared:.2f} writes an event" if shared > 1.05 else ""


def _snapshot_lines(bench: Bench, snapshots: Sequence[Reading]) -> list[Line]:
    often = max(_in_a_second(one.received) for one in snapshots)
    records = bench.records()
    small = [one for one in snapshots if one.script.rate and one.script.size <= 8 * KB]
    late = max(_latest_ms(one, records[one.received.stream]) for one in small)
    within = [one.beyond_small <= 17 * one.script.size + 64 * KB for one in snapshots]
    most = {
        size: max(one.beyond_small for one in snapshots if one.script.size == size) / size
        for size in sorted({one.script.size for one in snapshots})
    }
    return [
        Line("bytes on the wire, `partial,complete`", "≤ 10 snapshots a second", f"at most {often:.1f}", often <= 10.2),
        Line(
            "",
            f"≤ 100 ms behind below 4 KB (and {LATEST_MS - 100} ms for the way)",
            f"at most {late:.1f} ms",
            late <= LATEST_MS,
        ),
        Line(
            "",
            "beyond 4 KB ≤ 17 times the object + 64 KB",
            ", ".join(f"{ratio:.1f} at {size // KB} KB" for size, ratio in most.items()),
            all(within),
        ),
    ]


def _in_a_second(received: Received) -> float:
    """Snapshots a second where they came fastest: ten, by the time from any of them to the tenth behind it.

    The client's own reads may be some milliseconds early or late, so a little more than ten is ten.
    """
    times = [frame.at for frame in received.frames if frame.name == "partial"]
    return max((10e9 / (end - begin) for begin, end in zip(times, times[10:], strict=False)), default=0.0)


def _latest_ms(reading: Reading, record: Sequence[int]) -> float:
    """How long any character of the text's first 4 KB had left the model before a snapshot showed it."""
    marks = sent(reading.script, record)
    early = [mark for mark in marks if mark.at <= record[min(len(record), SMALL // TOKEN) - 1]]
    return max(delays(early, by_partials(reading.received.frames))) / 1e6


def _kb(reading: Reading) -> str:
    return f"{reading.script.size // KB} KB"


def _table(readings: Sequence[Reading], curves: dict[str, list[tuple[int, float]]]) -> Table:
    lines = dict(curves)
    lines["token,field,complete, four tokens an event"] = _curve(
        [one for one in readings if one.query == LEAN and one.script.group == 4]
    )
    lines["partial,complete, in bursts"] = _curve(
        [one for one in readings if one.query == SNAPSHOTS and not one.script.rate]
    )
    return by_size("bytes of the body for each byte of the object", lines)
