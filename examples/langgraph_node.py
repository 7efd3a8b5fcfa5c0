"""A chain inside a LangGraph node: its events reach the graph's reader as they come, its value goes into the state.

Whoever closes the graph's stream stops the model.

Run it: `python -m examples.langgraph_node`.
"""

import asyncio
from contextlib import aclosing
from typing import Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from chains import Model, StructuredChain, meeting_info
from chains.folds import value_of
from chains.models.scripted import Reply, ScriptedChatModel

SCRIPT = """{"name": "Slow Sunday Hikers", "category": "스포츠", "summary": "Easy hills, no hurry, good company",
"description": "We walk at the pace of the slowest. No gear, no experience needed.",
"tags": ["hiking", "beginners", "weekend"], "period": "3~6개월", "max_members": 12}"""


class State(TypedDict, total=False):
    """What the graph's nodes share: plain JSON, so that a checkpointer can keep it."""

    goal: str
    form: dict[str, Any]
    invitation: str


Graph = CompiledStateGraph[State, None, State, State]


def build(chain: StructuredChain) -> Graph:
    """The graph: a chain writes the form, then code makes an invitation of it."""

    async def write_form(state: State) -> State:
        tell = get_stream_writer()  # whatever it is given goes to those who read the graph with stream_mode="custom"
        async with aclosing(chain.astream_typed({"goal": state["goal"], "language": "en"})) as events:
            async for event in events:
                tell(event)  # for a reader in another process: event.model_dump(mode="json")
        return {"form": value_of(event)}  # raises the StreamError of a run that failed, as a node should

    def invite(state: State) -> State:
        return {"invitation": f"Join us: {state['form']['name']}. {state['form']['summary']}."}

    graph = StateGraph(State)
    graph.add_node("write_form", write_form)
    graph.add_node("invite", invite)
    graph.add_edge(START, "write_form")
    graph.add_edge("write_form", "invite")
    graph.add_edge("invite", END)
    return graph.compile()


async def main() -> None:
    # For a real model: Model(chat=ChatOpenAI(model="gpt-5-mini"), name="gpt-5-mini", dialect="strict")
    model = Model(chat=ScriptedChatModel(replies=[Reply(text=SCRIPT)], pace_ms=10), name="scripted")
    graph = build(meeting_info.build(model))
    async for mode, chunk in graph.astream({"goal": "weekend hiking"}, stream_mode=["custom", "values"]):
        print(mode, chunk)


if __name__ == "__main__":
    asyncio.run(main())
