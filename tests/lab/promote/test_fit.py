"""Nothing is promoted that the server would refuse, by the settings that are changed; no model is loaded for that."""

import pytest

from chains.prompts import Prompt, PromptError, prompts_of
from lab.promote.fit import check_fit
from lab.promote.settings import PromoteError, find_entry, parse_settings
from lab.served import CHAINS

ENGLISH = prompts_of("meeting_info")["en"]
KOREAN = prompts_of("meeting_info")["ko"]
SMALL = "{provider: embedded, context_tokens: 2048, max_tokens: 768, languages: [en]}"
LARGE = "{provider: openai, context_tokens: 16384, languages: [ko, en]}"


def check(prompt: Prompt, chain: str = "", model: str = "auto", models: str = "") -> None:
    models = models or f"embedded: {SMALL}, openai: {LARGE}, large: {LARGE}"
    settings = parse_settings(f"model: {model}\nmodels: {{{models}}}\nchains: {{meeting-info: {{{chain}}}}}")
    check_fit(prompt, find_entry(settings, "meeting-info"), settings)


def with_front_matter(line: str, prompt: Prompt = ENGLISH) -> Prompt:
    return Prompt.parse(prompt.text.replace("\nversion: ", f"\n{line}\nversion: "), f"{prompt.name}_warm")


@pytest.mark.parametrize("name", list(CHAINS))
def test_every_prompt_that_is_shipped_fits(name: str) -> None:
    settings = parse_settings(f"model: large\nmodels: {{large: {LARGE}}}\nchains: {{{name}: {{}}}}")
    for prompt in prompts_of(name).values():
        check_fit(prompt, find_entry(settings, name), settings)


def test_what_the_chain_does_not_offer_is_refused() -> None:
    with pytest.raises(PromptError, match=r"uses \{fact\}"):
        check(Prompt.parse(ENGLISH.text.replace("{facts}", "{fact}"), "en"))


@pytest.mark.parametrize(
    ("chain", "model", "refused_by"),
    [
        ("", "auto", "embedded"),
        ("", "large", None),
        ("model: embedded", "large", "embedded"),
        ("model: openai", "embedded", None),
    ],
)
def test_no_model_that_may_serve_it_has_too_few_tokens(chain: str, model: str, refused_by: str | None) -> None:
    for prompt in (with_front_matter("parameters: {max_tokens: 2048}"), long_one()):
        if refused_by is None:
            check(prompt, chain, model)
            continue
        with pytest.raises(PromptError, match=f"{refused_by} has 2048 in all"):
            check(prompt, chain, model)


def long_one() -> Prompt:
    return Prompt.parse(ENGLISH.text.replace("# system\n", "# system\n" + "Be brief. " * 600), "en_long")


def test_a_model_that_does_not_write_the_language_is_not_asked_how_much_it_can() -> None:
    check(with_front_matter("parameters: {max_tokens: 4000}", KOREAN))


def test_a_prompt_in_a_language_that_nobody_would_write_is_refused() -> None:
    with pytest.raises(PromoteError, match=r"ko.md is in ko, which chains.meeting-info is never asked for.*embedded"):
        check(KOREAN, model="embedded")


@pytest.mark.parametrize(("chain", "model"), [("model: large", "auto"), ("model: large", "openai"), ("", "large")])
def test_a_prompt_is_served_by_the_model_that_it_was_made_for(chain: str, model: str) -> None:
    check(with_front_matter("model: large"), chain, model)


def test_what_auto_cannot_but_choose_is_the_model_that_it_was_made_for() -> None:
    check(with_front_matter("model: embedded"), models=f"embedded: {SMALL}")


@pytest.mark.parametrize(
    ("chain", "model"), [("", "auto"), ("", "large"), ("model: large", "openai"), ("model: auto", "openai")]
)
def test_a_prompt_for_another_model_says_which_line_to_write(chain: str, model: str) -> None:
    with pytest.raises(PromoteError, match=r"chains.meeting-info is set to .* Write there: model: openai$"):
        check(with_front_matter("model: openai"), chain, model)


def test_a_model_that_is_not_described_cannot_serve() -> None:
    with pytest.raises(PromoteError, match=r"'nosuch', which is not described.* there are embedded, openai, large\."):
        check(with_front_matter("model: nosuch"))
