"""Which prompts a chain is served with: chosen by name, looked at again when files or choices change."""

import os
from pathlib import Path
from typing import Any

import pytest

from chains.prompts import Chosen, Prompt, PromptError, Shelf, load_prompts, prompts_of


def written(folder: Path, name: str = "en", words: str = "Be kind.", language: str = "en") -> Prompt:
    """A prompt file, replaced whole as editors do, and what it is."""
    text = f"---\ndescription: x\nlanguage: {language}\nversion: 1\n---\n# system\n{words}\n# user\n{{goal}}\n"
    replacement = folder / "written"
    replacement.write_text(text, encoding="utf-8")
    os.utime(replacement, ns=(0, 0))  # no clock is so fine that every change has a time of its own
    replacement.replace(folder / f"{name}.md")
    return Prompt.read(folder / f"{name}.md")


def broken(folder: Path, words: str) -> None:
    """The file is no prompt any more, or none for this chain."""
    file = folder / "en.md"
    file.write_text(file.read_text(encoding="utf-8").replace("Be kind.", words), encoding="utf-8")


def shelf(folder: Path, **chosen: Any) -> Shelf:
    return load_prompts("some", chosen, folder=folder)  # type: ignore[arg-type]  # languages are names here


def check(prompt: Prompt) -> None:
    prompt.check(("goal",))


NOTHING: Chosen = {}


def test_without_a_choice_it_is_the_file_of_the_language(tmp_path: Path) -> None:
    english, korean = written(tmp_path), written(tmp_path, "ko", language="ko")
    written(tmp_path, "en_warm")
    assert dict(shelf(tmp_path)) == {"en": english, "ko": korean}


def test_a_choice_stands_beside_what_is_not_chosen(tmp_path: Path) -> None:
    written(tmp_path)
    korean, warm = written(tmp_path, "ko", language="ko"), written(tmp_path, "en_warm", "Be warm.")
    served = shelf(tmp_path, en="en_warm")
    assert dict(served) == {"en": warm, "ko": korean}
    assert served.named == {"en": "en_warm", "ko": "ko"}


def test_a_prompt_may_be_given_itself(tmp_path: Path) -> None:
    draft = written(tmp_path, "draft")
    assert shelf(tmp_path, en=draft)["en"] is draft


def test_every_prompt_is_there_by_its_name(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path, "en_warm")
    (tmp_path / ".#en.md").symlink_to("somebody@somewhere")  # Emacs is editing it
    assert set(prompts_of("some", tmp_path)) == {"en", "en_warm"}


@pytest.mark.parametrize("chosen", ["nobody", "nobody@000000000000"])
def test_a_choice_that_is_not_there_is_named_beside_those_that_are(tmp_path: Path, chosen: str) -> None:
    written(tmp_path)
    with pytest.raises(PromptError, match=r"There is no nobody\.md in .*; there are en\."):
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


# -- looking again -----------------------------------------------------------------------------------------------------


def test_a_changed_file_is_taken_once(tmp_path: Path) -> None:
    before = written(tmp_path)
    served = shelf(tmp_path, en=before.reference)
    after = written(tmp_path, words="Be kinder.")
    assert served["en"] == before
    looked = served.look({"en": before.reference}, check)
    assert (looked.changed, looked.problems) == ((after,), ())
    assert (served["en"], served.named["en"]) == (after, before.reference)
    assert served.look({"en": before.reference}, check).changed == ()


def test_a_file_that_was_only_touched_is_no_change(tmp_path: Path) -> None:
    written(tmp_path)
    served = shelf(tmp_path)
    os.utime(tmp_path / "en.md", ns=(1, 1))
    assert served.look(NOTHING, check).changed == ()


def test_a_change_in_place_that_keeps_size_and_time_is_seen(tmp_path: Path) -> None:
    written(tmp_path)
    served = shelf(tmp_path)
    broken(tmp_path, "Be mild.")
    os.utime(tmp_path / "en.md", ns=(0, 0))
    assert [prompt.template.messages[0] for prompt in served.look(NOTHING, check).changed] == [
        served["en"].template.messages[0]
    ]
    assert "Be mild." in served["en"].text


@pytest.mark.parametrize(
    ("words", "said"),
    [("{unknown}", "unknown"), ("{", "braces"), ('{"name": "x"}', "no variable")],
)
def test_what_cannot_be_served_is_complained_of_once_and_not_taken(tmp_path: Path, words: str, said: str) -> None:
    before = written(tmp_path)
    served = shelf(tmp_path)
    broken(tmp_path, words)
    looked = served.look(NOTHING, check)
    assert looked.changed == ()
    assert [said in problem for problem in looked.problems] == [True]
    assert served["en"] == before
    assert served.look(NOTHING, check).problems == ()
    mended = written(tmp_path, words="Be kinder.")
    assert served.look(NOTHING, check).changed == (mended,)


def test_a_file_that_is_gone_is_served_as_it_was(tmp_path: Path) -> None:
    before = written(tmp_path)
    served = shelf(tmp_path)
    (tmp_path / "en.md").unlink()
    (problem,) = served.look(NOTHING, check).problems
    assert "There is no en.md" in problem
    assert served["en"] == before
    assert served.look(NOTHING, check).problems == ()


def test_what_is_no_longer_chosen_is_no_longer_served(tmp_path: Path) -> None:
    english, warm = written(tmp_path), written(tmp_path, "en_warm", "Be warm.")
    served = shelf(tmp_path, en="en_warm")
    assert served["en"] == warm
    assert served.look(NOTHING, check).changed == (english,)
    assert served.named["en"] == "en"


def test_what_is_named_before_it_is_there_is_taken_when_it_comes(tmp_path: Path) -> None:
    english = written(tmp_path)
    served = shelf(tmp_path)
    assert len(served.look({"en": "en_warm"}, check).problems) == 1
    assert served.look({"en": "en_warm"}, check) == served.look({"en": "en_warm"}, check)
    assert served["en"] == english
    warm = written(tmp_path, "en_warm", "Be warm.")
    assert served.look({"en": "en_warm"}, check).changed == (warm,)


def test_each_language_is_for_itself(tmp_path: Path) -> None:
    written(tmp_path)
    korean, warm = written(tmp_path, "ko", language="ko"), written(tmp_path, "en_warm", "Be warm.")
    served = shelf(tmp_path)
    looked = served.look({"en": "en_warm", "ko": "nobody"}, check)
    assert (looked.changed, len(looked.problems)) == ((warm,), 1)
    assert dict(served) == {"en": warm, "ko": korean}
