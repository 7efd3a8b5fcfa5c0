"""The plans: which runs there are, in which order they are kept and made, by which seeds."""

import hashlib
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from chains.limits import Limits
from chains.models.model import Model
from chains.prompts import Prompt, PromptError, prompts_of
from lab.bench.grid import Plan, grid, in_turn, seed_of
from lab.cases import Case
from tests.chains.answers import model_saying
from tests.lab.bench.trials import KO, WARM, cases


def plans(
    asked: Any = None, prompts: Any = (KO, WARM), models: dict[str, Model] | None = None, repeats: int = 2
) -> list[Plan]:
    return grid(
        "meeting_info",
        cases("걷기", "읽기") if asked is None else asked,
        prompts,
        {"a": model_saying("{}"), "b": model_saying("{}")} if models is None else models,
        repeats=repeats,
        seed=1,
        limits=Limits(),
    )


def name(plan: Plan) -> tuple[str, str, str, int]:
    return plan.model, plan.case.id, plan.prompt.name, plan.repeat


def test_every_case_meets_every_prompt_on_every_model_as_often_as_wanted() -> None:
    wanted = [
        (model, case, prompt, repeat)
        for model in ("a", "b")
        for case in ("g-0", "g-1")
        for prompt in ("ko", "ko_warm")
        for repeat in (0, 1)
    ]
    assert list(map(name, plans())) == wanted


def test_seeds_are_paired() -> None:
    seeds: dict[tuple[str, int], set[int]] = {}
    for plan in plans():
        seeds.setdefault((plan.case.id, plan.repeat), set()).add(plan.parameters["seed"])
        assert plan.chain.model.parameters["seed"] == plan.parameters["seed"]
    assert all(len(each) == 1 for each in seeds.values())  # the same for both prompts and models
    assert len(set.union(*seeds.values())) == len(seeds)  # another for each case and repeat


def test_a_seed_is_the_same_tomorrow_and_another_under_another_seed() -> None:
    case = cases()[0]
    digest = hashlib.sha256(b"1\n0\ng-0").hexdigest()
    assert seed_of(1, case, 0) == int(digest[:8], 16) // 2
    assert len({seed_of(seed, case, repeat) for seed in range(50) for repeat in range(50)}) == 2500
    assert all(0 <= seed_of(seed, case, 0) < 2**31 for seed in range(200))


def test_a_prompts_own_parameters_win_as_they_would_when_it_is_served() -> None:
    own = Prompt.parse(KO.text.replace("language: ko", "language: ko\nparameters: {seed: 7, temperature: 0.9}"), "own")
    models = {"a": replace(model_saying("{}"), parameters={"temperature": 0.1})}
    by_name = {plan.prompt.name: plan.parameters for plan in plans(prompts=(KO, own), models=models, repeats=1)}
    assert by_name["own"] == {"temperature": 0.9, "seed": 7}
    assert by_name["ko"] == {"temperature": 0.1, "seed": seed_of(1, cases("걷기", "읽기")[-1], 0)}
    with pytest.raises(ValueError, match="own sets a seed of its own"):
        plans(prompts=(KO, own), repeats=2)


def test_a_variant_answers_in_its_own_language() -> None:
    english = [Case(id="g-0", input={"goal": "walking", "language": "en"})]
    models = {"a": model_saying("{}", languages=("ko", "en"))}
    (plan,) = plans(english, [prompts_of("meeting_info")["en"]], models, repeats=1)
    assert plan.chain.model.languages == ("en",)


def test_labels_are_names() -> None:
    both = {"served": KO, "again": KO}
    assert [plan.prompt.name for plan in plans(cases(), both, {"a": model_saying("{}")}, repeats=1)] == list(both)


def test_variants_take_turns_in_being_asked_first() -> None:
    third = Prompt.parse(KO.text, "third")
    asked = cases(*(f"목표 {number}" for number in range(6)))
    turned = in_turn(plans(asked, (KO, WARM, third), {"a": model_saying("{}")}))
    rounds = [turned[at : at + 3] for at in range(0, len(turned), 3)]
    assert len(turned) == 6 * 3 * 2
    for each in rounds:  # the variants of one case, side by side
        assert len({(plan.case.id, plan.repeat) for plan in each}) == 1
        assert len({plan.prompt.name for plan in each}) == 3
    assert set(Counter(each[0].prompt.name for each in rounds).values()) == {4}
    assert [each[0].repeat for each in rounds] == [0] * 6 + [1] * 6


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"asked": []}, "no case"),
        ({"prompts": []}, "no prompt"),
        ({"models": {}}, "no model"),
        ({"repeats": 0}, "repeats is 0"),
        ({"asked": [*cases(), *cases()]}, "two cases of the id g-0"),
        ({"prompts": [KO, Prompt.parse(WARM.text, "ko")]}, "Two prompts have the name ko"),
        ({"prompts": [KO, prompts_of("meeting_info")["en"]]}, "en is in 'en'; 2 of the cases are not, g-0 among them"),
    ],
)
def test_a_grid_that_cannot_be_run_is_refused_in_words(known: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        plans(**known)


def test_a_prompt_that_does_not_fit_the_chain_is_refused_before_anything_runs() -> None:
    with pytest.raises(PromptError, match=r"\{mood\}"):
        plans(prompts=[Prompt.parse(KO.text.replace("{goal}", "{goal} {mood}"), "moody")])
