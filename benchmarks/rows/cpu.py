"""CPU of the serving process for each token: in bursts, at a reading pace, and as the object grows."""

from collections.abc import Iterable
from math import ceil
from statistics import median
from typing import NamedTuple

from benchmarks import answers
from benchmarks.bench import Bench, Sample, medians
from benchmarks.contenders import AI_SDK, ALL, LANGSERVE, OURS, RAW, Contender
from benchmarks.findings import KB, Findings, Line, Table, by_size
from benchmarks.simulator import Script

AT_ONCE = 8


def burst(bench: Bench) -> Findings:
    """Objects of 2 KB as fast as each server can, the servers in turns."""
    rounds, seconds = (2, 0.3) if bench.quick else (5, 1.0)
    objects = {}
    for contender in ALL:
        bench.say(f"CPU per token, burst, 2 KB: {contender.label} warms up")
        objects[contender.name] = bench.enough(contender, 2 * KB, seconds, at_once=AT_ONCE)
    taken, marks = [], set()
    for number in range(1, rounds + 1):
        bench.say(f"CPU per token, burst, 2 KB: round {number} of {rounds}")
        samples = {one.name: bench.burst(one, 2 * KB, objects=objects[one.name], at_once=AT_ONCE) for one in ALL}
        taken.append({name: sample.per_token for name, sample in samples.items()})
        marks |= {sample.mark for sample in samples.values()}
    spent = medians(taken)
    ours, mark = spent[OURS.name], _join(marks)
    return Findings(
        lines=[
            _ratio("CPU per token, burst, 2 KB", ours, spent, LANGSERVE, 0.2, mark),
            _ratio("", ours, spent, AI_SDK, 0.9, mark),
            _ratio("the floor", ours, spent, RAW, 1.5, mark),
        ],
        tables=[
            Table(
                f"CPU per token in bursts, 2 KB, {AT_ONCE} streams at once, median of {rounds} rounds",
                ["", "µs", "lowest to highest", "this project ÷ it"],
                [
                    [
                        one.label,
                        f"{spent[one.name]:.1f}",
                        f"{min(t[one.name] for t in taken):.1f} to {max(t[one.name] for t in taken):.1f}",
                        f"{ours / spent[one.name]:.2f}",
                    ]
                    for one in ALL
                ],
            )
        ],
    )


def _ratio(what: str, ours: float, spent: dict[str, float], other: Contender, target: float, mark: str = "") -> Line:
    theirs = spent[other.name]
    wanted = f"≤ {target} {'of' if target < 1 else 'times'} {other.label}"
    measured = f"{ours:.1f} µs against {theirs:.1f}: {ours / theirs:.2f}"
    return Line(what, wanted, measured, ours <= target * theirs, mark)


