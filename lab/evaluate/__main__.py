"""Is prompt B worse than prompt A? Runs both over the cases, tells, and writes a report.

    python -m lab.evaluate meeting-info --a en --b drafts/en_warm.md --model embedded --cases 20

Runs that were made before come from the cache (`build/lab/cache`), and the report says how many. Exit status: 0 not
worse, or it cannot be told; 1 worse; 2 it cannot be run so, and why is said in words; 3 with --strict, it cannot be
told; 130 it was stopped, and what was done until then is in the cache.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from chains import Prompt
from chains.models.spec import ModelUnavailable, default_model
from lab.bench import CACHE, bench
from lab.cases import load_cases, read_cases
from lab.command import STOPPED, WRONG, count, count_or_all, models_named, prompt_named, spread
from lab.evaluate.evaluation import Evaluation, evaluate
from lab.evaluate.gate import MARGIN, Outcome
from lab.evaluate.judge import judge
from lab.served import chain_named, config_file

FINE, WORSE, CANNOT_TELL = 0, 1, 3
OUT = CACHE.parent / "evaluation.html"


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluates, and returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        evaluation = asyncio.run(_evaluate(options))
        evaluation.write(options.out)
    except (ValueError, OSError, ModelUnavailable) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return STOPPED
    print(evaluation)
    sys.stderr.write(f"The report, with every failure quoted: {options.out}\n")
    match evaluation.gate.outcome:
        case Outcome.WORSE:
            return WORSE
        case Outcome.CANNOT_TELL if options.strict:
            return CANNOT_TELL
    return FINE


async def _evaluate(options: argparse.Namespace) -> Evaluation:
    chain = chain_named(options.chain)
    a, b = _two(prompt_named(chain, options.a), prompt_named(chain, options.b))
    language = options.language or a.about.language
    cases = spread(read_cases(options.data) if options.data else load_cases(chain, language), options.cases)
    with models_named([options.model], options.config) as models:
        runs = await bench(
            chain,
            cases,
            [a, b],
            models,
            repeats=options.repeats,
            seed=options.seed,
            concurrency=options.concurrency,
            cache=None if options.no_cache else CACHE,
        )
    opinions = None
    if options.judge:
        with models_named([options.judge], options.config) as judges:
            sys.stderr.write(f"{options.judge} judges {sum(trial.complete for trial in runs.trials)} answers ...\n")
            opinions = await judge(runs.trials, judges[options.judge])
    return evaluate(runs, a.name, b.name, margin=options.margin, opinions=opinions)


def _two(a: Prompt, b: Prompt) -> tuple[Prompt, Prompt]:
    """Both under names that differ: a draft may be called what the served one is."""
    if a.name != b.name:
        return a, b
    return Prompt.parse(a.text, f"{a.name}-a"), Prompt.parse(b.text, f"{b.name}-b")


def _margin(text: str) -> float:
    try:
        margin = float(text)
    except ValueError:
        margin = 0
    if not 0 < margin < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1; five points are 0.05")
    return margin


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.evaluate", description="Is prompt B worse than prompt A?")
    add = parser.add_argument
    add("chain", help="meeting-info, chatbot")
    add("--a", required=True, help="the prompt to beat: its name, or a path that ends in .md")
    add("--b", required=True, help="the prompt in question")
    add("--model", default=default_model(), help="its name in the settings (default: %(default)s)")
    add("--language", choices=["ko", "en"], help="of the cases (default: A's)")
    add("--data", type=Path, help="cases of your own, as JSON Lines")
    add("--cases", type=count_or_all, default=None, help="how many, evenly over the file, or `all` (default)")
    add("--repeats", type=count, default=1, help="runs of each case by each prompt (default: %(default)s)")
    add("--seed", type=int, default=1, help="of the model's dice (default: %(default)s)")
    add("--concurrency", type=count, help="runs at once (default: as many as the model takes)")
    add(
        "--margin", type=_margin, default=MARGIN, help="how much worse does not matter (default: %(default)s, 5 points)"
    )
    add("--judge", help="a model that gives its opinion of each answer; by default nobody is asked")
    add("--strict", action="store_true", help="exit with 3 if it cannot be told")
    add("--no-cache", action="store_true", help="make every run anew, and keep none")
    add("--config", type=Path, default=config_file(), help="the settings (default: langserve.yaml)")
    add("--out", type=Path, default=OUT, help="where the report goes (default: build/lab/evaluation.html)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
