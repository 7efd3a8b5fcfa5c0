"""Fields of a form that make sense beside the goal and beside one another."""

import pytest

from lab.cases import Expected
from tests.lab.evaluate.checking import found, goal, verdicts


def test_a_category_is_one_of_those_that_a_person_would_choose() -> None:
    request = goal(expect=Expected(categories=("스포츠", "친목/사교")))
    assert not found("category-fits", request, category="친목/사교")
    assert found("category-fits", request, category="기타")


def test_a_category_is_judged_only_where_one_is_expected_and_the_model_chose() -> None:
    assert "category-fits" not in verdicts(goal())
    assert "category-fits" not in verdicts(goal(category="기타", expect=Expected(categories=("스포츠",))))


@pytest.mark.parametrize("tag", ["모임", "소모임", "동호회", "Group", "clubs", "people"])
def test_a_tag_that_every_group_could_have_says_nothing(tag: str) -> None:
    assert found("tags-say-something", goal(), tags=["등산", tag, "주말"])


@pytest.mark.parametrize("tag", ["독서모임", "bookclub", "사람책", "클럽음악", "친목", "활동가"])
def test_a_tag_may_have_such_a_word_inside(tag: str) -> None:
    assert not found("tags-say-something", goal(), tags=["등산", tag, "주말"])


@pytest.mark.parametrize("tags", [["러닝", "러닝모임", "주말"], ["Book", "books", "tea"], ["등산", "주말", "등산크루"]])
def test_two_tags_may_not_say_the_same(tags: list[str]) -> None:
    assert found("tags-differ", goal(), tags=tags)


@pytest.mark.parametrize("tags", [["등산", "등산초보", "산"], ["chess", "tea", "easy"], ["크루", "러닝", "클럽"]])
def test_tags_that_are_near_one_another_differ(tags: list[str]) -> None:
    assert not found("tags-differ", goal(), tags=tags)


def test_name_summary_and_description_are_three_texts() -> None:
    assert not found("fields-differ", goal())
    assert found("fields-differ", goal(), summary="느린 산책!")
    assert found("fields-differ", goal(), name="느긋한 오후", summary="느긋한  오후", description="함께 걸어요.")
    assert found("fields-differ", goal(), summary="함께 걷는 길", description="함께 걷는 길.")


def test_what_the_user_gave_is_not_judged() -> None:
    given = verdicts(
        goal(tags=["모임", "러닝", "러닝모임"], name="느린 산책"),
        tags=["모임", "러닝", "러닝모임"],
        summary="느린 산책",
    )
    assert not {"tags-say-something", "tags-differ"} & set(given)
    assert given["fields-differ"] is None
