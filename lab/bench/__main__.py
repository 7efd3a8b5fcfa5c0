"""The bench from the shell: the summary on stdout, the report in a file, progress on stderr.

    python -m lab.bench meeting-info --prompt en --prompt drafts/en_warm.md --model embedded --cases 6 --repeats 2

Runs that were made before come from the cache (`build/lab/cache`), and the summary says how many. Status 2: it cannot
be run so, and why is said in words; 130: it was stopped, and what was done until then is in the cache.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from chains.models.spec import ModelUnavailable, default_model
from chains.prompts import Prompt
from lab.bench.cache import CACHE
from lab.bench.grid import named
from lab.bench.result import Bench
from lab.bench.run import bench
from lab.cases import ChainName, load_cases
from lab.command import STOPPED, WRONG, count, count_or_all, models_named, prompt_named, spread
from lab.served import chain_named, config_file

OUT = CACHE.parent / "bench.html"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the bench, and returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        found = _bench(options)
        found.write(options.out, dict(options.prices))
    except (ValueError, ModelUnavailable, OSError) as error:
        print(error, file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("Stopped.", "What had ended is kept in the cache." if options.cache else "", file=sys.stderr)
        return STOPPED
    print(found)
    print(f"The report: {options.out}")
    return 0


def _bench(options: argparse.Namespace) -> Bench:
    chain = chain_named(options.chain)
    prompts = _prompts(chain, options.prompts)
    language = options.language or prompts[0].about.language
    cases = spread(load_cases(chain, language), options.cases)
    with models_named(options.models or [default_model()], options.config) as models:
        return asyncio.run(
            bench(
                chain,
                cases,
                prompts,
                models,
                repeats=options.repeats,
                seed=options.seed,
                concurrency=options.concurrency,
                cache=options.cache,
            )
        )


def _prompts(chain: ChainName, wanted: Sequence[str]) -> tuple[Prompt, ...]:
    """The prompts, each by the name of one of the chain's own files, or by a path."""
    return named([prompt_named(chain, each) for each in wanted])


def _price(text: str) -> tuple[str, tuple[float, float]]:
    name, _, both = text.partition("=")
    try:
        read, written = map(float, both.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no price such as openai=0.25,2.00") from None
    return name, (read, written)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.bench", description="Runs prompts on cases and models, and compares what comes of them."
    )
    add = parser.add_argument
    add("chain", help="meeting-info, chatbot")
    add(
        "--prompt",
        dest="prompts",
        action="append",
        required=True,
        metavar="NAME|FILE.md",
        help="as often as there are variants",
    )
    add(
        "--model",
        dest="models",
        action="append",
        metavar="NAME",
        help="by its name in the settings; more than one, too",
    )
    add("--language", choices=("ko", "en"), help="which cases; by default those in the first prompt's language")
    add(
        "--cases",
        type=count_or_all,
        default=6,
        metavar="N|all",
        help="how many, evenly over the file (default: 6)",
    )
    add("--repeats", type=count, default=1, metavar="N", help="runs of each case (default: 1)")
    add("--seed", type=int, default=1, help="another one gives other dice (default: 1)")
    add("--concurrency", type=count, metavar="N", help="runs at once on each model (default: as many as it has places)")
    add("--no-cache", dest="cache", action="store_const", const=None, default=CACHE, help="make every run now")
    add(
        "--price",
        dest="prices",
        type=_price,
        action="append",
        default=[],
        metavar="MODEL=READ,WRITTEN",
        help="what a million tokens cost, for the report",
    )
    add("--config", type=Path, default=config_file(), help="the settings (default: langserve.yaml)")
    add("--out", type=Path, default=OUT, help="where the report goes (default: build/lab/bench.html)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
