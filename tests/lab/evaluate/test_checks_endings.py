"""Korean endings: what is polite, what is plain, and the nouns that look like one of them."""

import unicodedata

import pytest

from lab.evaluate.checks.endings import ending, final, plain, polite, verbal
from lab.evaluate.checks.sentences import sentences

POLITE = [
    *(
        "함께해요",
        "같이 걸어요",
        "누구나 오세요",
        "환영합니다",
        "시작하시겠습니까",
        "그렇죠",
        "떠나 봅시다",
        "연락 주십시오",
    ),
    *("어떠세요", "괜찮을까요", "저도 가요", "네", "아니요", "초대할게요", "기다리고 있거든요", "하고요"),
]
PLAIN = [
    *(
        "함께한다",
        "모임이다",
        "즐겁다",
        "달리고 싶다",
        "다니다",
        "쉼표를 더하다",
        "추억이 있었다",
        "좋은 장소다",
        "가수가 되다",
    ),
    *("함께해", "같이 해", "신청해", "궁금해", "있어", "달렸어", "가고 싶어", "좋아", "많아", "없어", "싫어", "같아"),
    *("가자", "같이 놀자", "함께하자", "같이 하자", "친해지자", "걸어 보자", "시작해보자", "배워보자"),
    *("그렇지", "좋지", "했지", "있네", "좋네", "왔니", "했냐", "어때", "할래", "갈까", "어떨까", "알려줄게", "할께"),
    *("친구야 뭐야", "내 거야", "모임이야", "해야지", "도와줘", "와 봐", "오면 돼", "왔구나", "하는구나", "아니야"),
]
NOUNS = [
    *(
        "모임",
        "만남",
        "달리기",
        "배움",
        "우리들의 수다",
        "이야기",
        "나눔",
        "있음",
        "환영함",
        "책 읽기",
        "커피 한 잔의 여유",
    ),
    *("밤바다", "사이다", "어젠다", "캐나다", "베이킹소다", "주말마다", "레서판다", "아이스크림소다"),
    *("필요", "수요", "우리 민요", "대중가요", "추억의 가요", "담요", "어린이 동요", "마음의 풍요", "전기담요"),
    *("초보자", "여행자", "참가자", "입문자", "배우자", "피자", "혼자", "그림자", "투자", "후보자", "홍보자"),
    *(
        "영어",
        "한국어",
        "언어",
        "단어",
        "연어",
        "동네",
        "우리네",
        "할머니",
        "언니",
        "앞니",
        "강아지",
        "편지",
        "오늘까지",
    ),
    *(
        "새해",
        "남해",
        "이해",
        "타인이해",
        "영어 독해",
        "영어독해",
        "지중해",
        "자연재해",
        "한 해",
        "꽃게",
        "털게",
        "무지개",
    ),
    *("분야", "누구나", "친구", "함께", "즐겁게", "노래", "빨래", "나라", "여우", "야구", "라자냐", "케냐", "영화"),
    *("IT", "Python", "12명", "3~6개월", "러닝 Club", "K-POP"),
]


@pytest.mark.parametrize("text", [text for text in POLITE if text != "네"])
def test_polite_speech_is_known_by_its_ending(text: str) -> None:
    assert polite(text)
    assert verbal(text)
    assert not plain(text)


@pytest.mark.parametrize("text", PLAIN)
def test_plain_speech_is_known_by_its_ending(text: str) -> None:
    assert plain(text)
    assert verbal(text)
    assert not polite(text)


@pytest.mark.parametrize("text", NOUNS)
def test_nouns_are_neither_even_where_they_look_alike(text: str) -> None:
    assert not polite(text)
    assert not plain(text)
    assert not verbal(text)


@pytest.mark.parametrize("text", ["책을 읽으며", "서로를 응원하면서", "날이 좋은데 함께 걷는데"])
def test_a_clause_that_goes_on_is_no_noun_form(text: str) -> None:
    assert verbal(text)


@pytest.mark.parametrize(
    "tail", [".", "!!", "~", "…", " 😊", "ㅎㅎ", " ^^", "♡", " (초보 환영)", " [선착순]!", ")", '"', " 🏃🏻 (누구나) ~"]
)
def test_what_stands_behind_the_last_word_changes_nothing(tail: str) -> None:
    assert ending(f"함께 달려요{tail}") == "함께 달려요"
    assert ending(f"우리들의 수다{tail}") == "우리들의 수다"


def test_an_aside_that_is_all_there_is_stays() -> None:
    assert ending("(함께해요)") == "(함께해요"


@pytest.mark.parametrize("text", ["함께해요", "달린다", "수다", "있어"])
def test_letters_that_are_taken_apart_are_the_same_text(text: str) -> None:
    apart = unicodedata.normalize("NFD", text)
    assert (polite(apart), plain(apart)) == (polite(text), plain(text))


@pytest.mark.parametrize(
    ("syllable", "consonant"),
    [("가", ""), ("각", "ㄱ"), ("있", "ㅆ"), ("없", "ㅄ"), ("좋", "ㅎ"), ("a", ""), ("힣", "ㅎ")],
)
def test_final_consonants(syllable: str, consonant: str) -> None:
    assert final(syllable) == consonant


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("함께 걸어요. 누구나 오세요!", ["함께 걸어요", "누구나 오세요"]),
        ("좋아요.같이 가요", ["좋아요", "같이 가요"]),
        ("같이 가자~ 좋은 사람이 있어요", ["같이 가자", "좋은 사람이 있어요"]),
        ("3.5km를 10:30~11:30에 달려요", ["3.5km를 10:30~11:30에 달려요"]),
        ("구호는 “천천히”. 어서 오세요", ["구호는 ◌", "어서 오세요"]),
        ("3~6개월 동안 Node.js를 배워요", ["3~6개월 동안 Node.js를 배워요"]),
        ("함께 걸어요 😊 물만 챙겨요", ["함께 걸어요", "물만 챙겨요"]),
        ("한 줄\n두 줄\r\n세 줄", ["한 줄", "두 줄", "세 줄"]),
        ("'가자!'라고 외쳐요", ["◌라고 외쳐요"]),
        ("“힘들다.”라는 말도 괜찮아요", ["◌라는 말도 괜찮아요"]),
        ("영화 《너를 만나다》를 봐요", ["영화 ◌를 봐요"]),
        ("장비는 빌려 드려요(직접 사도 된다). 오세요", ["장비는 빌려 드려요", "오세요"]),
        ('"함께 걸어요. 누구나 오세요."', ["함께 걸어요", "누구나 오세요"]),
        ("OK! 좋아요", ["좋아요"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_a_groups_name_is_no_sentence() -> None:
    assert sentences("오늘은 같이 걷자! 어떠세요?", ["같이 걷자"]) == ["오늘은 ◌", "어떠세요"]
    assert sentences("모두 함께해요.", ["함께해요"]) == ["모두 함께해요"]  # it is polite either way
