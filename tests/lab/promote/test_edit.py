"""Promoting changes one line of the settings, whatever they look like; where it cannot, it says what to write."""

from pathlib import Path

import pytest
import yaml

from chains.prompts import Prompt, prompts_of
from lab.promote.edit import promoted
from lab.promote.settings import PromoteError, find_entry, parse_settings
from tests.server.process import ROOT

SHIPPED = [ROOT / "langserve.yaml", ROOT / "deploy" / "gke" / "base" / "langserve.yaml"]
ENGLISH = prompts_of("meeting_info")["en"]
WARM = Prompt.parse(ENGLISH.text.replace("warmly", "very warmly"), "en_warm")


def promote(text: str, prompt: Prompt = WARM, chain: str = "meeting-info") -> str:
    return promoted(text, find_entry(parse_settings(text), chain), prompt)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_one_line_of_the_shipped_settings_changes_and_the_way_back_leaves_no_trace(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    after = promote(text)
    changed = [(old, new) for old, new in zip(text.split("\n"), after.split("\n"), strict=True) if old != new]
    assert changed == [(f"      en: {ENGLISH.reference}", f"      en: {WARM.reference}")]
    assert promote(after, ENGLISH) == text
    assert promote(text, ENGLISH) == text


def settings(prompts: str) -> str:
    return f"chains:\n  meeting-info:\n    runnable: chains.meeting_info:build\n{prompts}"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (":\n      en: en  # reviewed\n    path: /m\n", ":\n      en: NEW  # reviewed\n    path: /m\n"),
        (": {en: 'en', ko: ko} # both\n", ": {en: NEW, ko: ko} # both\n"),
        (':\n\n      # of spring\n      en:   "en"   \n', ":\n\n      # of spring\n      en:   NEW   \n"),
        (":\n      ko: ko  # of May\n    path: /m\n", ":\n      ko: ko  # of May\n      en: NEW\n    path: /m\n"),
        (":\n      # of May\n      ko: ko", ":\n      # of May\n      ko: ko\n      en: NEW"),
        (": { ko: ko }\n    path: /m\n", ": { en: NEW, ko: ko }\n    path: /m\n"),
        (": {}  # none yet\n    model: 모델  # 한국어\n", ": {en: NEW}  # none yet\n    model: 모델  # 한국어\n"),
    ],
)
def test_nothing_else_changes_not_even_a_blank_or_a_line_end(before: str, after: str, newline: str) -> None:
    before, after = (settings(f"    prompts{text}").replace("\n", newline) for text in (before, after))
    assert promote(before) == after.replace("NEW", WARM.reference)


def test_a_byte_order_mark_stays() -> None:
    text = settings("    prompts: {en: en}\n")
    assert promote(f"\ufeff{text}") == f"\ufeff{promote(text)}"


def test_the_same_key_elsewhere_is_left_alone() -> None:
    text = f"prompts: {{en: en}}\n{settings('    prompts: {en: en}')}\n  chatbot:\n    prompts: {{en: en}}\n"
    after = promote(text)
    assert after.count(WARM.reference) == 1
    assert yaml.safe_load(after)["chains"]["meeting-info"]["prompts"] == {"en": WARM.reference}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (settings("    path: /m\n"), "prompts: {en: NEW}"),
        (settings("    prompts:\n    path: /m\n"), "prompts: {en: NEW}"),
        ('chains: {meeting-info: {runnable: "chains.meeting_info:build"}}', "prompts: {en: NEW}"),
        # What stands elsewhere, and may be meant for others, too.
        (f"base: &base {{prompts: {{ko: ko}}}}\n{settings('    <<: *base')}", "prompts: {ko: ko, en: NEW}"),
        (f"both: &both {{en: en, ko: ko}}\n{settings('    prompts: *both')}", "prompts: {en: NEW, ko: ko}"),
        (settings("    prompts: {en: &named en}\n  chatbot:\n    prompts: {en: *named}\n"), "prompts: {en: NEW}"),
        (settings("    prompts: &both {en: en}\n  chatbot:\n    prompts: *both\n"), "prompts: {en: NEW}"),
        (settings("    prompts:\n      ko: |-\n        ko\n    path: /m\n").rstrip("\n"), "prompts: {ko: ko, en: NEW}"),
    ],
)
def test_where_it_takes_a_person_it_says_what_to_write(text: str, line: str) -> None:
    with pytest.raises(PromoteError) as caught:
        promote(text)
    assert str(caught.value).endswith(line.replace("NEW", WARM.reference))


def test_the_line_that_it_says_to_write_is_one_that_it_can_change_then() -> None:
    with pytest.raises(PromoteError) as caught:
        promote(settings(""))
    line = str(caught.value).partition("served in: ")[2]
    assert promote(settings(f"    {line}\n"), ENGLISH) == settings(f"    prompts: {{en: {ENGLISH.reference}}}\n")
