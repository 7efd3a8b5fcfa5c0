"""How much later a token arrives because this server stands between the model and the client."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks import answers
from benchmarks.bench import Bench, CheckFailed
from benchmarks.contenders import OURS, SIMULATOR, brings
from benchmarks.delays import by_tokens, delays, direct, percentile, sent
from benchmarks.findings import KB, Findings, Line, Table
from benchmarks.simulator import Script


@dataclass
class Delays:
    """Nanoseconds from the simulator's write to the client's read: of all tokens, and of the first of each stream."""

    every: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)

    def add(self, stream: Sequence[int]) -> None:
        self.every += stream
        self.first.append(stream[0])


def delay(bench: Bench) -> Findings:
    """One stream through the server, and beside it one straight from the simulator, with the same client."""
    through, straight = Delays(), Delays()
    long, short = (KB // 2, 4) if bench.quick else (2 * KB, 40)
    seconds = len(answers.tokens(long)) / 25
    for number in (1,) if bench.quick else (1, 2):
        bench.say(f"delay of a token, one stream of 25 tokens/s, time {number}: {seconds:.0f} s")
        _stream(bench, Script(long, 25), through, straight)
    bench.say(f"delay of the first token, {short} streams one after another")
    first_through, first_straight = Delays(), Delays()
    for _ in range(short):
        _stream(bench, Script(400, 400), first_through, first_straight)
    added = {percent: _ms(through.every, percent) - _ms(straight.every, percent) for percent in (50, 99)}
    rows = {
        f"{OURS.label}: every token": through.every,
        "without a server between": straight.every,
        f"{OURS.label}: the first token": first_through.first,
        "without a server between, the first": first_straight.first,
    }
    return Findings(
        lines=[
            Line(
                "from upstream token to client, one stream", "p50 ≤ 1 ms", f"{added[50]:.2f} ms added", added[50] <= 1
            ),
            Line("", "p99 ≤ 5 ms", f"{added[99]:.2f} ms added", added[99] <= 5),
        ],
        tables=[
            Table(
                "from the simulator's write to the client's read, ms",
                ["", "p50", "p99", "greatest", "of"],
                [
                    [label, *(f"{_ms(values, percent):.2f}" for percent in (50, 99, 100)), str(len(values))]
                    for label, values in rows.items()
                ],
            )
        ],
    )


def _stream(bench: Bench, script: Script, through: Delays, straight: Delays) -> None:
    bench.records()
    run = bench.client.start(
        OURS.load(bench.served(OURS).base, script, first=1), SIMULATOR.load(bench.simulator.base, script, first=2)
    ).result()
    (ours,), (alone,) = run.loads
    if not (brings(OURS, ours, script) and brings(SIMULATOR, alone, script)):
        raise CheckFailed(f"the streams of {script} are not what was sent")
    records = bench.records()
    through.add(delays(sent(script, records[1]), by_tokens(ours.frames)))
    straight.add(direct(records[2], alone.frames))


def _ms(delays: Sequence[int], percent: float) -> float:
    return percentile(delays, percent) / 1e6
