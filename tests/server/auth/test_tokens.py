"""Who is let in by a token, as whom, and until when. Those who are not are in `test_tokens_refused`."""

from pathlib import Path
from time import time as now
from typing import Any

import pytest

from schemas import Code
from server.auth.jwks import KeysUnavailable
from server.auth.tokens import Tokens
from server.auth.user import Forbidden
from server.settings import SettingsError
from tests.server.auth.issuer import Issuer, Pair, claims, pair
from tests.server.auth.letting import EC, ED, RSA, SPARE, STRANGER, jwt_settings, pinning, refuse
from tests.server.auth.malformed import Make

# -- as whom, until when -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [RSA, SPARE, EC, ED], ids=lambda key: key.kid)
async def test_a_sound_token_lets_its_user_in_until_it_expires(tokens: Tokens, key: Pair) -> None:
    said = claims()
    user = await tokens.user(key.token(said))
    assert (user.id, user.expires) == ("user-1", said["exp"] + 30)


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "PS384", "PS512", "ES384", "ES512"])
async def test_each_algorithm_that_may_be_configured_is_known(tmp_path: Path, algorithm: str) -> None:
    key = pair(algorithm)
    tokens = pinning(tmp_path, key, algorithms=[algorithm])
    assert (await tokens.user(key.token())).id == "user-1"
    await refuse(tokens, RSA.token())


