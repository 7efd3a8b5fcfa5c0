"""What was found, as lines and tables for people."""

from collections.abc import Iterator, Sequence

from benchmarks.findings import KB, Findings, Line, Table
from benchmarks.scaling.results import Results, per_event, per_token
from benchmarks.scaling.sizing import Plan, need
from benchmarks.scaling.storm import BUCKET_S, Outcome
from benchmarks.scaling.streams import RATE

SHARES = (1.0, 0.1, 0.01)
HEALTH_MS = 100.0


def findings(results: Results, storms: Sequence[tuple[str, Outcome]]) -> Findings:
    """Everything."""
    tables = [
        _streams(results),
        _memory(results),
        _idle(results),
        _readers(results),
        _redis(results),
        _storm(storms),
        _sizing(results),
    ]
    return Findings(list(_lines(results)), tables)


def _lines(results: Results) -> Iterator[Line]:
    for found in results.streams:
        what = f"streams of {RATE} tokens/s at once, one worker, store {found.store}"
        yield Line(what, "", str(found.most), mark="; ".join(sorted({step.mark for step in found.steps} - {""})))
    for one in results.silence.idle:
        what = f"{one.readers:,} idle readers, store {one.store}, on {one.where}: /health p99"
        yield Line(what, f"< {HEALTH_MS:g} ms", f"{one.health_p99:.0f} ms", one.health_p99 < HEALTH_MS)
    for again in results.silence.again:
        what = f"{again.readers:,} readers come again at once, store {again.store}, on {again.where}"
        yield Line(what, "", f"{again.seconds:.1f} s")
    resumes = results.fanout.resumes
    what = f"{resumes.readers:,} readers come again at once, each having missed {resumes.events:.0f} events, elsewhere"
    yield Line(what, "", f"{resumes.seconds:.1f} s")
    for taken in results.takeovers:
        what = f"from kill -9 to the reader's `reset`, {len(taken.seconds)} runs, lease {taken.lease_s:g} s"
        yield Line(what, "", f"{taken.seconds[0]:.1f} to {taken.seconds[-1]:.1f} s")


def _streams(results: Results) -> Table:
    return Table(
        f"streams at once, {RATE} tokens/s each, on one worker: what was tried",
        ["store", "streams", "added delay p50, ms", "p99, ms", "cores", "holds"],
        [
            [
                found.store,
                str(step.streams),
                f"{step.p50:.1f}",
                f"{step.p99:.0f}",
                f"{step.cores:.2f}",
                "yes" if step.holds else "no",
            ]
            for found in results.streams
            for step in found.steps
        ],
    )


def _memory(results: Results) -> Table:
    silence, alone = results.silence, results.fanout.phases[0]
    largest = {(one.store, one.where): one for one in silence.idle}  # the last of each
    return Table(
        "memory of one more in a worker, KB",
        ["", "KB", "measured with"],
        [
            *(
                [f"a run that has just begun, store {store}", f"{size / KB:.0f}", f"{silence.runs:,}"]
                for store, size in silence.run_bytes.items()
            ),
            ["a run whose model has nearly done, store redis", f"{alone.run_bytes / KB:.0f}", f"{alone.runs:,}"],
            *(
                [f"an idle reader on {where}, store {store}", f"{one.each_bytes / KB:.1f}", f"{one.readers:,}"]
                for (store, where), one in largest.items()
            ),
        ],
    )


def _idle(results: Results) -> Table:
    return Table(
        "idle readers of one worker",
        ["store", "on", "readers", "KB each", "/health p50, ms", "p99, ms", "cores meanwhile"],
        [
            [
                one.store,
                one.where,
                f"{one.readers:,}",
                f"{one.each_bytes / KB:.1f}",
                f"{one.health_p50:.1f}",
                f"{one.health_p99:.1f}",
                f"{one.cores:.2f}",
            ]
            for one in results.silence.idle
        ],
    )


