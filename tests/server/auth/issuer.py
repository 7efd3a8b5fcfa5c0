"""An issuer of tokens: it has key pairs, signs whatever it is told to, and publishes its keys over HTTP.

async with Issuer(pair) as issuer:
    ...                        # something fetches `issuer.url`
    issuer.publishes(other)    # what is answered from now on
    await issuer.asked(2)      # returns when it has been asked twice
    with issuer.holding(): ... # meanwhile nobody is answered
"""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Self, cast

from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, SECP256R1, SECP384R1, SECP521R1, EllipticCurve
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from jwt import get_algorithm_by_name

ISSUER = "https://accounts.example.com"
AUDIENCE = "moim-stream"

_CURVES: dict[str, type[EllipticCurve]] = {
    "ES256": SECP256R1,
    "ES384": SECP384R1,
    "ES512": SECP521R1,
    "ES256K": SECP256K1,
}

Json = dict[str, Any]


# -- tokens ------------------------------------------------------------------------------------------------------------


def claims(*without: str, **changed: Any) -> Json:
    """Those of a sound token, but for what is left out or changed."""
    now = int(time.time())
    sound = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "iat": now, "exp": now + 300}
    return {name: value for name, value in (sound | changed).items() if name not in without}


def part(content: Any) -> str:
    """One part of a token: bytes as they are, else as JSON."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class Pair:
    """A private key and its public one, for one algorithm, under a name (or none)."""

    kid: str | None
    algorithm: str
    private: Any

    @property
    def public(self) -> Any:
        return self.private.public_key()

    def jwk(self, *without: str, **changed: Any) -> Json:
        """The public key as it is published, but for what is left out or changed."""
        members = _members(self.algorithm, self.public) | {"alg": self.algorithm, "use": "sig"}
        if self.kid is not None:
            members["kid"] = self.kid
        return {name: value for name, value in (members | changed).items() if name not in without}

    def private_jwk(self) -> Json:
        """What nobody should ever publish."""
        return self.jwk() | _members(self.algorithm, self.private)

    def header(self, *without: str, **changed: Any) -> Json:
        sound = {"alg": self.algorithm, "typ": "JWT"} | ({} if self.kid is None else {"kid": self.kid})
        return {name: value for name, value in (sound | changed).items() if name not in without}

    def sign(self, text: str) -> bytes:
        return bytes(get_algorithm_by_name(self.algorithm).sign(text.encode(), self.private))

    def token(self, payload: Any = None, header: Any = None) -> str:
        """Both parts, JSON or bytes, signed by this key whatever they say."""
        header = self.header() if header is None else header
        signed = f"{part(header)}.{part(claims() if payload is None else payload)}"
        return f"{signed}.{part(self.sign(signed))}"


@cache
def pair(algorithm: str = "RS256", kid: str | None = "one", bits: int = 2048) -> Pair:
    """A key pair: the same one for the same words, since making one takes a while."""
    if algorithm == "EdDSA":
        return Pair(kid, algorithm, Ed25519PrivateKey.generate())
    if algorithm in _CURVES:
        return Pair(kid, algorithm, generate_ec(_CURVES[algorithm]()))
    return Pair(kid, algorithm, generate_rsa(65537, bits))


def ed448(kid: str = "one") -> Pair:
    return Pair(kid, "EdDSA", Ed448PrivateKey.generate())


def _members(algorithm: str, key: Any) -> Json:
    members: Json = json.loads(type(get_algorithm_by_name(algorithm)).to_jwk(key))
    members.pop("key_ops", None)
    return members


# -- publishing --------------------------------------------------------------------------------------------------------


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole response."""
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode() + body


def jwks(*keys: Pair | Json) -> bytes:
    """A key set."""
    return json.dumps({"keys": [key.jwk() if isinstance(key, Pair) else key for key in keys]}).encode()


class Issuer:
    """Publishes keys on a loopback port, as long as the block lasts, in the test's own loop."""

    def __init__(self, *keys: Pair | Json) -> None:
        self.requests: list[str] = []
        """The heads of all of them."""
        self.publishes(*keys)
        self._port = 0
        self._heard = asyncio.Event()
        self._answering = asyncio.Event()
        self._answering.set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/jwks.json"

    def publishes(self, *keys: Pair | Json) -> None:
        """What is answered from now on."""
        self.answers(answer(jwks(*keys)))

    def answers(self, *pieces: bytes | asyncio.Event) -> None:
        """What is sent from now on, piece by piece; an event is waited for."""
        self._pieces = pieces

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Nobody is answered in this block."""
        self._answering.clear()
        try:
            yield
        finally:
            self._answering.set()

    async def asked(self, times: int) -> None:
        """Returns when it has been asked so often."""
        while len(self.requests) < times:
            self._heard.clear()
            await self._heard.wait()

    async def comes(self) -> None:
        """Listens, where it did before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def goes(self) -> None:
        """Listens no more, and breaks off what it was saying."""
        if self._server:
            self._server.close()
            for task in self._serving:
                task.cancel()
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.comes()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.goes()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._serving.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            self._heard.set()
            await self._answering.wait()
            for piece in self._pieces:
                if isinstance(piece, asyncio.Event):
                    await piece.wait()
                else:
                    writer.write(piece)
                    await writer.drain()
        self._serving.discard(task)
        writer.close()
