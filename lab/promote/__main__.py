"""Shows which prompts a chain has, or serves it with one of them.

    python -m lab.promote meeting-info              what there is, and what is served
    python -m lab.promote meeting-info en_warm      serve it

The line that is written holds the prompt's name and its content's hash. Status 2: it cannot be done, and why is said in
words.
"""

import argparse
import difflib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from chains.prompts import Prompt, PromptError, folder_of, prompt_files
from lab.command import WRONG, prompt_of
from lab.promote.edit import promoted
from lab.promote.fit import check_fit
from lab.promote.settings import Entry, PromoteError, find_entry, parse_settings
from lab.served import config_file


def main(arguments: Sequence[str] | None = None) -> int:
    """Lists or promotes, and returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        text = _read(options.config)
        settings = parse_settings(text)
        entry = find_entry(settings, options.chain)
        if options.prompt is None:
            print(*listing(entry), sep="\n")
            return 0
        prompt = prompt_of(entry.chain, options.prompt)
        check_fit(prompt, entry, settings)
        _write(options.config, text, promoted(text, entry, prompt))
    except ValueError as error:
        print(error, file=sys.stderr)
        return WRONG
    except OSError as error:
        print(f"{options.config} cannot be used: {error.strerror}.", file=sys.stderr)
        return WRONG
    return 0


def listing(entry: Entry) -> Iterator[str]:
    """The chain's prompts, one a line: a star stands before what is served, an exclamation mark before trouble."""
    files = prompt_files(folder_of(entry.chain))
    for path in files:
        try:
            yield _line(entry, Prompt.read(path))
        except PromptError as error:
            yield f"! {error}"
    for language, named in entry.prompts.items():
        if named.partition("@")[0] not in [path.stem for path in files]:
            yield f"! {named:<28} {language}  is named, but there is no such file"


def _line(entry: Entry, prompt: Prompt) -> str:
    language = prompt.about.language
    about = f"{prompt.reference:<28} {language}  version {prompt.about.version}  {prompt.about.description}"
    named = entry.prompts.get(language, language)
    if named in (prompt.reference, prompt.name):
        return f"* {about}"
    if named.partition("@")[0] == prompt.name:
        return f"! {about}\n  changed since it was named {named}: production will not serve it"
    return f"  {about}"


def _read(path: Path) -> str:
    """The text with its own line ends."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise PromoteError(f"{path} is not UTF-8 text.") from error


def _write(path: Path, before: str, after: str) -> None:
    """Shows what changes, and puts it there."""
    if after == before:
        print("That is what is served already.")
        return
    _replace(path.resolve(), after)
    print(*difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm=""), sep="\n")
    print("A development server with these settings serves it from now on. For all others: review, commit, deploy.")


def _replace(file: Path, text: str) -> None:
    """Whole or not at all: a server may be reading it."""
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}-") as folder:
        new = Path(folder) / file.name
        new.write_bytes(text.encode())
        shutil.copymode(file, new)
        new.replace(file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.promote", description="Writes into the settings which prompt a chain is served with."
    )
    parser.add_argument("chain", help="meeting-info, chatbot, or its key in the settings")
    parser.add_argument("prompt", nargs="?", help="the file's name without .md; without it, lists what there is")
    parser.add_argument("--config", type=Path, default=config_file(), help="the settings (default: langserve.yaml)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
