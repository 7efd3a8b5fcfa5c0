"""Which prompts a chain is served with: chosen by name, held to a hash, read again when their files change."""

import os
from pathlib import Path

import pytest

from chains.prompts import Prompt, PromptError, Shelf, load_prompts, prompts_of

OFFERED = ("goal",)


def written(folder: Path, name: str = "en", words: str = "Be kind.", language: str = "en") -> Prompt:
    """A prompt file, and what it is."""
    file = folder / f"{name}.md"
    text = f"---\ndescription: x\nlanguage: {language}\nversion: 1\n---\n# system\n{words}\n# user\n{{goal}}\n"
    replacement = folder / "written"  # as editors do, so that no reader sees half of it
    replacement.write_text(text, encoding="utf-8")
    os.utime(replacement, ns=(0, 0))  # no clock is so fine that every change has a time of its own
    replacement.replace(file)
    return Prompt.read(file)


def broken(folder: Path, words: str) -> None:
    """The file is no prompt any more, or none for this chain."""
    file = folder / "en.md"
    file.write_text(file.read_text(encoding="utf-8").replace("Be kind.", words), encoding="utf-8")


def shelf(folder: Path, **chosen: str) -> Shelf:
    return load_prompts("some", chosen, folder=folder)  # type: ignore[arg-type]  # languages are names here


def check(prompt: Prompt) -> None:
    prompt.check(OFFERED)


def test_without_a_choice_it_is_the_file_of_the_language(tmp_path: Path) -> None:
    english, korean = written(tmp_path), written(tmp_path, "ko", language="ko")
    written(tmp_path, "en_warm")
    assert dict(shelf(tmp_path)) == {"en": english, "ko": korean}


def test_a_choice_stands_beside_what_is_not_chosen(tmp_path: Path) -> None:
    written(tmp_path)
    korean, warm = written(tmp_path, "ko", language="ko"), written(tmp_path, "en_warm", "Be warm.")
    assert dict(shelf(tmp_path, en="en_warm")) == {"en": warm, "ko": korean}


def test_a_prompt_may_be_given_itself(tmp_path: Path) -> None:
    draft = written(tmp_path, "draft")
    given = load_prompts("some", {"en": draft}, folder=tmp_path)
    assert given["en"] is draft
    assert given.reread(check).changed == ()


def test_every_prompt_is_there_by_its_name(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path, "en_warm")
    assert set(prompts_of("some", tmp_path)) == {"en", "en_warm"}


@pytest.mark.parametrize("chosen", ["nobody", "nobody@000000000000"])
def test_a_choice_that_is_not_there_is_named(tmp_path: Path, chosen: str) -> None:
    written(tmp_path)
    with pytest.raises(PromptError, match=r"nobody\.md cannot be read"):
        shelf(tmp_path, en=chosen)


def test_a_prompt_in_another_language_is_refused(tmp_path: Path) -> None:
    written(tmp_path, "ko", language="en")
    with pytest.raises(PromptError, match=r"ko\.md is in en, not in ko"):
        shelf(tmp_path)


def test_a_chain_without_prompts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="no_such_chain"):
        load_prompts("no_such_chain")
    with pytest.raises(PromptError, match="some"):
        prompts_of("some", tmp_path)


# -- what was named, and what is there ---------------------------------------------------------------------------------


def test_what_is_exactly_what_was_named_is_not_edited(tmp_path: Path) -> None:
    assert not shelf(tmp_path, en=written(tmp_path).reference).edited
    assert not shelf(tmp_path, en="en").edited


def test_what_has_changed_since_it_was_named_is_edited(tmp_path: Path) -> None:
    named = written(tmp_path).reference
    edited = written(tmp_path, words="Be kinder.")
    assert shelf(tmp_path, en=named).edited == {named: edited}


# -- reading again -----------------------------------------------------------------------------------------------------


def test_a_changed_file_is_taken_once(tmp_path: Path) -> None:
    before = written(tmp_path)
    served = shelf(tmp_path, en=before.reference)
    after = written(tmp_path, words="Be kinder.")
    assert served["en"] == before
    reread = served.reread(check)
    assert (reread.changed, reread.problems) == ((after,), ())
    assert served["en"] == after
    assert served.edited == {before.reference: after}
    assert served.reread(check).changed == ()


def test_a_file_that_was_only_touched_is_no_change(tmp_path: Path) -> None:
    written(tmp_path)
    served = shelf(tmp_path)
    os.utime(tmp_path / "en.md", ns=(1, 1))
    assert served.reread(check).changed == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [("{unknown}", "unknown"), ("{", "braces"), ('{"name": "x"}', "no variable")],
)
def test_what_cannot_be_served_is_complained_of_once_and_not_taken(tmp_path: Path, words: str, said: str) -> None:
    before = written(tmp_path)
    served = shelf(tmp_path)
    broken(tmp_path, words)
    reread = served.reread(check)
    assert reread.changed == ()
    assert [said in problem for problem in reread.problems] == [True]
    assert served["en"] == before
    assert served.reread(check).problems == ()


def test_what_was_broken_is_taken_when_it_is_mended(tmp_path: Path) -> None:
    written(tmp_path)
    served = shelf(tmp_path)
    broken(tmp_path, "{unknown}")
    served.reread(check)
    mended = written(tmp_path, words="Be kinder.")
    assert served.reread(check).changed == (mended,)


def test_a_file_that_is_gone_is_served_as_it_was(tmp_path: Path) -> None:
    before = written(tmp_path)
    served = shelf(tmp_path)
    (tmp_path / "en.md").unlink()
    (problem,) = served.reread(check).problems
    assert "en.md cannot be read" in problem
    assert served["en"] == before


def test_another_choice_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    english, korean = written(tmp_path), written(tmp_path, "ko", language="ko")
    warm = written(tmp_path, "en_warm", "Be warm.")
    served = shelf(tmp_path)
    with pytest.raises(PromptError):
        served.choose({"en": "en_warm", "ko": "nobody"}, check)
    assert dict(served) == {"en": english, "ko": korean}
    served.choose({"en": "en_warm"}, check)
    assert dict(served) == {"en": warm, "ko": korean}
    odd = written(tmp_path, "en_odd", "{goal} {unknown}")
    with pytest.raises(PromptError, match="unknown"):
        served.choose({"en": odd}, check)
    assert served["en"] == warm
