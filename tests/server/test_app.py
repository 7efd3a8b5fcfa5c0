"""The application as a whole: who may call it, and what stands before its chains."""

import httpx
import pytest

from schemas import Code, Event, Failed
from tests.server.configs import CHAINS, CHAT, CHAT_INPUT, both, scripted, text
from tests.server.endpoints import refusal
from tests.server.inprocess import client_of
from tests.server.reading import events_of

FRIEND = "https://app.example.com"
STRANGERS = ["https://evil.example.com", "http://app.example.com", "https://app.example.com:8443",
             "https://app.example.com.evil.com", "https://example.com", "null"]  # fmt: skip
OPEN = both(cors={"origins": [FRIEND]})


async def preflight(client: httpx.AsyncClient, origin: str) -> httpx.Response:
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    return await client.options("/chatbot/stream", headers={"origin": origin, **asks})


class TestOtherOrigins:
    async def test_a_friend_may_ask_and_read(self) -> None:
        async with client_of(OPEN) as client:
            response = await preflight(client, FRIEND)
            assert response.status_code == 200
            assert response.headers["access-control-allow-origin"] == FRIEND
            assert "POST" in response.headers["access-control-allow-methods"]
            response = await client.post("/chatbot/stream", json={"input": CHAT_INPUT}, headers={"origin": FRIEND})
            assert response.headers["access-control-allow-origin"] == FRIEND

    async def test_a_friend_may_read_what_went_wrong(self) -> None:
        async with client_of(OPEN) as client:
            response = await client.post("/chatbot/stream", json={}, headers={"origin": FRIEND})
            refusal(response, 422, "invalid_request")
            assert response.headers["access-control-allow-origin"] == FRIEND

    @pytest.mark.parametrize("config", [OPEN, both()], ids=["some", "none"])
    @pytest.mark.parametrize("origin", STRANGERS)
    async def test_a_stranger_may_not(self, config: str, origin: str) -> None:
        async with client_of(config) as client:
            response = await preflight(client, origin)
            assert response.status_code == 400
            assert "access-control-allow-origin" not in response.headers
            response = await client.get("/health", headers={"origin": origin})
            assert "access-control-allow-origin" not in response.headers


async def test_each_chain_has_the_model_it_names() -> None:
    async with client_of(both()) as client:
        ready = (await client.get("/ready")).json()
        reply = (await client.post("/chatbot/invoke", json={"input": CHAT_INPUT})).json()["output"]
    assert set(ready["chains"]) == {"chatbot", "meeting-info"}
    assert reply["reply"] == CHAT["reply"]


async def test_limits_of_a_run_reach_the_chains() -> None:
    stalls = {"text": text(CHAT)[:20], "failure": "stall"}
    async with client_of(scripted(stalls, limits={"idle_s": 0.05})) as client:
        refusal(await client.post("/chatbot/invoke", json={"input": CHAT_INPUT}), 504, "upstream_timeout")
    async with client_of(scripted(stalls, limits={"total_s": 0.05})) as client:
        refusal(await client.post("/chatbot/invoke", json={"input": CHAT_INPUT}), 504, "time_limit")
    async with client_of(scripted(text(CHAT), limits={"run_tokens": 1})) as client:
        refusal(await client.post("/chatbot/invoke", json={"input": CHAT_INPUT}), 422, "over_budget")


async def test_a_chains_own_limits_come_first() -> None:
    chains = {**CHAINS, "chatbot": {**CHAINS["chatbot"], "total_s": 0.05}}
    stalls = {"text": text(CHAT)[:20], "failure": "stall"}
    async with client_of(scripted(stalls, chains=chains)) as client:
        refusal(await client.post("/chatbot/invoke", json={"input": CHAT_INPUT}), 504, "time_limit")


class TestTheTokensOfARun:
    """Below what the prompt needs, between that and the answer, and beyond both."""

    async def end(self, run_tokens: int) -> Event:
        endless = {"text": text({**CHAT, "reply": "word " * 2000})}
        async with client_of(scripted(endless, limits={"run_tokens": run_tokens})) as client:
            response = await client.post("/chatbot/stream", json={"input": CHAT_INPUT})
            assert response.status_code == 200, response.text
            return events_of(response.text)[-1]

    async def test_a_prompt_beyond_them_is_a_status(self) -> None:
        async with client_of(scripted(text(CHAT), limits={"run_tokens": 1})) as client:
            response = await client.post("/chatbot/stream", json={"input": CHAT_INPUT})
            refusal(response, 422, "over_budget")

    async def test_an_answer_beyond_them_fails(self) -> None:
        end = await self.end(1500)
        assert isinstance(end, Failed)
        assert end.code is Code.OVER_BUDGET
        assert end.partial["reply"].startswith("word word")

    async def test_whatever_stays_within_them_is_whole(self) -> None:
        async with client_of(scripted(text(CHAT), limits={"run_tokens": 1500})) as client:
            response = await client.post("/chatbot/invoke", json={"input": CHAT_INPUT})
            assert response.json()["output"]["reply"] == CHAT["reply"]
