"""How a Korean sentence ends: in polite speech (해요체, 합쇼체), in plain speech (해라체, 해체), or in neither.

There is no morphological analysis here, only the last letters of a text, the final consonants of its syllables and
short lists. So an ending is named only where hardly any noun ends alike: `수다`, `동네`, `초보자` are in neither kind,
and with them some plain sentences that would need a dictionary (`같이 가`, `뭐 먹지`). What is called plain is plain;
some of what is called neither is so too.
"""

import re
import unicodedata

_FIRST, _LAST = ord("가"), ord("힣")
_FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

_TAIL = re.compile(r"[\W_ㄱ-ㅣ]+$")  # marks, emoji, and the single letters of ㅎㅎ and ㅠㅠ
_ASIDE = re.compile(r"(?<=\S)\s*(?:\([^()]*\)|\[[^\[\]]*\])\W*$")

_FORMAL = ("니다", "니까", "시다", "시오")  # behind a ㅂ: 합니다, 합니까, 합시다, 하십시오
_NOUNS_IN_YO = (
    *("수요", "동요", "민요", "담요", "풍요", "필요", " 중요", " 주요", " 개요", " 고요", " 소요", " 강요"),
    *("대중가요", "인기가요", "국민가요", "전통가요", "최신가요", "의 가요"),  # not 같이 가요
)
_NOUNS_IN_DA = (
    *("수다", "바다", "사이다", "베란다", "어젠다", "아젠다", "안드로메다", "노가다", "가나다", "마다"),
    *("캐나다", "우간다", "르완다", "베이킹소다", "크림소다", "레서판다"),
    *(" 소다", " 판다"),  # not 장소다, it is a place; not 물건을 판다
)

# Syllables that end verbs behind a final consonant which borrowed nouns never have: 있어, 좋지, 했네, 없니.
_VERBAL_LAST = "어아지네니냐"
_VERBAL_FINALS = frozenset("ㅆㅄㅎㄶㅀㅈㅌ")
_CRABS = frozenset({"털게", "돌게", "물게", "칠게"})

_PLAIN_WORDS = re.compile(
    "가자|놀자|보자|걷자|뛰자|먹자|읽자|달리자|떠나자|즐기자|만나자|나누자|모이자|친해지자|"
    "원해|못해|안해|잘해|하니|뭐니|해라|와라|봐라|하라"
)
_PLAIN_ENDS = (
    *("싶어", "깊어", "높아", "같이 해", "함께 해", "같이해", "많이해", "같이 하자", "함께 하자"),
    *("거야", "이야", "뭐야", "아니야", "테야", "해야지"),
    *("할래", "볼래", "올래", "줄래", "을래", "어때", "어떠니"),
    *("해보자", "해 보자", "가보자", "가 보자", "워보자", "워 보자", "어보자", "어 보자", "아보자", "아 보자"),
    *("는구나", "이구나", "줘", "봐", "돼"),
)
# 함께해, 신청해, 궁금해: a word of three syllables or more that ends in 해 is a verb, these apart.
_NOUNS_IN_HAE = (
    *("재해", "피해", "독해", "이해", "침해", "인수분해", "자기견해", "다음해", "이듬해", "묵은해"),
    *("지중해", "북극해", "남극해", "카리브해", "발트해", "에게해", "다도해"),
)
_UNFINISHED = ("면서", "하며", "으며", "는데")


def ending(text: str) -> str:
    """The text up to its last letter: without marks, emoji and an aside in brackets behind it."""
    bare = unicodedata.normalize("NFC", text)
    while (shorter := _TAIL.sub("", _ASIDE.sub("", bare))) != bare:
        bare = shorter
    return bare


def polite(text: str) -> bool:
    """Whether it ends in polite speech."""
    bare = ending(text)
    if bare.endswith("요"):
        return not f" {bare}".endswith(_NOUNS_IN_YO)
    return bare.endswith("죠") or _formal(bare)


def plain(text: str) -> bool:
    """Whether it ends in a verb of plain speech."""
    bare = ending(text)
    if not bare or polite(bare):
        return False
    word = _last_word(bare)
    return _PLAIN_WORDS.fullmatch(word) is not None or bare.endswith(_PLAIN_ENDS) or _conjugated(bare, word)


def verbal(text: str) -> bool:
    """Whether it ends in a verb and not in a noun or a nominal form (명사형: -음, -기)."""
    return polite(text) or plain(text) or ending(text).endswith(_UNFINISHED)


def final(syllable: str) -> str:
    """The consonant under a Hangul syllable; empty if there is none, or if it is no Hangul syllable."""
    code = ord(syllable)
    return _FINALS[(code - _FIRST) % len(_FINALS)] if _FIRST <= code <= _LAST else ""


def _last_word(bare: str) -> str:
    return bare.rpartition(" ")[2]


def _formal(bare: str) -> bool:
    return bare.endswith(_FORMAL) and final(bare[-3:-2] or " ") == "ㅂ"


def _conjugated(bare: str, word: str) -> bool:
    last, before = bare[-1], final(bare[-2:-1] or " ")
    if last == "다":
        return not f" {bare}".endswith(_NOUNS_IN_DA)
    if word.endswith("구나"):
        return final(bare[-3:-2] or " ") in _VERBAL_FINALS
    if last in "까께":
        return before == "ㄹ"
    if last == "게":
        return before == "ㄹ" and word not in _CRABS
    if last == "해":
        return len(word) > len("이해") and not word.endswith(_NOUNS_IN_HAE)
    if last == "자":
        return word.endswith("하자") and len(word) > len("하자")
    return last in _VERBAL_LAST and before in _VERBAL_FINALS
