"""Whether a Redis will do for runs, in sentences for whoever runs the server. None of them quotes its URL."""

import asyncio
import logging

from redis.exceptions import AuthenticationError, AuthenticationWrongNumberOfArgsError, NoPermissionError, RedisError

from server.runs.redis_pipe import TIMEOUT_S, Connect, connector, shut
from server.runs.store import StoreUnavailable

_log = logging.getLogger(__name__)

OLDEST = (6, 2)
"""The first version that can list what has been pending for so long."""


def check(url: str) -> None:
    """Asks the Redis of a URL whether it will do, before there is a server. `StoreUnavailable` says what is wrong."""
    try:
        connect = connector(url)
    except ValueError:
        raise StoreUnavailable("The URL of Redis begins with redis://, rediss:// or unix://.") from None
    asyncio.run(verify(connect))


async def verify(connect: Connect) -> None:
    """Asks a Redis whether it will do. `StoreUnavailable` says what is wrong."""
    try:
        told = dict(line.split(":", 1) for line in (await _info(connect)).splitlines() if ":" in line)
    except (AuthenticationError, AuthenticationWrongNumberOfArgsError):
        raise StoreUnavailable("Redis refuses the user or the password: correct them in its URL.") from None
    except NoPermissionError:
        raise StoreUnavailable("Redis does not let this user do what runs need: allow it all commands.") from None
    except (RedisError, OSError):
        raise StoreUnavailable("No Redis answers at its URL: start it, or correct the URL.") from None
    version = told["redis_version"]
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        raise StoreUnavailable(f"Redis {version} is too old for runs: 6.2 or newer is needed.")
    if told["role"] != "master":
        raise StoreUnavailable("This Redis is a replica, which cannot be written to: the URL must be its primary's.")
    if told["maxmemory"] != "0" and told["maxmemory_policy"] != "noeviction":
        _log.warning("Redis may evict runs that go on: set its maxmemory-policy to noeviction")


async def _info(connect: Connect) -> str:
    connection = connect(TIMEOUT_S)
    try:
        await connection.connect()  # type: ignore[no-untyped-call]
        await connection.send_command("INFO", check_health=False)
        return str(await connection.read_response())
    finally:
        await shut(connection)
