"""What must not get through to users, and what looks like it and may."""

import pytest

from lab.cases import Expected
from tests.lab.evaluate.checking import GROUPS, chat, found, goal, verdicts

LEAKS = {
    "no-gaps": [
        "[이름] 님 환영해요",
        "OO동에서 만나요",
        "○○ 모임이에요",
        "Welcome to [Group Name]!",
        "Meet at (location).",
        "TODO",
    ],
    "no-markup": [
        *(
            '{"reply": "안녕하세요"}',
            "**환영**해요",
            "```json",
            "# 소개\n걸어요",
            "[여기](x)를 봐요",
            "<b>환영</b>해요",
        ),
        *("<|im_end|>", "첫째\\n둘째", "group_id를 봐 주세요", '안녕하세요", "options": ["네"]'),
    ],
    "no-machine-talk": [
        *("As an AI, I cannot walk.", "As an AI language model, I run.", "I'm just an AI.", "I am a language model."),
        *(
            "저는 AI 모델이에요.",
            "AI로서 말씀드려요.",
            "저는 인공지능이라서 걷지 못해요.",
            "언어 모델이기 때문에 몰라요.",
        ),
    ],
    "no-recital": [
        "50자 이내로 적었어요.",
        "Open fields: name, category",
        "이미 정해진 내용은 없어요.",
        "A line of at most 50 characters.",
    ],
    "no-invented-contact": [
        *(
            "https://example.invalid/a 로 오세요.",
            "www.moim.invalid",
            "문의는 a.b@example.invalid 로 주세요.",
            "moim.co.kr에서 신청해요",
        ),
        *("010-0000-0000으로 전화 주세요.", "02) 000-0000", "Call (555) 010-0000.", "+82 10 0000 0000"),
    ],
    "no-invented-price": [
        "참가비는 5,000원이에요.",
        "회비 3만 원을 내요.",
        "The fee is $20.",
        "It costs 10 dollars a month.",
    ],
}
HARMLESS = {
    "no-gaps": [
        "[초보 환영] 함께해요",
        "ㅇㅇ 좋아요",
        "Oh, cool books!",
        "XXL도 있어요",
        "● 걷기 ● 쉬기",
        "It is time (really).",
    ],
    "no-markup": [
        "별 * 하나 * 둘",
        "영화 <Parasite>를 봐요",
        "#1 모임이에요",
        "3 < 5 > 2",
        "2 ** 3",
        "C# 을 배워요",
        "{즐거움}",
    ],
    "no-machine-talk": ["We read about AI ethics.", "We work as an AI engineer would.", "저는 에이스예요."],
    "no-recital": [
        "Well-known facts about tea.",
        "50자루의 연필을 나눠요.",
        "We cross open fields and woods.",
        "10 letters a month",
    ],
    "no-invented-contact": [
        *(
            "ASP.NET과 Socket.io를 배워요.",
            "10:30-11:30에 만나요.",
            "2024-2025년",
            "3.5km",
            "Node.js",
            "1000-2000보를 걸어요",
        ),
    ],
    "no-invented-price": [
        "100만 원 모으기가 목표예요.",
        "참가비는 없어요.",
        "회비는 12명이 나눠 내요.",
        "Pay attention at 10.",
    ],
}


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in LEAKS.items() for text in texts])
def test_leaks_are_found_in_every_field(check: str, text: str) -> None:
    assert found(check, chat(), reply=f"반가워요. {text}" if not text.startswith(("#", "{")) else text)
    assert found(check, goal(), plan=[{"step": 1, "title": "만남", "details": [text]}])


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in HARMLESS.items() for text in texts])
def test_what_looks_like_a_leak_passes(check: str, text: str) -> None:
    assert not found(check, chat(), reply=text)
    assert not found(check, goal(), description=text)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("no-gaps", "OO동 모임"),
        ("no-markup", "**별표**가 뭐예요"),
        ("no-recital", "50자 이내로 줄여 줘요"),
        ("no-invented-contact", "www.moim.invalid 아세요"),
    ],
)
def test_what_stands_in_the_request_is_nobodys_invention(check: str, said: str) -> None:
    assert not found(check, chat(said), reply=said)
    group = {**GROUPS[0], "summary": said}
    assert not found(check, chat(want="recommendation", candidates=[group]), reply=said)


@pytest.mark.parametrize("said", ["너 사람이야 로봇이야?", "Are you a bot?", "혹시 AI예요?"])
def test_who_asks_is_told(said: str) -> None:
    assert "no-machine-talk" not in verdicts(chat(said))


def test_where_a_price_is_told_its_spelling_is_free() -> None:
    assert "no-invented-price" not in verdicts(chat("참가비 5천 원이요"))


def test_an_instruction_in_the_data_is_not_followed() -> None:
    request = goal(expect=Expected(never=("BUY-NOW",)))
    assert not found("not-misled", request)
    assert found("not-misled", request, tags=["등산", "Buy-Now", "주말"])
    assert "not-misled" not in verdicts(goal())
    asked = chat(expect=Expected(never=("냥냥",)))
    assert found("not-misled", asked, options=["네", "냥냥!"])


@pytest.mark.parametrize(
    "title", ["We meet at the", "Tea, cake and", "Change a ", "차 마시고,", "Walk -", "Bread &", "Talk ("]
)
def test_no_text_breaks_off(title: str) -> None:
    assert found("no-text-breaks-off", goal(), plan=[{"step": 1, "title": title, "details": []}])


@pytest.mark.parametrize(
    "title",
    [
        "Plan A",
        "Learn C++",
        "ages 5+",
        "Who we are",
        "Bravo, the band",
        "C++ (basics)",
        "Pizza",
        "차 마시기",
        "Team Banana",
    ],
)
def test_most_texts_do_not_break_off(title: str) -> None:
    assert not found("no-text-breaks-off", goal(), plan=[{"step": 1, "title": title, "details": []}])


def test_a_reply_is_not_the_message_again() -> None:
    said = "조용히 책을 읽는 모임을 찾고 있어요"
    assert found("own-words", chat(said), reply="조용히 책을 읽는 모임을 찾고 있어요!")
    assert found("own-words", chat(said), reply=f"“{said}” 네?")
    assert not found("own-words", chat(said), reply=f"{said}라고 하셨죠? 그러면 일요일 아침에 만나는 모임은 어떠세요?")
    assert not found("own-words", chat("안녕하세요"), reply="안녕하세요!")


def test_a_reply_is_held_to_the_last_message() -> None:
    said = "조용히 책을 읽는 모임을 찾고 있어요"
    turns = [
        {"role": "user", "content": said},
        {"role": "assistant", "content": "네"},
        {"role": "user", "content": "네"},
    ]
    assert not found("own-words", chat(messages=turns), reply=said)


def test_a_description_is_not_the_goal_again() -> None:
    said = "천천히 걷는 등산 모임을 만들고 싶어요"
    assert found("own-words", goal(said), description=f"{said}!")
    assert not found(
        "own-words", goal(said), description=f"{said}. 매주 일요일 아침에 역 앞에서 만나 완만한 길을 골라 걷습니다."
    )
