"""What the lab's commands have in common."""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path

import pytest

from chains.prompts import prompts_of
from lab.cases import Case
from lab.command import count, count_or_all, models_named, prompt_named, spread

CASES = [Case(id=f"case-{number}", input={"language": "en"}) for number in range(7)]


@pytest.mark.parametrize(("wanted", "found"), [(None, range(7)), (7, range(7)), (3, (0, 2, 4)), (1, (0,))])
def test_fewer_cases_are_spread_over_all_of_them(wanted: int | None, found: Sequence[int]) -> None:
    assert spread(CASES, wanted) == [CASES[number] for number in found]


def test_more_cases_than_there_are_is_an_error() -> None:
    with pytest.raises(ValueError, match="There are no 8 cases, but 7"):
        spread(CASES, 8)


def test_a_prompt_is_one_of_the_chains_or_a_file(tmp_path: Path) -> None:
    served = prompts_of("chatbot")["en"]
    assert prompt_named("chatbot", "en") == served
    (tmp_path / "draft.md").write_text(served.text, encoding="utf-8")
    assert prompt_named("meeting_info", str(tmp_path / "draft.md")).hash == served.hash
    with pytest.raises(ValueError, match=r"There is no prompt 'en_cold'; there are en, ko\."):
        prompt_named("chatbot", "en_cold")


def test_a_model_is_loaded_once_and_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = tmp_path / "langserve.yaml"
    config.write_text("models: {fake: {provider: scripted, replies: ['hi']}}", encoding="utf-8")
    with models_named(["fake", "fake"], config) as models:
        assert set(models) == {"fake"}
    with pytest.raises(ValueError, match="describes no model 'real'"), models_named(["fake", "real"], config):
        pass


@pytest.mark.parametrize("text", ["0", "-1", "some", "", "1.5"])
def test_a_count_is_a_number_from_one_up(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no number from 1 up"):
        count_or_all(text)


def test_all_is_no_number() -> None:
    assert (count("12"), count_or_all("12"), count_or_all("all")) == (12, 12, None)
