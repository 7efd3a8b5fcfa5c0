"""Behind a proxy that ends TLS, nothing else is let in: but whoever asks only whether the server is well."""

import httpx
import pytest

from tests.server.configs import CHAT_INPUT, both
from tests.server.endpoints import refusal
from tests.server.inprocess import client_of

PROXIES = {"proxies": ["10.0.0.0/8"]}


@pytest.mark.parametrize(("http", "refused"), [(PROXIES, True), ({**PROXIES, "plain": True}, False), ({}, False)])
async def test_past_the_proxy(http: dict[str, object], refused: bool) -> None:
    async with client_of(both(http=http)) as client:
        response = await client.post("/chatbot/invoke", json={"input": CHAT_INPUT})
        if refused:
            refusal(response, 403, "forbidden")
        else:
            assert response.status_code == 200
        for probed in ("/health", "/ready"):
            assert (await client.get(probed)).status_code == 200


async def test_through_it() -> None:
    async with client_of(both(http=PROXIES)) as client:
        url = httpx.URL("https://127.0.0.1/chatbot/invoke")
        assert (await client.post(url, json={"input": CHAT_INPUT})).status_code == 200
