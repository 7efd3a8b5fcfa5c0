"""Tokens that a known key has signed, and that say what no sound one says."""

import json
import time
from collections.abc import Callable
from typing import Any

import jwt

from tests.server.auth.issuer import ISSUER, Json, claims, part
from tests.server.auth.letting import RSA

Make = Callable[[], str]


def with_header(**changed: Any) -> Make:
    """Signed by a key that is known."""
    return lambda: RSA.token(header=RSA.header(**changed))


def with_claims(*without: str, **changed: Any) -> Make:
    return lambda: RSA.token(claims(*without, **changed))


def with_json(header: str | None = None, payload: str | None = None) -> Make:
    """Signed by a key that is known, whatever these parts are."""
    said, named = (None if text is None else text.encode() for text in (payload, header))
    return lambda: RSA.token(said, named)


def with_member(name: str, text: str) -> Make:
    """Signed by a key that is known, with a claim that is written so."""
    return lambda: RSA.token(adding(f'"{name}": {text}', claims(name)).encode())


def twice(name: str, value: Any, object_: Json) -> str:
    """The object as JSON, with a name in it once more, in front."""
    return f"{{{json.dumps(name)}: {json.dumps(value)}, {json.dumps(object_)[1:]}"


def adding(text: str, object_: Json) -> str:
    """The object as JSON, with a member that `json.dumps` would not write: `"exp": 1e400`."""
    return f"{json.dumps(object_)[:-1]}, {text}}}"


def future() -> int:
    return int(time.time()) + 300


HEADER: dict[str, Make] = {
    **{f"crit {crit!r}": with_header(crit=crit) for crit in (["exp"], ["b64"], [], None, "b64", [7])},
    "b64 false": with_header(b64=False),
    "b64 false and critical": with_header(b64=False, crit=["b64"]),
    "b64 true and critical": with_header(b64=True, crit=["b64"]),
    "payload detached": lambda: jwt.api_jws.encode(
        json.dumps(claims()).encode(), RSA.private, "RS256", {"kid": "rsa", "b64": False}, is_payload_detached=True
    ),
    **{
        f"typ {typ!r}": with_header(typ=typ)
        for typ in (None, 7, "", "JWE", "JOSE", "dpop+jwt", "logout+jwt", "secevent+jwt", ["JWT"], "JWT ", "jwt+at")
    },
    "nested": lambda: RSA.token(RSA.token().encode(), RSA.header(cty="JWT")),
    "encrypted": lambda: ".".join([part({"alg": "RSA-OAEP", "enc": "A256GCM"}), "AAAA", "AAAA", "AAAA", "AAAA"]),
    "encrypted, by a known algorithm": lambda: ".".join([part(RSA.header(enc="A256GCM")), "AA", "AA", "AA", "AA"]),
    "alg twice": lambda: RSA.token(header=twice("alg", "none", RSA.header()).encode()),
    "kid twice, the same": lambda: RSA.token(header=twice("kid", "rsa", RSA.header()).encode()),
    "a name twice, within": lambda: RSA.token(header=adding('"jwk": {"a": 1, "a": 1}', RSA.header()).encode()),
    **{
        f"header {text[:20]!r}": with_json(header=text)
        for text in ("", "null", "[]", '"RS256"', "7", "{", "{}", "{}{}", "[" * 9_000, '{"a":' * 2_500, "NaN", "\0")
    },
    "header with NaN": lambda: RSA.token(header=adding('"x": NaN', RSA.header()).encode()),
    "header in UTF-16": lambda: RSA.token(header=json.dumps(RSA.header()).encode("utf-16")),
    "header behind a byte order mark": lambda: RSA.token(header=b"\xef\xbb\xbf" + json.dumps(RSA.header()).encode()),
    "header with a NUL behind it": lambda: RSA.token(header=json.dumps(RSA.header()).encode() + b"\0"),
    "header that is not UTF-8": lambda: RSA.token(
        header=json.dumps(RSA.header(x="?")).replace("?", "\xff").encode("latin-1")
    ),
    "header with a number of 5,000 digits": lambda: RSA.token(
        header=adding(f'"x": {"9" * 5_000}', RSA.header()).encode()
    ),
}

