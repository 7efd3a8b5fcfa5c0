"""Tokens that are all right in what they say, but not in who signed it, how, and how it is written."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.server.auth.issuer import Pair, claims, pair, part
from tests.server.auth.letting import EC, ED, RSA, SPARE, STRANGER
from tests.server.auth.malformed import Make, with_header

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's group."""


def with_signature(signature: Callable[[bytes], bytes], key: Pair = RSA) -> Make:
    """With what becomes of the good signature."""

    def make() -> str:
        signed, _, _ = key.token().rpartition(".")
        return f"{signed}.{part(signature(key.sign(signed)))}"

    return make


def respelt(respell: Callable[[str], str]) -> Make:
    """A sound token, written otherwise."""
    return lambda: respell(RSA.token())


def by_hmac(algorithm: str, secret: Callable[[], bytes], **header: Any) -> Make:
    """Signed with what everybody knows, as if it were a secret."""

    def make() -> str:
        signed = f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': 'rsa'} | header)}.{part(claims())}"
        return f"{signed}.{part(hmac.digest(secret(), signed.encode(), hashlib.sha256))}"

    return make


def pem(key: Pair) -> bytes:
    return bytes(key.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def der(key: Pair, signed: str) -> bytes:
    return bytes(key.private.sign(hashlib.sha256(signed.encode()).digest(), ECDSA(Prehashed(SHA256()))))


ALGORITHM: dict[str, Make] = {
    **{f"alg {alg}": with_header(alg=alg) for alg in ("none", "None", "NONE", "nOnE", "", "HS256", "RS512", "PS256")},
    "alg none, unsigned": lambda: f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims())}.",
    "alg missing": lambda: RSA.token(header=RSA.header("alg")),
    **{f"alg {alg!r}": with_header(alg=alg) for alg in (None, 7, True, ["RS256"], {"RS256": 1}, "rs256", "RS256 ")},
    "alg of another kind of key": lambda: EC.token(header=EC.header(alg="RS256")),
    "alg of another kind of key, its name too": lambda: EC.token(header=EC.header(alg="RS256", kid="rsa")),
    "alg ES256K": lambda: pair("ES256K", "ec").token(),
    "HS256 by the public key's PEM": by_hmac("HS256", lambda: pem(RSA)),
    "HS256 by the public key's JWK": by_hmac("HS256", lambda: json.dumps(RSA.jwk()).encode()),
    "RS256 by the public key's PEM": by_hmac("RS256", lambda: pem(RSA)),
    "HS256 by nothing": by_hmac("HS256", lambda: b""),
}

KEYS: dict[str, Make] = {
    "a stranger's": STRANGER.token,
    "a stranger's, by a known name": lambda: STRANGER.token(header=RSA.header()),
    "a stranger's, without a name": lambda: STRANGER.token(header=STRANGER.header("kid")),
    "a stranger's, brought along": lambda: STRANGER.token(header=STRANGER.header(jwk=STRANGER.jwk())),
    "a stranger's, brought along by a known name": lambda: STRANGER.token(header=RSA.header(jwk=STRANGER.jwk())),
    "a stranger's, as PEM": lambda: STRANGER.token(header=RSA.header(x5c=[pem(STRANGER).decode()])),
    "a stranger's, by its address": lambda: STRANGER.token(header=RSA.header(jku="http://127.0.0.1:1/", x5u="/")),
    "by the name of another key": lambda: RSA.token(header=SPARE.header()),
    "without a name, where there are two": lambda: RSA.token(header=RSA.header("kid")),
    "by a name that is a path": with_header(kid="../../dev/null"),
    "by a name that is a query": with_header(kid="rsa' OR '1'='1"),
    "by a name in other letters": with_header(kid="RSA"),
    "by a name that looks the same": with_header(kid="rsа"),  # noqa: RUF001  # which is what is tried
    **{f"by the name {kid!r}": with_header(kid=kid) for kid in (None, 7, "", True, ["rsa"], {"kid": "rsa"})},
}