def _readers(results: Results) -> Table:
    alone, *read = results.fanout.phases
    run_s = results.fanout.run_s
    return Table(
        "CPU of a run's worker for each token, and of a reader's worker for each event, µs",
        [
            "readers of each run",
            "a token",
            "an event for each reader",
            "events, KB to each",
            "cores: owner",
            "the other",
        ],
        [
            [
                f"{phase.runs} runs: {phase.here} here, {phase.elsewhere} elsewhere",
                f"{per_token(phase, run_s):.0f}",
                f"{per_event(phase, alone):.0f}" if phase in read else "",
                f"{phase.events:.0f}, {phase.sent / KB:.0f}" if phase in read else "",
                f"{phase.owner_cpu / phase.seconds:.2f}",
                f"{phase.other_cpu / phase.seconds:.2f}",
            ]
            for phase in results.fanout.phases
        ],
    )


def _redis(results: Results) -> Table:
    run_s = results.fanout.run_s
    phases = [phase for phase in results.fanout.phases if not phase.here]
    per_run = [(phase, phase.redis, phase.runs) for phase in phases]
    return Table(
        f"Redis, for one run of {run_s:.1f} s, by its readers elsewhere",
        ["", *(f"{phase.elsewhere} of each, {phase.runs} runs" for phase in phases)],
        [
            ["commands that workers sent", *(f"{spent.asked / runs:.0f}" for _, spent, runs in per_run)],
            ["of them scripts", *(f"{spent.calls['evalsha'] / runs:.0f}" for _, spent, runs in per_run)],
            ["of them reads that wait", *(f"{spent.calls.get('xread', 0) / runs:.0f}" for _, spent, runs in per_run)],
            [
                "µs within a script",
                *(f"{spent.micros['evalsha'] / spent.calls['evalsha']:.0f}" for _, spent, _ in per_run),
            ],
            ["KB received", *(f"{spent.bytes_in / runs / KB:.0f}" for _, spent, runs in per_run)],
            ["KB sent", *(f"{spent.bytes_out / runs / KB:.0f}" for _, spent, runs in per_run)],
            ["ms of CPU", *(f"{spent.cpu / runs * 1000:.0f}" for _, spent, runs in per_run)],
            [
                "share of its core while the model writes",
                *(f"{spent.cpu / runs / run_s:.2%}" for _, spent, runs in per_run),
            ],
            ["KB of memory when it has ended", *(f"{phase.redis_bytes / KB:.0f}" for phase in phases)],
        ],
    )


def _storm(storms: Sequence[tuple[str, Outcome]]) -> Table:
    return Table(
        "100,000 readers lose their replica (simulated)",
        [
            "",
            f"attempts in the busiest {BUCKET_S * 1000:g} ms",
            "attempts",
            "refused",
            "half are back after",
            "99 %",
            "all",
            "CPU",
        ],
        [
            [
                label,
                f"{outcome.peak:,}",
                f"{len(outcome.attempts):,}",
                f"{outcome.refused:,}",
                *(f"{outcome.back_after(share):.1f} s" for share in (0.5, 0.99, 1)),
                f"{outcome.cpu_s:.0f} s",
            ]
            for label, outcome in storms
        ],
    )


def _sizing(results: Results) -> Table:
    needs = [need(share, results.measured, Plan()) for share in SHARES]
    return Table(
        "1,000,000 readers, each of a run of its own on another worker (reckoned)",
        ["the model writes for", *(f"{one.share:.0%}" for one in needs)],
        [
            ["workers, a core each (by what)", *(f"{one.workers:,} ({one.workers_by})" for one in needs)],
            ["memory of all workers, GB", *(f"{one.worker_bytes / 1e9:,.0f}" for one in needs)],
            ["shards, a Redis each (by what)", *(f"{one.shards:,} ({one.shards_by})" for one in needs)],
            ["commands of all Redis a second", *(f"{one.asked:,.0f}" for one in needs)],
            ["Gbit/s into all Redis", *(f"{one.bytes_in * 8 / 1e9:,.1f}" for one in needs)],
            ["Gbit/s out of all Redis", *(f"{one.bytes_out * 8 / 1e9:,.1f}" for one in needs)],
            ["Gbit/s to all readers", *(f"{one.sent * 8 / 1e9:,.1f}" for one in needs)],
            ["memory of all Redis, GB", *(f"{one.kept_bytes / 1e9:,.0f}" for one in needs)],
        ],
    )
