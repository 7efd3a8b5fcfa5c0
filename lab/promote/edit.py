"""The settings' text with one line changed and no other byte: comments, quotes and line ends stay as they are."""

from typing import Any

import yaml

from chains.prompts import Prompt
from lab.promote.settings import Entry, PromoteError, parse_settings


def promoted(text: str, entry: Entry, prompt: Prompt) -> str:
    """The text that names the prompt for its language. `PromoteError` says what to write where that takes a person."""
    named = {**entry.prompts, prompt.about.language: prompt.reference}
    changed = _changed(text, entry, prompt)
    if changed is None or not _says(changed, _wanted(text, entry, named)):
        pairs = ", ".join(f"{language}: {which}" for language, which in named.items())
        raise PromoteError(
            f"chains.{entry.name} has no `prompts` that can be changed from here. Write there yourself, with every "
            f"language that it is served in: prompts: {{{pairs}}}"
        )
    return changed


def _changed(text: str, entry: Entry, prompt: Prompt) -> str | None:
    """The text with the new value in it; None if the chain has no `prompts` that stand there as keys and values."""
    node = yaml.compose(text, yaml.SafeLoader)
    for key in ("chains", entry.name, "prompts"):
        node = _child(node, key)
    if not isinstance(node, yaml.MappingNode):
        return None
    begin, end, new = _edit(text, node, prompt)
    return text[:begin] + new + text[end:]


def _edit(text: str, prompts: yaml.MappingNode, prompt: Prompt) -> tuple[int, int, str]:
    """Which part of the text gives way to which."""
    if value := _child(prompts, prompt.about.language):
        return value.start_mark.index, value.end_mark.index, prompt.reference
    pair = f"{prompt.about.language}: {prompt.reference}"
    if not prompts.value:  # {}
        here = prompts.end_mark.index - 1
        return here, here, pair
    if prompts.flow_style:
        here = prompts.value[0][0].start_mark.index
        return here, here, f"{pair}, "
    key, value = prompts.value[-1]
    end = value.end_mark.index
    here = end + len(text[end:].partition("\n")[0].rstrip("\r"))  # behind a comment, if there is one
    newline = "\r\n" if "\r\n" in text else "\n"
    return here, here, f"{newline}{' ' * key.start_mark.column}{pair}"


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _wanted(text: str, entry: Entry, named: dict[str, str]) -> dict[str, Any]:
    """What the text should say: all as before but for this one value."""
    settings = parse_settings(text)
    chains = settings["chains"]
    return {**settings, "chains": {**chains, entry.name: {**chains[entry.name], "prompts": named}}}


def _says(text: str, wanted: dict[str, Any]) -> bool:
    """Reads the text that was made: aliases, tags and block scalars may make more of an edit than it was."""
    try:
        return parse_settings(text) == wanted
    except PromoteError:
        return False