def paced(bench: Bench) -> Findings:
    """Many streams at a reading pace, where every token is a read and a write of its own."""
    streams, rate, size = (50, 25, KB // 2) if bench.quick else (200, 25, 2 * KB)
    script = Script(size, rate)
    text_s = len(answers.tokens(size)) / rate
    samples = {}
    for contender in ALL:
        bench.say(f"CPU per token, {streams} streams of {rate} tokens/s: {contender.label}, {text_s:.0f} s of text")
        bench.burst(contender, size, objects=AT_ONCE, at_once=AT_ONCE)  # warm
        load = contender.load(bench.served(contender).base, script, streams=streams, at_once=streams, ramp=1.0)
        samples[contender.name] = bench.measure(contender, load)
    ours = samples[OURS.name]
    spent = {name: sample.per_token for name, sample in samples.items()}
    slowest = _slowest(ours)
    what = f"CPU per token, paced, {streams} streams of {rate} tokens/s"
    return Findings(
        lines=[
            _ratio(what, ours.per_token, spent, LANGSERVE, 0.25, _join(sample.mark for sample in samples.values())),
            _ratio("", ours.per_token, spent, AI_SDK, 0.9),
            _ratio("the floor", ours.per_token, spent, RAW, 1.5),
            Line(
                "its slowest stream",
                "in real time",
                f"{slowest:.1f} s for {text_s:.1f} s of text",
                slowest <= text_s * 1.02 + 0.1,
            ),
            Line("cores that it takes", "≤ 0.7", f"{ours.cores:.2f}", ours.cores <= 0.7),
        ],
        tables=[
            Table(
                f"{streams} streams at once, {rate} tokens/s each, {size / KB:g} KB",
                ["", "CPU per token, µs", "cores", f"slowest stream, of {text_s:.1f} s of text", "this project ÷ it"],
                [
                    [
                        one.label,
                        f"{spent[one.name]:.1f}",
                        f"{samples[one.name].cores:.2f}",
                        f"{_slowest(samples[one.name]):.1f} s",
                        f"{ours.per_token / spent[one.name]:.2f}",
                    ]
                    for one in ALL
                ],
            )
        ],
    )


def _slowest(sample: Sample) -> float:
    return max(one.ended - one.began for one in sample.received) / 1e9


SIZES = (2 * KB, 8 * KB, 32 * KB, 256 * KB)
BOUNDS = {LANGSERVE.name: 8 * KB, AI_SDK.name: 32 * KB}
"""Where those stop whose cost for a token grows with the object: beyond it one object takes minutes."""


class Cost(NamedTuple):
    """What is kept of a sample: not the bodies, which take hundreds of megabytes."""

    per_token: float
    cpu: float
    mark: str


def growth(bench: Bench) -> Findings:
    """What a token costs as the object grows; one stream at a time."""
    spent: dict[str, list[tuple[int, float]]] = {contender.label: [] for contender in ALL}
    marks: set[str] = set()
    for size in SIZES[:2] if bench.quick else SIZES:
        costs = _turns(bench, size, {label: points[-1][1] for label, points in spent.items() if points})
        for label, taken in costs.items():
            spent[label].append((size, median(cost.per_token for cost in taken)))
            marks |= {cost.mark for cost in taken}
    return Findings(
        lines=[_grown(OURS, spent, 1.5, _join(marks)), _grown(RAW, spent, None)],
        tables=[by_size("CPU per token in µs by the size of the object, burst, one stream at a time", spent)],
        curves={"cpu": spent},
    )


def _turns(bench: Bench, size: int, expected: dict[str, float]) -> dict[str, list[Cost]]:
    """Those who can, in turns. `expected` is what a token cost them at the size before; without it they warm up."""
    rounds, seconds, most_s = (1, 0.3, 0.3) if bench.quick else (3, 1.0, 10.0)
    costs: dict[str, list[Cost]] = {}
    able = [one for one in ALL if size <= BOUNDS.get(one.name, size)]
    objects = {
        one.name: ceil(seconds / (expected[one.label] / 1e6 * len(answers.tokens(size))))
        if one.label in expected
        else bench.enough(one, size, seconds)
        for one in able
    }
    for number in range(1, rounds + 1):
        bench.say(f"CPU per token, burst, {size // KB} KB: round {number} of {rounds}")
        for one in able:
            taken = costs.setdefault(one.label, [])
            if sum(cost.cpu for cost in taken) < most_s:  # who needs that long is measured well enough
                sample = bench.burst(one, size, objects=objects[one.name])
                taken.append(Cost(sample.per_token, sample.cpu, sample.mark))
    return costs


def _grown(one: Contender, spent: dict[str, list[tuple[int, float]]], target: float | None, mark: str = "") -> Line:
    (small, first), *_, (large, last) = spent[one.label]
    return Line(
        f"CPU per token as the object grows {small // KB} KB → {large // KB} KB" if target else one.label,
        f"≤ {target} times" if target else "",
        f"{first:.1f} → {last:.1f} µs: {last / first:.2f} times",
        last <= target * first if target else None,
        mark,
    )


def _join(marks: Iterable[str]) -> str:
    return "; ".join(sorted(set(marks) - {""}))
