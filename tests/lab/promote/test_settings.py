"""A chain is found in the settings by its key or by what it runs; what is odd there is said in a sentence."""

import pytest

from lab.promote.settings import PromoteError, find_entry, models_of, parse_settings
from lab.served import CHAINS

FORM = "{runnable: 'chains.meeting_info:build', model: fake, prompts: {en: en_warm}}"


@pytest.mark.parametrize(
    ("chains", "wanted", "name", "chain"),
    [
        (f"form: {FORM}", "form", "form", "meeting_info"),
        (f"form: {FORM}", "meeting-info", "form", "meeting_info"),
        (f"form: {FORM}", "meeting_info", "form", "meeting_info"),
        (f"meeting_info: {FORM}", "meeting-info", "meeting_info", "meeting_info"),
        # Wrapped by a builder of one's own: the key says which chain's prompts it has.
        ("meeting-info: {runnable: 'own:build'}", "meeting_info", "meeting-info", "meeting_info"),
        ("chatbot: {path: /c}", "chatbot", "chatbot", "chatbot"),
        # Of two that run the same, the one that is called so.
        (f"form: {FORM}\n  meeting-info: {FORM}", "meeting-info", "meeting-info", "meeting_info"),
        (f"form: {FORM}\n  meeting-info: {FORM}", "form", "form", "meeting_info"),
        (f"meeting_info: {FORM}\n  meeting-info: {FORM}", "meeting-info", "meeting-info", "meeting_info"),
        # What is odd in another chain, or has no name, is of no matter here.
        (f"form: {FORM}\n  other: 3\n  4: {{}}\n  five: {{runnable: [a]}}", "meeting-info", "form", "meeting_info"),
    ],
)
def test_a_chain_is_found_by_its_key_or_by_what_it_runs(chains: str, wanted: str, name: str, chain: str) -> None:
    entry = find_entry(parse_settings(f"chains:\n  {chains}"), wanted)
    assert (entry.name, entry.chain) == (name, chain)


def test_what_it_runs_is_found_through_a_merge_key() -> None:
    text = f"base: &base {FORM}\nchains: {{form: {{<<: *base}}}}"
    entry = find_entry(parse_settings(text), "meeting-info")
    assert (entry.chain, entry.model, entry.prompts) == ("meeting_info", "fake", {"en": "en_warm"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The file should hold keys and values."),
        ("[chains]", "The file should hold keys and values."),
        ("a: {b", "The settings are not YAML: .* in line 1."),
        ("chains:\n  a: {}\n  a: {}", "The settings are not YAML: 'a' stands there twice in line 3."),
        ('mode: !!int ""', "The settings are not YAML: .*"),
        ("mode: \0", r"The settings are not YAML: unacceptable character .*"),
        ("models: {}", "`chains` should hold keys and values."),
        ("chains: 3", "`chains` should hold keys and values."),
        ("chains: [meeting-info]", "`chains` should hold keys and values."),
        ("chains: {}", "There is no chain 'meeting-info'; the settings have none."),
        ("chains: {chat: {}}", "There is no chain 'meeting-info'; the settings have chat."),
        ("chains: {meeting-info: 3}", "`chains.meeting-info` should hold keys and values."),
        ("chains: {meeting-info: {prompts: [en]}}", "`chains.meeting-info.prompts` should hold keys and values."),
        ("chains: {meeting-info: {prompts: en}}", "`chains.meeting-info.prompts` should hold keys and values."),
        ("chains: {meeting-info: {prompts: {en: 3}}}", "`chains.meeting-info.prompts` names no prompt for en, but 3."),
        (f"chains: {{a: {FORM}, b: {FORM}}}", "'meeting-info' is served more than once. Say which: a, b."),
    ],
)
def test_settings_that_cannot_be_read_are_explained(text: str, said: str) -> None:
    with pytest.raises(PromoteError, match=f"^{said}$"):
        find_entry(parse_settings(text), "meeting-info")


def test_a_chain_of_ones_own_is_not_mistaken_for_one_of_these() -> None:
    with pytest.raises(PromoteError, match=r"chains\.form is a chain of your own"):
        find_entry(parse_settings("chains: {form: {runnable: 'own:build'}}"), "form")


SPEC = "{provider: scripted, replies: [hi]}"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (f"models: {{embedded: {SPEC}, fake: {SPEC}, openai: {SPEC}}}", ["embedded", "openai"]),
        (f"model: auto\nmodels: {{fake: {SPEC}, openai: {SPEC}}}", ["openai"]),
        (f"model: fake\nmodels: {{fake: {SPEC}, openai: {SPEC}}}", ["fake"]),
        (f"model: openai\nmodels: {{fake: {SPEC}, openai: 3}}\nchains: {{chatbot: {{model: fake}}}}", ["fake"]),
        (f"model: fake\nmodels: {{fake: 3, openai: {SPEC}}}\nchains: {{chatbot: {{model: auto}}}}", ["openai"]),
    ],
)
def test_a_chain_is_served_by_its_own_model_or_the_common_one_or_by_either_that_auto_knows(
    text: str, names: list[str]
) -> None:
    settings = {"chains": {"chatbot": {}}} | parse_settings(text)
    assert list(models_of(settings, find_entry(settings, "chatbot"))) == names


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chains: {chatbot: {}}", "`models` should hold keys and values."),
        ("models: {fake: 3}\nchains: {chatbot: {}}", "chains.chatbot is served by the model embedded or openai, which"),
        ("models: {fake: 3}\nchains: {chatbot: {model: real}}", "chains.chatbot is served by the model real, which is"),
        ("models: {fake: 3}\nchains: {chatbot: {model: fake}}", "models.fake: Input should be a valid dictionary"),
        (
            "model: fake\nmodels: {fake: {provider: scripted, replies: [a], max_tokens: few}}\nchains: {chatbot: {}}",
            "models.fake.max_tokens: Input should be a valid integer",
        ),
        (
            "model: fake\nmodels: {fake: {provider: scripted, replies: [a], max_tokens: 99999}}\nchains: {chatbot: {}}",
            "models.fake: max_tokens is a part of context_tokens",
        ),
    ],
)
def test_models_that_cannot_be_had_are_explained(text: str, said: str) -> None:
    settings = parse_settings(text)
    with pytest.raises(ValueError, match=f"^{said}"):
        models_of(settings, find_entry(settings, "chatbot"))


def test_every_chain_of_the_lab_is_known_by_what_it_runs() -> None:
    for chain in CHAINS:
        entry = find_entry({"chains": {"form": {"runnable": f"chains.{chain}:build"}}}, chain)
        assert entry.chain == chain
