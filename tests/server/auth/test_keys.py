"""Which keys check tokens, and what is said of those that cannot."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.auth.keys import KeySet, PinnedKeys, UnusableKeys, is_secret, parse_jwks, usable_keys
from server.settings import SettingsError
from server.settings.access import Algorithm
from tests.server.auth.issuer import Json, Pair, ed448, jwks, pair, part

ALL: list[Algorithm] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
RSA, EC, ED = pair("RS256"), pair("ES256"), pair("EdDSA")


def used(jwk: Any, algorithms: list[Algorithm] | None = None, kid: str | None = "one") -> list[str]:
    """The algorithms for which a key is used."""
    try:
        keys = usable_keys([jwk], algorithms or ALL)
    except UnusableKeys:
        return []
    return [algorithm for algorithm in ALL if keys.find(kid, algorithm)]


# -- which are used ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"])
def test_a_key_is_used_for_the_algorithm_that_it_names_and_no_other(algorithm: str) -> None:
    assert used(pair(algorithm).jwk()) == [algorithm]


@pytest.mark.parametrize(
    ("key", "fitting"),
    [
        (RSA, ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
        (EC, ["ES256"]),
        (pair("ES384"), ["ES384"]),
        (pair("ES512"), ["ES512"]),
        (ED, ["EdDSA"]),
    ],
    ids=lambda each: each.algorithm if isinstance(each, Pair) else "",
)
def test_one_that_names_none_is_used_for_those_of_its_kind(key: Pair, fitting: list[str]) -> None:
    assert used(key.jwk("alg", "use")) == fitting


def test_only_configured_algorithms_count() -> None:
    assert used(RSA.jwk("alg"), ["RS512", "ES256"]) == ["RS512"]
    assert used(RSA.jwk(), ["PS256"]) == []


SYMMETRIC = {"kty": "oct", "k": part(b"k" * 32), "kid": "one", "use": "sig"}
LEFT_OUT: dict[str, Json] = {
    "for encryption": RSA.jwk(use="enc"),
    "for another algorithm": RSA.jwk(alg="RSA-OAEP"),
    "for a symmetric one": RSA.jwk(alg="HS256"),
    "for nothing": RSA.jwk(alg=None),
    "for other operations": RSA.jwk(key_ops=["encrypt"]),
    "operations that are no list": RSA.jwk(key_ops="verify"),
    "a number for a name": RSA.jwk(kid=7),
    "of no type": RSA.jwk("kty"),
    "no modulus": RSA.jwk("n"),
    "no exponent": RSA.jwk("e"),
    "a JSON number for the modulus": RSA.jwk(n=7),
    "an empty modulus": RSA.jwk(n=""),
    "exponent 1, with which anybody can sign": RSA.jwk(e=part(b"\x01")),
    "an even exponent": RSA.jwk(e=part(b"\x02")),
    "too short": pair("RS256", bits=1024).jwk(),
    "no point of its curve": EC.jwk(y=EC.jwk()["x"]),
    "another curve than its point's": EC.jwk(crv="P-384"),
    "no curve": EC.jwk("crv"),
    "a curve of no algorithm": pair("ES256K").jwk("alg"),
    "a curve of another algorithm": pair("ES256K").jwk(alg="ES256"),
    "a point of no length": ED.jwk(x="AAAA"),
    "Ed448": ed448().jwk(),
    "private RSA": RSA.private_jwk(),
    "private EC": EC.private_jwk(),
    "private Ed25519": ED.private_jwk(),
    "a private exponent that is none": RSA.jwk(d="AQ"),
    "symmetric": SYMMETRIC | {"alg": "HS256"},
    "symmetric, but said to be RSA's": SYMMETRIC | {"alg": "RS256"},
    "a certificate only": {"kty": "RSA", "kid": "one", "x5c": ["MIIB"]},
    "empty": {},
}


@pytest.mark.parametrize("jwk", LEFT_OUT.values(), ids=LEFT_OUT)
def test_others_are_left_out(jwk: Json) -> None:
    assert used(jwk) == []
    assert used(jwk, kid=None) == []


def test_operations_may_be_named() -> None:
    assert used(EC.jwk(key_ops=["verify"])) == ["ES256"]


def test_what_is_left_out_takes_no_other_with_it() -> None:
    odd: list[Any] = [7, None, "key", [], {"kty": ["RSA"]}, RSA.jwk(use="enc", kid="two"), RSA.private_jwk()]
    keys = usable_keys(parse_jwks(jwks(*odd, EC, RSA)), ALL)
    assert keys.find("one", "ES256")
    assert keys.find("one", "RS256")
    assert not keys.find("two", "RS256")


# -- which is found ----------------------------------------------------------------------------------------------------


def found(keys: KeySet, kid: str | None, algorithm: str) -> Json | None:
    key = keys.find(kid, algorithm)
    return None if key is None else pair_members(key.Algorithm.to_jwk(key.key, as_dict=True))


def pair_members(jwk: Json) -> Json:
    """What makes it this key."""
    return {name: jwk[name] for name in ("n", "e", "x", "y") if name in jwk}


def test_a_name_chooses_among_keys_of_one_kind() -> None:
    one, two = pair("ES256", "one"), pair("ES256", "two")
    keys = usable_keys([one.jwk(), two.jwk(), pair("EdDSA", "three").jwk()], ALL)
    assert found(keys, "one", "ES256") == pair_members(one.jwk())
    assert found(keys, "two", "ES256") == pair_members(two.jwk())
    assert found(keys, "three", "ES256") is None
    assert found(keys, "ONE", "ES256") is None
    assert found(keys, "", "ES256") is None


def test_without_a_name_only_one_that_is_alone_is_found() -> None:
    one, two = pair("ES256", "one"), pair("ES256", "two")
    assert found(usable_keys([one.jwk(), RSA.jwk()], ALL), None, "ES256") == pair_members(one.jwk())
    assert found(usable_keys([one.jwk(), two.jwk()], ALL), None, "ES256") is None


def test_a_key_without_a_name_is_not_found_by_one() -> None:
    keys = usable_keys([pair("ES256", None).jwk()], ALL)
    assert keys.find(None, "ES256")
    assert not keys.find("one", "ES256")
    assert not keys.find("", "ES256")


def test_two_keys_of_one_name_are_none() -> None:
    one, two = pair("ES256", "one"), pair("ES256", "two")
    keys = usable_keys([one.jwk(), two.jwk(kid="one")], ALL)
    assert not keys.find("one", "ES256")


def test_a_key_that_is_listed_twice_is_one() -> None:
    keys = usable_keys([RSA.jwk(), RSA.jwk("use", issuer="another")], ALL)
    assert keys.find("one", "RS256")
    assert keys.find(None, "RS256")


# -- key sets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": null}',
        b"\xff\xfe\xff",
        b"[" * 200_000,
        b'{"keys": [' + b"9" * 5_000 + b"]}",
        json.dumps(RSA.jwk()).encode(),
        b"-----BEGIN PUBLIC KEY-----",
    ],
    ids=lambda text: text[:20].decode(errors="replace"),
)
def test_what_is_no_key_set_is_called_so(text: bytes) -> None:
    with pytest.raises(UnusableKeys, match=r"is not JSON|is no JSON Web Key Set"):
        parse_jwks(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["AQAB", "RSA"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    sound=st.sampled_from([RSA.jwk(), EC.jwk(), ED.jwk(), EC.jwk("alg")]),
    changed=st.dictionaries(
        st.sampled_from(["kty", "crv", "n", "e", "x", "y", "alg", "use", "key_ops", "kid"]), VALUES
    ),
)
def test_no_key_however_odd_breaks_the_reading(sound: Json, changed: Json) -> None:
    used(sound | changed)


# -- pinned keys -------------------------------------------------------------------------------------------------------


def pinned(path: Path, content: bytes, *algorithms: Algorithm) -> PinnedKeys:
    path.write_bytes(content)
    return PinnedKeys(path, algorithms or ["RS256"])


async def test_pinned_keys_are_those_of_the_file(tmp_path: Path) -> None:
    keys = pinned(tmp_path / "keys.json", jwks(RSA, EC))
    await keys.open()
    assert await keys.find("one", "RS256")
    assert not await keys.find("one", "ES256")
    assert not await keys.find("two", "RS256")
    await keys.close()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"-----BEGIN PUBLIC KEY-----", r"keys\.json is not JSON"),
        (json.dumps(RSA.jwk()).encode(), r"keys\.json is no JSON Web Key Set"),
        (jwks(), r"keys\.json holds no public key for RS256"),
        (jwks(EC), r"keys\.json holds no public key for RS256"),
        (jwks(pair("RS256", bits=1024)), r"keys\.json holds no public key for RS256 \(RSA: of at least 2048 bits\)"),
        (jwks(RSA, RSA.private_jwk()), r"keys\.json holds a private or symmetric key"),
        (jwks(RSA, EC.jwk(d="AQ")), r"keys\.json holds a private or symmetric key"),
        (jwks(RSA, {"kty": "oct", "k": "AAAA"}), r"keys\.json holds a private or symmetric key"),
    ],
)
def test_a_file_that_will_not_do_is_refused_in_words(tmp_path: Path, content: bytes, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        pinned(tmp_path / "keys.json", content)


def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"keys\.json cannot be read: No such file"):
        PinnedKeys(tmp_path / "keys.json", ["RS256"])


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_each_member_of_a_private_key_gives_it_away(member: str) -> None:
    assert is_secret(RSA.jwk() | {member: "AQ"})
    assert not is_secret(RSA.jwk())
