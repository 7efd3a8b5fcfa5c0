"""What is measured without streams: the parser by itself, and how long the server takes to start."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter, process_time

import jiter

from benchmarks import answers
from benchmarks.bench import Bench
from benchmarks.contenders import OURS
from benchmarks.findings import KB, Findings, Line, Table
from benchmarks.processes import ROOT, SERVING, held_to, serving
from chains.partial_json import PartialJSONParser

SIZES = (2 * KB, 8 * KB, 32 * KB)


def parser(bench: Bench) -> Findings:
    """The incremental parser, fed four characters at a time, against parsing all that has come after each of them."""
    large = 32 * KB if bench.quick else 256 * KB
    bench.say(f"the parser alone, to {large // KB} KB")
    with held_to(SERVING):
        ours = {size: _seconds(_parse, answers.tokens(size)) for size in (*SIZES, large)}
        jiters = {size: _seconds(_reparse, answers.tokens(size)) for size in SIZES}
    calls = {size: _calls(answers.tokens(size)) / len(answers.tokens(size)) for size in (2 * KB, large)}
    faster = {size: jiters[size] / ours[size] for size in SIZES}
    grown = calls[large] / calls[2 * KB]
    return Findings(
        lines=[
            Line(
                f"parser alone, {large // KB} KB in 4-character feeds",
                "≤ 0.5 s",
                f"{ours[large]:.2f} s",
                ours[large] <= 0.5,
            ),
            Line(
                "its steps (calls of Python) a feed, 2 KB → " + f"{large // KB} KB",
                "linear",
                f"{calls[2 * KB]:.2f} → {calls[large]:.2f}",
                grown <= 1.01,
            ),
            Line(
                "against jiter parsing all anew",
                "faster from 8 KB up",
                ", ".join(f"{faster[size]:.1f} times at {size // KB} KB" for size in SIZES),
                all(faster[size] > 1 for size in SIZES if size >= 8 * KB),
            ),
        ],
        tables=[
            Table(
                "the parser alone, ms of CPU for a whole object",
                ["", *(f"{size // KB} KB" for size in ours)],
                [
                    ["PartialJSONParser", *(f"{seconds * 1000:.1f}" for seconds in ours.values())],
                    ["jiter, all anew", *(f"{jiters[size] * 1000:.1f}" if size in jiters else "" for size in ours)],
                ],
            )
        ],
    )


def _parse(tokens: Sequence[str]) -> None:
    parsing = PartialJSONParser()
    for token in tokens:
        parsing.feed(token)
    parsing.finish()


def _reparse(tokens: Sequence[str]) -> None:
    so_far = bytearray()
    for token in tokens:
        so_far += token.encode()
        jiter.from_json(bytes(so_far), partial_mode="trailing-strings")


def _seconds(parse: Callable[[Sequence[str]], None], tokens: Sequence[str]) -> float:
    """The median of some runs."""
    taken = []
    for _ in range(5):
        before = process_time()
        parse(tokens)
        taken.append(process_time() - before)
    return median(taken)


def _calls(tokens: Sequence[str]) -> int:
    """How many functions written in Python a parse calls: a count that is the same on every machine."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        _parse(tokens)
    finally:
        sys.setprofile(None)
    return calls


def start(bench: Bench) -> Findings:
    """From the command to the first 200 of `/ready`, with a model over HTTP; and its imports alone."""
    rounds = 1 if bench.quick else 5
    ready, imports = [], []
    for number in range(1, rounds + 1):
        bench.say(f"start: round {number} of {rounds}")
        began = perf_counter()
        with serving(OURS, bench.simulator.base):
            ready.append(perf_counter() - began)
        imports.append(_import_s())
    return Findings(
        lines=[
            Line("start (embedded model aside)", "≤ 2.0 s to `/ready`", f"{median(ready):.2f} s", median(ready) <= 2.0),
            Line("imports alone", "", f"{median(imports):.2f} s"),
        ]
    )


def _import_s() -> float:
    command = "from time import perf_counter as now; began = now(); import server.__main__; print(now() - began)"
    with held_to(SERVING):
        told = subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603
    return float(told.stdout)