def of_length(length: int) -> str:
    """A sound token of about so many characters: at most this, and less by three at most."""
    empty = len(EC.token(claims(pad="")))
    token = EC.token(claims(pad="x" * ((length - empty) * 3 // 4)))
    assert length - 3 <= len(token) <= length
    return token


SOUND: dict[str, Make] = {
    "among several audiences": lambda: EC.token(claims(aud=["another", "moim-stream"])),
    "a fraction of a second": lambda: EC.token(claims(exp=now() + 10.5, nbf=now() - 0.5, iat=now() - 0.5)),
    "just expired, which clocks may see otherwise": lambda: EC.token(claims(exp=int(now()) - 20)),
    "not yet valid, which clocks may see otherwise": lambda: EC.token(claims(nbf=int(now()) + 20)),
    "issued in the future, which clocks may see otherwise": lambda: EC.token(claims(iat=int(now()) + 20)),
    "valid till the last day": lambda: EC.token(claims(exp=253_402_300_799)),
    "without iat": lambda: EC.token(claims("iat")),
    "without typ": lambda: EC.token(header=EC.header("typ")),
    "an access token": lambda: EC.token(header=EC.header(typ="at+jwt")),
    "an access token, by its whole name": lambda: EC.token(header=EC.header(typ="application/AT+JWT")),
    "without kid, of the only key for it": lambda: EC.token(header=EC.header("kid")),
    "with more claims": lambda: EC.token(claims(jti="1", azp="x", roles=[{"a": None}])),
    "with a key of somebody else's in its header": lambda: EC.token(header=EC.header(jwk=STRANGER.jwk(), x5c=["MIIB"])),
    "with a fingerprint of a certificate": lambda: EC.token(header=EC.header(x5t="AAAA")),
    "as long as may be": lambda: of_length(16 << 10),
}


@pytest.mark.parametrize("make", SOUND.values(), ids=SOUND)
async def test_what_else_a_token_may_say(tokens: Tokens, make: Make) -> None:
    assert (await tokens.user(make())).id == "user-1"


@pytest.mark.parametrize("name", ["a", "x" * 255, "사용자", "auth0|5f7c", "a b", "user@example.com", "😀"])
async def test_names_are_told_as_they_are(tokens: Tokens, name: str) -> None:
    assert (await tokens.user(EC.token(claims(sub=name)))).id == name


async def test_another_claim_may_name_the_user(tmp_path: Path) -> None:
    tokens = pinning(tmp_path, EC, user_claim="email")
    assert (await tokens.user(EC.token(claims(email="a@example.com")))).id == "a@example.com"
    assert (await tokens.user(EC.token(claims("sub", email="a@example.com")))).id == "a@example.com"
    await refuse(tokens, EC.token(claims()))
    await refuse(tokens, EC.token(claims(email=["a@example.com"])))


async def test_clocks_may_differ_by_as_much_as_the_settings_say(tmp_path: Path) -> None:
    patient, strict = pinning(tmp_path, EC, leeway_s=300), pinning(tmp_path, EC, leeway_s=0)
    said = claims(exp=int(now()) - 5)
    assert (await patient.user(EC.token(said))).expires == said["exp"] + 300
    await refuse(strict, EC.token(said))
    said = claims(nbf=int(now()) + 250)
    assert (await patient.user(EC.token(said))).expires == said["exp"] + 300
    await refuse(strict, EC.token(said))
    said = claims()
    assert (await strict.user(EC.token(said))).expires == said["exp"]


# -- to what -----------------------------------------------------------------------------------------------------------

SCOPE = "moim.stream"


@pytest.mark.parametrize(
    "granted",
    [
        {"scope": SCOPE},
        {"scope": f"openid {SCOPE} profile"},
        {"scope": ["openid", SCOPE]},
        {"scp": [SCOPE]},
        {"scp": f"openid {SCOPE}"},
        {"scope": "openid profile", "permissions": [SCOPE]},
        {"scope": None, "scp": 7, "permissions": [None, 7, {}, SCOPE]},
    ],
    ids=str,
)
async def test_the_scope_may_stand_wherever_issuers_write_it(tmp_path: Path, granted: Any) -> None:
    tokens = pinning(tmp_path, EC, scope=SCOPE)
    assert (await tokens.user(EC.token(claims(**granted)))).id == "user-1"


@pytest.mark.parametrize(
    "granted",
    [
        {},
        {"scope": ""},
        {"scope": "moim.streams"},
        {"scope": "moim.stream.read"},
        {"scope": "xmoim.stream"},
        {"scope": "MOIM.STREAM"},
        {"scope": "openid,moim.stream"},
        {"scope": "openid\tmoim.stream"},
        {"scope": {SCOPE: True}},
        {"scope": [[SCOPE]]},
        {"scope": [f"openid {SCOPE}"]},
        {"scopes": SCOPE},
        {"roles": [SCOPE]},
    ],
    ids=str,
)
async def test_without_the_scope_a_sound_token_is_forbidden(tmp_path: Path, granted: Any) -> None:
    tokens = pinning(tmp_path, EC, scope=SCOPE)
    with pytest.raises(Forbidden) as forbidden:
        await tokens.user(EC.token(claims(**granted)))
    assert forbidden.value.code == Code.FORBIDDEN


async def test_of_a_token_that_is_not_sound_the_scope_is_not_told(tmp_path: Path) -> None:
    tokens = pinning(tmp_path, EC, scope=SCOPE)
    await refuse(tokens, EC.token(claims(exp=1)))
    await refuse(tokens, EC.token(claims("sub")))
    await refuse(tokens, Pair("ec", "ES256", pair("ES256", "other").private).token())


# -- by which keys -----------------------------------------------------------------------------------------------------


async def test_keys_are_fetched_and_a_new_one_is_found(caplog: pytest.LogCaptureFixture) -> None:
    async with Issuer(RSA) as issuer:
        tokens = Tokens(jwt_settings(jwks_url=issuer.url, refetch_s=3600))
        issuer.publishes(RSA, EC)
        await tokens.open()
        assert (await tokens.user(RSA.token())).id == "user-1"
        assert (await tokens.user(EC.token())).id == "user-1"
        await refuse(tokens, ED.token())
        await tokens.close()
    assert len(issuer.requests) == 1
    assert caplog.messages == []


async def test_without_keys_a_good_user_is_not_called_a_stranger() -> None:
    async with Issuer() as issuer:
        tokens = Tokens(jwt_settings(jwks_url=issuer.url))
        await tokens.open()
        with pytest.raises(KeysUnavailable) as unavailable:
            await tokens.user(RSA.token())
        assert unavailable.value.status == 503
        assert 0 < (unavailable.value.retry_after_ms or 0) <= 60_000
        await refuse(tokens, "no token at all")
        await tokens.close()


@pytest.mark.parametrize("member", ["jku", "x5u", "iss"])
async def test_no_token_says_where_its_keys_are(member: str) -> None:
    async with Issuer(RSA) as issuer, Issuer(STRANGER) as strangers:
        tokens = Tokens(jwt_settings(jwks_url=issuer.url, refetch_s=1))
        await tokens.open()
        told = {member: strangers.url}
        payload = claims(iss=strangers.url) if member == "iss" else claims()
        for kid in ("stranger", "rsa"):
            await refuse(tokens, STRANGER.token(payload, STRANGER.header(kid=kid, **told)))
        await tokens.close()
        assert strangers.requests == []


ODD: list[dict[str, Any]] = [{"alg": "none"}, {"typ": "JWE"}, {"crit": ["exp"]}, {"kid": 7}, {"kid": None}]


async def test_what_cannot_be_a_token_makes_nobody_fetch() -> None:
    async with Issuer(RSA) as issuer:
        tokens = Tokens(jwt_settings(jwks_url=issuer.url))
        for token in ("", "a.b.c", *(EC.token(header=EC.header(**odd)) for odd in ODD)):
            await refuse(tokens, token)
        await tokens.close()
    assert issuer.requests == []


async def test_nothing_that_a_token_says_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with Issuer(RSA) as issuer:
        tokens = Tokens(jwt_settings(jwks_url=issuer.url, refetch_s=1))
        await tokens.open()
        for kid in ("rsa", "canary-kid"):
            token = STRANGER.token(claims(sub="canary-sub"), STRANGER.header(kid=kid))
            await refuse(tokens, token)
            assert token not in caplog.text
        await tokens.close()
    assert "canary" not in caplog.text


def test_pinned_keys_that_cannot_be_used_are_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no public key for RS256"):
        pinning(tmp_path, EC, algorithms=["RS256"])
