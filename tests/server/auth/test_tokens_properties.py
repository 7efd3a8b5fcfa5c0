"""Of all that can be made of sound tokens only the sound ones let anybody in; the others are refused, never a fault."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from server.auth.tokens import LATEST, Tokens
from tests.server.auth.issuer import AUDIENCE, ISSUER, Pair, claims
from tests.server.auth.letting import EC, ED, RSA, STRANGER, refuse

PAIRS = st.sampled_from([RSA, EC, ED])
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CHARACTERS = st.sampled_from(BASE64 + "=+/. \n\0\x7fé\ud800") | st.characters()
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, -0.0, 1e11, 2.5e11, LATEST, LATEST + 1, 1e300, 10**400])
TEXTS = st.text(st.characters(exclude_categories=()), max_size=300) | st.sampled_from([ISSUER, AUDIENCE, "JWT", "rsa"])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)

# The fixture keeps nothing from one example to the next.
pytestmark = pytest.mark.timeout(600)
trying = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def a_text(value: object) -> bool:
    return isinstance(value, str)


def a_date(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= LATEST


Judge = Callable[[Any], bool]

SOUND_CLAIM: dict[str, Judge] = {
    "iss": lambda value: value == ISSUER,
    "aud": lambda value: (
        value == AUDIENCE or (isinstance(value, list) and all(map(a_text, value)) and AUDIENCE in value)
    ),
    "exp": lambda value: a_date(value) and value > time.time(),
    "nbf": lambda value: a_date(value) and value < time.time(),
    "iat": lambda value: a_date(value) and value < time.time(),
    "sub": lambda value: a_text(value) and 1 <= len(value) <= 255 and all(each.isprintable() for each in value),
}
SOUND_HEADER: dict[str, Judge] = {
    "alg": lambda value: value == "RS256",
    "kid": lambda value: value == "rsa",
    "typ": lambda value: a_text(value) and value.lower() in ("jwt", "at+jwt", "application/jwt", "application/at+jwt"),
    "crit": lambda value: False,
}


async def lets_in(tokens: Tokens, token: str) -> bool:
    """Whether it does; if not, it is refused as all others are."""
    try:
        return bool(await tokens.user(token))
    except Exception:  # noqa: BLE001  # it is looked at there
        await refuse(tokens, token)
        return False


@trying
@given(key=PAIRS, at=st.integers(0, 2000), character=CHARACTERS)
async def test_a_changed_character_spoils_it(tokens: Tokens, key: Pair, at: int, character: str) -> None:
    token = key.token()
    at %= len(token)
    changed = token[:at] + character + token[at + 1 :]
    assert await lets_in(tokens, changed) == (changed == token)


@trying
@given(key=PAIRS, at=st.integers(0, 2000), more=st.text(CHARACTERS, min_size=1, max_size=4))
async def test_more_characters_spoil_it(tokens: Tokens, key: Pair, at: int, more: str) -> None:
    token = key.token()
    at %= len(token) + 1
    await refuse(tokens, token[:at] + more + token[at:])


@trying
@given(key=PAIRS, at=st.integers(0, 2000), count=st.integers(1, 50))
async def test_less_characters_spoil_it(tokens: Tokens, key: Pair, at: int, count: int) -> None:
    token = key.token()
    at %= len(token)
    await refuse(tokens, token[:at] + token[at + count :])


@trying
@given(st.lists(st.tuples(PAIRS, st.sampled_from(["user-1", "admin"])), min_size=3, max_size=3))
async def test_parts_of_several_make_none(tokens: Tokens, whose: list[tuple[Pair, str]]) -> None:
    issued = int(time.time())
    whole = [key.token(claims(sub=sub, iat=issued, exp=issued + 300)) for key, sub in whose]
    header, payload, signature = (token.split(".")[place] for place, token in enumerate(whole))
    signed_for = whose[2]  # a header says only whose key it is, claims say only who is named
    assert await lets_in(tokens, f"{header}.{payload}.{signature}") == ((whose[0][0], whose[1][1]) == signed_for)


@trying
@given(st.text(CHARACTERS, max_size=200) | st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]+", fullmatch=True))
async def test_no_text_at_all_is_one(tokens: Tokens, text: str) -> None:
    await refuse(tokens, text)


@trying
@given(name=st.sampled_from(sorted(SOUND_CLAIM)), value=VALUES)
@example(name="aud", value=["other", AUDIENCE])
@example(name="exp", value=2.5e11)
@example(name="sub", value="x" * 255)
async def test_a_claim_may_say_only_what_is_sound(tokens: Tokens, name: str, value: Any) -> None:
    assert await lets_in(tokens, RSA.token(claims(**{name: value}))) == SOUND_CLAIM[name](value)


@trying
@given(name=st.sampled_from(sorted(SOUND_HEADER)), value=VALUES)
@example(name="typ", value="application/at+JWT")
async def test_a_header_may_say_only_what_is_sound(tokens: Tokens, name: str, value: Any) -> None:
    assert await lets_in(tokens, RSA.token(header=RSA.header(**{name: value}))) == SOUND_HEADER[name](value)


@trying
@given(name=st.sampled_from(["jwk", "jku", "x5u", "x5c", "x5t", "cty", "zip", "enc"]), value=VALUES)
async def test_what_else_a_header_says_helps_nobody(tokens: Tokens, name: str, value: Any) -> None:
    await refuse(tokens, STRANGER.token(header=RSA.header(**{name: value})))


@trying
@given(header=VALUES | st.dictionaries(st.sampled_from([*SOUND_HEADER, "b64"]), VALUES), payload=VALUES)
async def test_no_other_json_is_one_though_a_known_key_signed_it(tokens: Tokens, header: Any, payload: Any) -> None:
    said = json.dumps(payload).encode()
    await refuse(tokens, RSA.token(said, json.dumps(header).encode()))
    await refuse(tokens, RSA.token(said))


@trying
@given(header=st.binary(max_size=200), payload=st.binary(max_size=200))
async def test_no_bytes_at_all_are_one_though_a_known_key_signed_them(
    tokens: Tokens, header: bytes, payload: bytes
) -> None:
    await refuse(tokens, RSA.token(payload, header))
    await refuse(tokens, RSA.token(payload))
