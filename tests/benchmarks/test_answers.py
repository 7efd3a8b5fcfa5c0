"""The objects that the simulated model writes: of exactly the wanted size, and known character by character."""

import json

import pytest

from benchmarks import answers


@pytest.mark.parametrize("size", [2048, 8192, 32_768, 262_144])
def test_an_object_has_exactly_its_size(size: int) -> None:
    assert len(answers.text(size).encode()) == size


def test_any_size_will_do_wherever_it_cuts_a_sentence() -> None:
    for size in range(400, 1400):  # more than one round of the sentences, so that every escape is cut once
        assert len(answers.text(size)) == size
        assert json.loads(answers.text(size)) == answers.value(size)


def test_an_object_too_small_for_its_other_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="an object has at least"):
        answers.text(200)


def test_it_has_the_four_fields_and_escapes() -> None:
    value = answers.value(2048)
    assert list(value) == ["title", "summary", "reply", "options"]
    assert len(value["options"]) == 5
    assert len(value["reply"]) > 1500
    assert '"' in value["reply"]
    assert "\n" in value["reply"]


def test_the_tokens_are_the_text_in_fours() -> None:
    tokens = answers.tokens(2050)
    assert "".join(tokens) == answers.text(2050)
    assert {len(token) for token in tokens[:-1]} == {4}
    assert len(tokens[-1]) == 2


def test_every_character_is_known_by_where_its_json_ends() -> None:
    text, value = answers.text(2048), answers.value(2048)
    texts: dict[str, str] = {}
    for path, number, end in answers.shown(2048):
        read = texts.get(path, "")
        # Up to there, and no sooner, the JSON holds so much of the text: closing the string gives exactly that.
        begin = text.index('": "', text.index(f'"{path[1:]}"')) + 4
        texts[path] = json.loads(f'"{text[begin:end]}"')
        assert texts[path].startswith(read)
        assert len(texts[path]) == number == len(read) + 1
    assert texts == {f"/{name}": value[name] for name in ("title", "summary", "reply")}
