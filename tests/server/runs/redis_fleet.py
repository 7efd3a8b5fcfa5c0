"""Workers over a real Redis."""

import asyncio
from contextlib import AsyncExitStack
from typing import Self

from server.runs.redis_store import RedisStore
from server.runs.store import Store
from tests.redis import RedisServer
from tests.server.runs.fleet import LEASE_S, TTL_S


class RedisFleet:
    """Workers over one prefix of a Redis. Time passes there by being taken from all that has some left.

    `port`: of what stands between them and the server, if anything does
    """

    def __init__(self, server: RedisServer, prefix: str = "fleet", port: int = 0) -> None:
        self.server = server
        self.prefix = prefix
        self.first: Store = self._worker(port)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._opened(self.first)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def another(self) -> Store:
        return await self._opened(self._worker())

    async def pass_time(self, seconds: float) -> None:
        self.server.tell("EVAL", _MOVE_CLOCK, "1", f"{{{self.prefix}}}", str(round(seconds * 1000)))

    async def until_a_read_waits(self) -> None:
        """Returns when Redis keeps somebody waiting."""
        while "blocked_clients:0" in self.server.tell("INFO", "clients"):  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0)

    def left_there(self) -> list[str]:
        """All keys of the prefix, without it."""
        words = self.server.tell("KEYS", f"{{{self.prefix}}}*").split()
        return sorted(word.partition("}:")[2] for word in words if word.startswith("{"))

    def _worker(self, port: int = 0) -> RedisStore:
        url = f"redis://127.0.0.1:{port or self.server.port}"
        return RedisStore(url, prefix=self.prefix, ttl_s=TTL_S, lease_s=LEASE_S)

    async def _opened(self, store: Store) -> Store:
        await store.open()
        self._open.push_async_callback(store.close)
        return store


_MOVE_CLOCK = """
for _, key in ipairs(redis.call('KEYS', KEYS[1] .. '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end
local leases = KEYS[1] .. ':leases'
if redis.call('EXISTS', leases) == 1 then
  for _, pending in ipairs(redis.call('XPENDING', leases, 'owners', '-', '+', 1000000)) do
    redis.call('XCLAIM', leases, 'owners', pending[2], 0, pending[1], 'IDLE', pending[3] + ARGV[1], 'JUSTID')
  end
end
return 'passed'
"""
