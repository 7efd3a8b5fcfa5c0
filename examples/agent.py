"""An agent whose structured answer streams: out of the chunks of its model come the same typed events.

Run it: `python -m examples.agent`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ResponseFormat, StructuredOutputError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel, Field

from chains import project
from chains.models.scripted import Reply, ScriptedChatModel
from schemas import Event, to_json

GROUPS = {"Slow Sunday Hikers": "easy hills for beginners", "The Night Shelf": "quiet reading, slow talk"}
SCRIPT = """{"group": "Slow Sunday Hikers", "reason": "They walk at the pace of the slowest.",
"questions": ["When do you meet?", "What do I bring?"]}"""


class Advice(BaseModel):
    """A group to join."""

    group: str = Field(min_length=1)
    reason: str = Field(min_length=1, max_length=400)
    questions: list[str] = Field(max_length=3, description="What the user may want to ask next")


Agent = CompiledStateGraph[Any, Any, Any, Any]


def find_groups(wish: str) -> dict[str, str]:
    """The groups that may suit a wish."""
    wanted = set(wish.lower().split())
    return {name: about for name, about in GROUPS.items() if wanted & set(about.split())} or GROUPS


def build(model: BaseChatModel, response_format: ResponseFormat[Advice]) -> Agent:
    """An agent with one tool: it looks for groups, then gives its advice."""
    return create_agent(model, [find_groups], response_format=response_format, system_prompt="Find a group for them.")


async def advise(agent: Agent, wish: str) -> AsyncGenerator[Event]:
    """The agent's advice as typed events. Whoever leaves them stops the agent."""
    messages = agent.astream({"messages": [("user", wish)]}, stream_mode="messages")
    async with aclosing(project(advice_in(messages), Advice, name="advice")) as events:
        async for event in events:
            yield event


async def advice_in(messages: AsyncIterator[Any]) -> AsyncGenerator[AIMessageChunk]:
    """The chunks of the answer: what the agent's own model writes, less its calls of tools.

    But where a call of a tool named after the answer is the answer (`ToolStrategy`), that one stays.
    """
    tool: str | None = None
    with suppress(StructuredOutputError):  # how the agent fails on a bad answer; `project` says what is wrong with it
        async for chunk, metadata in messages:
            if isinstance(chunk, AIMessageChunk) and metadata["langgraph_node"] == "model":
                calls = []
                for call in chunk.tool_call_chunks:
                    tool = call["name"] or tool  # only the first chunk of a call has the name
                    if tool == Advice.__name__:
                        calls.append(call)
                yield chunk.model_copy(update={"tool_call_chunks": calls})


async def main() -> None:
    model = ScriptedChatModel(replies=[Reply(text=SCRIPT)], pace_ms=10)  # for a real one: ChatOpenAI(model="...")
    # ProviderStrategy is for models that can be held to a schema, ToolStrategy for those that only call tools.
    agent = build(model, ProviderStrategy(Advice))
    async with aclosing(advise(agent, "I would like easy hills")) as events:
        async for event in events:
            print(to_json(event))


if __name__ == "__main__":
    asyncio.run(main())