SIGNATURE: dict[str, Make] = {
    "of zeros": with_signature(lambda good: bytes(len(good))),
    "of zeros, ES256": with_signature(lambda good: bytes(len(good)), EC),  # what Java once took for anybody's
    "of zeros, EdDSA": with_signature(lambda good: bytes(len(good)), ED),
    "of the order, ES256": with_signature(
        lambda good: bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551") * 2, EC
    ),
    "of a point of small order, EdDSA": with_signature(lambda good: bytes([1]) + bytes(63), ED),
    "of another point of small order, EdDSA": with_signature(
        lambda good: bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05") + bytes(32), ED
    ),
    "its scalar and the order, EdDSA": with_signature(
        lambda good: good[:32] + (int.from_bytes(good[32:], "little") + ORDER).to_bytes(32, "little"), ED
    ),
    **{
        f"{what}, {key.algorithm}": with_signature(change, key)
        for key in (RSA, EC, ED)
        for what, change in {
            "one byte less": lambda good: good[:-1],
            "one byte less in front": lambda good: good[1:],
            "one byte more": lambda good: good + b"\0",
            "one byte more in front": lambda good: b"\0" + good,
            "twice": lambda good: good * 2,
            "one byte": lambda good: b"\0",
            "backwards": lambda good: good[::-1],
            "much too long": lambda good: good * 30,
        }.items()
    },
    "DER, ES256": lambda: (signed := EC.token().rpartition(".")[0]) + "." + part(der(EC, signed)),
    "another curve's, ES256": lambda: pair("ES384", "ec").token(header=EC.header()),
    "of another token": lambda: (
        RSA.token(claims(sub="admin")).rpartition(".")[0] + "." + RSA.token().rpartition(".")[2]
    ),
    "by another hash": lambda: Pair("rsa", "RS512", RSA.private).token(header=RSA.header()),
    "by another padding": lambda: Pair("rsa", "PS256", RSA.private).token(header=RSA.header()),
}

SPELLING: dict[str, Make] = {
    "nothing": str,
    "dots only": lambda: "..",
    "many dots": lambda: "." * 10_000,
    "padded": respelt(lambda token: token + "="),
    "padded as base64 would be": respelt(lambda token: token + "=" * (-len(token.split(".")[2]) % 4)),
    "each part padded": respelt(
        lambda token: ".".join(each + "=" * (-len(each) % 4 or 4) for each in token.split("."))
    ),
    "of base64's other letters": respelt(lambda token: token.replace("-", "+").replace("_", "/")),
    "blank in front": respelt(lambda token: " " + token),
    "line end behind": respelt(lambda token: token + "\n"),
    "line end within": respelt(lambda token: token[:20] + "\n" + token[20:]),
    "NUL behind": respelt(lambda token: token + "\0"),
    "dot behind": respelt(lambda token: token + "."),
    "dot in front": respelt(lambda token: "." + token),
    "four parts": respelt(lambda token: token + ".AAAA"),
    "two parts": respelt(lambda token: token.rpartition(".")[0]),
    "no signature": respelt(lambda token: token.rpartition(".")[0] + "."),
    "no payload": respelt(lambda token: ".".join([token.split(".")[0], "", token.split(".")[2]])),
    "no header": respelt(lambda token: token[token.index(".") :]),
    "two at once": respelt(lambda token: f"{token},{token}"),
    "with its scheme": respelt(lambda token: f"Bearer {token}"),
    "of wide letters": respelt(lambda token: token.replace("A", "\uff21")),
    "a surrogate behind": respelt(lambda token: token + "\ud800"),
    "JSON serialization": respelt(
        lambda token: json.dumps(dict(zip(("protected", "payload", "signature"), token.split("."), strict=True)))
    ),
    "too long": lambda: RSA.token(claims(pad="x" * (13 << 10))),
    "much too long": lambda: RSA.token(claims(pad="x" * (1 << 20))),
}