ISSUERS: list[Any] = [
    "",
    7,
    [ISSUER],
    {"iss": ISSUER},
    f"{ISSUER}/",
    f"{ISSUER}.evil.example",
    f"{ISSUER}/realms/other",
    f" {ISSUER}",
    ISSUER.upper(),
    ISSUER.replace("https", "http"),
    ISSUER[:-1],
    ISSUER.replace("a", "а", 1),  # noqa: RUF001  # which is what is tried
    f"{ISSUER}\0",
]
AUDIENCES: list[Any] = [
    "",
    [],
    7,
    True,
    {"moim-stream": 1},
    "another",
    ["another"],
    ["moim-stream", 7],
    [["moim-stream"]],
    "moim-stream-2",
    "moim",
    "MOIM-STREAM",
    "moim-stream ",
    "moim-stream another",
]
EXPIRIES: list[Any] = [
    0,
    -1,
    1,
    -2_000_000_000,
    True,
    False,
    "",
    "never",
    [4_000_000_000],
    {},
    253_402_300_800,
    10**30,
    1.5,
]
DATES: list[Any] = [True, "", "0", [], -1, 10**400]
NAMES: list[Any] = [
    "",
    7,
    True,
    [],
    ["user-1"],
    {},
    "x" * 256,
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a\u202eb",
    "a\u200bb",
    "\ufeffa",
    "\ud800",
    "a\udfff",
]

CLAIMS: dict[str, Make] = {
    **{f"{name} missing": with_claims(name) for name in ("iss", "aud", "exp", "sub")},
    **{f"{name} null": with_claims(**{name: None}) for name in ("iss", "aud", "exp", "sub", "nbf", "iat")},
    **{f"iss {iss!r}": with_claims(iss=iss) for iss in ISSUERS},
    **{f"aud {aud!r}": with_claims(aud=aud) for aud in AUDIENCES},
    **{f"exp {exp!r}": with_claims(exp=exp) for exp in EXPIRIES},
    "exp past": lambda: RSA.token(claims(exp=int(time.time()) - 40)),
    "exp past, with a fraction": lambda: RSA.token(claims(exp=time.time() - 40.5)),
    "exp as a text": lambda: RSA.token(claims(exp=str(future()))),
    "exp in milliseconds": lambda: RSA.token(claims(exp=future() * 1000)),
    **{f"exp {text}": with_member("exp", text) for text in ("NaN", "Infinity", "-Infinity", "1e400")},
    "exp of 5,000 digits": with_member("exp", "9" * 5_000),
    "exp twice": lambda: RSA.token(twice("exp", 1, claims()).encode()),
    "sub twice": lambda: RSA.token(twice("sub", "admin", claims()).encode()),
    "sub twice, once escaped": lambda: RSA.token(
        twice("sub", "admin", claims()).replace('"sub"', '"s\\u0075b"', 1).encode()
    ),
    "nbf future": lambda: RSA.token(claims(nbf=future())),
    "iat future": lambda: RSA.token(claims(iat=future())),
    **{f"{name} {value!r}": with_claims(**{name: value}) for name in ("nbf", "iat") for value in DATES},
    **{f"{name} NaN": with_member(name, "NaN") for name in ("nbf", "iat", "azp")},
    **{f"sub {sub!r}": with_claims(sub=sub) for sub in NAMES},
    **{
        f"payload {text[:20]!r}": with_json(payload=text)
        for text in ("", "null", "[]", "7", '"x"', "{", "{}", "[" * 9_000, '{"a":' * 1_500, "\0")
    },
    "payload in UTF-16": lambda: RSA.token(json.dumps(claims()).encode("utf-16")),
    "payload with something behind it": lambda: RSA.token(json.dumps(claims()).encode() + b"{}"),
    "payload that is not UTF-8": lambda: RSA.token(json.dumps(claims(x="?")).replace("?", "\xff").encode("latin-1")),
}
