"""Whether a chain could be served with a prompt: what the server would refuse at its start is refused before."""

from collections.abc import Collection, Mapping
from typing import Any

from chains import chatbot, meeting_info
from chains.models.scripted import Reply, ScriptedChatModel
from chains.prompts import Prompt
from lab.cases import ChainName
from lab.promote.settings import Entry, PromoteError, described_models, models_of

_OFFERED: Mapping[ChainName, Collection[str]] = {
    "meeting_info": meeting_info.VARIABLES,
    "chatbot": chatbot.VARIABLES,
}


def check_fit(prompt: Prompt, entry: Entry, settings: Mapping[str, Any]) -> None:
    """`PromptError` or `PromoteError` unless each of the models that may serve the chain can do so with the prompt."""
    prompt.check(_OFFERED[entry.chain])
    models = models_of(settings, entry)
    if wanted := prompt.about.model:
        _check_model(prompt.name, wanted, entry, settings)
    writers = {name: spec for name, spec in models.items() if prompt.about.language in spec.languages}
    if not writers:
        raise PromoteError(
            f"{prompt.name}.md is in {prompt.about.language}, which chains.{entry.name} is never asked for: its model, "
            f"{' or '.join(models)}, does not list it under `languages`."
        )
    for name, spec in writers.items():
        nobody = ScriptedChatModel(replies=[Reply()])  # nothing is loaded, nobody is called
        prompt.check_length(spec.model(chat=nobody, name=name))


def _check_model(name: str, wanted: str, entry: Entry, settings: Mapping[str, Any]) -> None:
    """Whether the model that a prompt was made for is the one that serves it."""
    described = described_models(settings)
    if wanted not in described:
        raise PromoteError(
            f"{name}.md was made for the model {wanted!r}, which is not described under `models`; there are "
            f"{', '.join(described)}."
        )
    if list(models_of(settings, entry)) != [wanted]:
        raise PromoteError(
            f"{name}.md was made for the model {wanted!r}, and chains.{entry.name} is set to {entry.model!r}. Write "
            f"there: model: {wanted}"
        )
