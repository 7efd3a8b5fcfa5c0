"""A thousand streams at once: all complete, none late, and what each of them takes of memory."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bench import Bench, Sample
from benchmarks.contenders import OURS
from benchmarks.delays import by_tokens, delays, percentile, sent
from benchmarks.findings import KB, Findings, Line, Table
from benchmarks.processes import LOADING, SERVING, serving
from benchmarks.simulator import Script

WORKERS = 2


def many(bench: Bench) -> Findings:
    """The streams begin over some seconds: what is measured is streaming, not a thousand requests at one moment."""
    streams, script, ramp = (100, Script(KB // 2, 10), 1.0) if bench.quick else (1000, Script(2 * KB, 10), 5.0)
    with TemporaryDirectory() as folder:
        config = Path(folder, "workers.yaml")
        config.write_text(f"{Path(OURS.environment['CONFIG']).read_text()}\nworkers: {WORKERS}\n")
        with serving(OURS, bench.simulator.base, cores=SERVING | LOADING, CONFIG=str(config)) as served:
            warm = OURS.load(served.base, Script(script.size, 0), streams=64, at_once=16)
            bench.measure(OURS, warm, served)
            bench.say(f"{streams} streams of {script.rate:g} tokens/s, {WORKERS} workers")
            load = OURS.load(served.base, script, streams=streams, at_once=streams, ramp=ramp)
            sample = bench.measure(OURS, load, served, weigh_every=2.0)
    return _findings(sample)


def _findings(sample: Sample) -> Findings:
    late = [
        delay / 1e6
        for one in sample.received
        for delay in delays(sent(sample.script, sample.records[one.stream]), by_tokens(one.frames))
    ]
    streams = len(sample.received)
    grown = (max(sample.memory) - sample.memory[0]) / streams / KB
    p50, p99 = percentile(late, 50), percentile(late, 99)
    return Findings(
        lines=[
            Line(
                f"{streams} streams at once of {sample.script.rate:g} tokens/s, {WORKERS} workers",
                "all complete",
                f"{streams} complete",  # else the check would have failed
                True,
                sample.mark,
            ),
            Line("", "p99 of the added delay ≤ 500 ms", f"{p99:.0f} ms (p50 {p50:.1f} ms)", p99 <= 500),
            Line("", "≤ 120 KB a stream", f"{grown:.0f} KB", grown <= 120),
        ],
        tables=[
            Table(
                f"{streams} streams at once, {WORKERS} workers",
                ["CPU per token, µs", "cores", "memory before, MB", "at most, MB"],
                [
                    [
                        f"{sample.per_token:.1f}",
                        f"{sample.cores:.2f}",
                        f"{sample.memory[0] / KB**2:.0f}",
                        f"{max(sample.memory) / KB**2:.0f}",
                    ]
                ],
            )
        ],
    )
