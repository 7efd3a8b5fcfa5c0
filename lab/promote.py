"""Ships a prompt: writes into `langserve.yaml` which one a chain is served with, one line to be reviewed.

    python -m lab.promote meeting-info              what there is, and what is served
    python -m lab.promote meeting-info en_warm      serve it

The line holds the prompt's name and its content's hash. Nothing else in the file is touched, comments least of all.
"""

import argparse
import difflib
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from chains import Model
from chains.models.scripted import Reply, ScriptedChatModel
from chains.prompts import Prompt, prompts_of
from lab.cases import ChainName
from lab.served import CHAINS, chain_named, config_file

WRONG = 2


class PromoteError(ValueError):
    """It cannot be done; the message says why."""


def promoted(text: str, chain: str, prompt: Prompt) -> str:
    """The settings with another prompt for its language, the rest as it was. `PromoteError` if they lack the chain."""
    served = _entry(_mapping(yaml.compose(text), "the file"), "chains")
    name = next((key.value for key, _ in served.value if key.value.replace("-", "_") == chain), None)
    if name is None:
        raise PromoteError(f"No chain {chain!r} stands under `chains`.")
    own = _entry(served, name)
    begin, end, new = _edit(own, prompt)
    changed = text[:begin] + new + text[end:]
    _check(text, changed, name, prompt)
    return changed


def _edit(own: yaml.MappingNode, prompt: Prompt) -> tuple[int, int, str]:
    """Which part of the text gives way to which."""
    language, entries = prompt.about.language, {key.value: (key, value) for key, value in own.value}
    if "prompts" not in entries:
        key, value = entries["runnable"]
        here = value.end_mark.index
        if own.flow_style:
            return here, here, f", prompts: {{{language}: {prompt.reference}}}"
        blanks = " " * key.start_mark.column
        return here, here, f"\n{blanks}prompts:\n{blanks}  {language}: {prompt.reference}"
    named = _mapping(entries["prompts"][1], "prompts")
    for key, value in named.value:
        if key.value == language:
            return value.start_mark.index, value.end_mark.index, prompt.reference
    if named.flow_style or not named.value:
        here = named.start_mark.index + 1
        return here, here, f"{language}: {prompt.reference}{', ' if named.value else ''}"
    first = named.value[0][0].start_mark
    return first.index, first.index, f"{language}: {prompt.reference}\n{' ' * first.column}"


def _check(before: str, after: str, name: str, prompt: Prompt) -> None:
    """Reads the text that was made: nothing but this one value may have changed."""
    expected = yaml.safe_load(before)
    chain = expected["chains"][name]
    chain["prompts"] = {**(chain.get("prompts") or {}), prompt.about.language: prompt.reference}
    try:
        same = yaml.safe_load(after) == expected
    except yaml.YAMLError:
        same = False
    if not same:
        line = f"prompts: {{{prompt.about.language}: {prompt.reference}}}"
        raise PromoteError(f"The file is written so that it cannot be changed from here. Under {name}, write: {line}")


def _entry(node: yaml.MappingNode, name: str) -> yaml.MappingNode:
    for key, value in node.value:
        if key.value == name:
            return _mapping(value, name)
    raise PromoteError(f"There is no `{name}`.")


def _mapping(node: yaml.Node | None, name: str) -> yaml.MappingNode:
    if not isinstance(node, yaml.MappingNode):
        raise PromoteError(f"`{name}` is no mapping.")
    return node


def check_fit(chain: ChainName, prompt: Prompt) -> None:
    """Whether the chain can be served with the prompt. `PromptError` says why not."""
    language = prompt.about.language
    nobody = Model(ScriptedChatModel(replies=[Reply()]), "nobody", languages=(language,), context_tokens=1 << 20)
    CHAINS[chain](nobody, prompts={language: prompt})


def listing(chain: ChainName, settings: Mapping[str, Any]) -> str:
    """The chain's prompts, one a line; a star stands before those that are served."""
    entries = {name.replace("-", "_"): own for name, own in (settings.get("chains") or {}).items()}
    named = (entries.get(chain) or {}).get("prompts") or {}
    lines = []
    for prompt in prompts_of(chain).values():
        language = prompt.about.language
        served = named.get(language, language)
        star = (
            "*" if served in (prompt.reference, prompt.name) else "!" if served.startswith(f"{prompt.name}@") else " "
        )
        about = f"{language}  version {prompt.about.version}  {prompt.about.description}"
        lines.append(f"{star} {prompt.reference:<28} {about}")
        if star == "!":
            lines.append(f"  changed since it was named {served}: production will not serve it")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Promotes, and returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        chain = chain_named(options.chain)
        text = options.config.read_text(encoding="utf-8")
        if options.prompt is None:
            _say(listing(chain, yaml.safe_load(text) or {}))
            return 0
        prompts = prompts_of(chain)
        if options.prompt not in prompts:
            raise PromoteError(f"There is no prompt {options.prompt!r}; there are {', '.join(prompts)}.")
        check_fit(chain, prompt := prompts[options.prompt])
        changed = promoted(text, chain, prompt)
    except (ValueError, OSError, yaml.YAMLError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    if changed == text:
        _say(f"{prompt.reference} is what is served already.")
        return 0
    _write(options.config, changed)
    _say("".join(difflib.unified_diff(text.splitlines(True), changed.splitlines(True), n=1)).rstrip())
    _say("A development server with these settings serves it from now on. For all others: review, commit, deploy.")
    return 0


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a server may be reading it."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", dir=path.parent, delete=False) as file:
        file.write(text)
    written = Path(file.name)
    written.chmod(path.stat().st_mode)
    written.replace(path)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.promote", description="Writes into the settings which prompt a chain is served with."
    )
    parser.add_argument("chain", help="meeting-info, chatbot")
    parser.add_argument("prompt", nargs="?", help="the file's name without .md; without it, lists what there is")
    parser.add_argument("--config", type=Path, default=config_file(), help="the settings (default: langserve.yaml)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
