"""The servers that are compared: how each is started and asked, and how the object is read back out of its answer."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import answers
from benchmarks.client import Load, Received
from benchmarks.simulator import Script

PEERS = Path(__file__).parent / "peers"
SUBJECT = "Describe an easy group that walks: stream-{stream}"


@dataclass(frozen=True)
class Contender:
    """One server. `text` gives the JSON of the object that a stream brought, the server's own way."""

    name: str
    label: str
    command: tuple[str, ...]
    text: Callable[[Received], str]
    question: Mapping[str, object]
    environment: Mapping[str, str] = field(default_factory=dict)
    path: str = "/item/stream"
    ready: str | None = None
    """A route that answers 200 when the server serves; without one it does as soon as it takes a connection."""

    def load(self, base: str, script: Script, *, query: str = "", **how: Any) -> Load:
        """Streams of the script from this server at `base`; `how` many, and how: see `Load`."""
        return Load(f"{base}{self.path}{query}", json.dumps(self.question), script, **how)


def brings(contender: Contender, received: Received, script: Script) -> bool:
    """Whether a stream is whole and holds exactly the object that the simulator sent."""
    try:
        return received.whole and bool(json.loads(contender.text(received)) == answers.value(script.size))
    except (ValueError, LookupError):
        return False


def completed(received: Received) -> str:
    """Of typed events: the text of the tokens, where they were asked for, in the object of `complete`."""
    *events, last = [(frame.name, json.loads(frame.data)) for frame in received.frames]
    if last[0] != "complete":
        raise ValueError(f"the last event is {last[0]}")
    value: dict[str, object] = last[1]["value"]
    texts: dict[str, list[str]] = {}
    for name, event in events:
        if name == "token":
            texts.setdefault(event["path"].strip("/"), []).append(event["text"])
    return json.dumps(value | {name: "".join(pieces) for name, pieces in texts.items()})


def _last_data(received: Received) -> str:
    """Of snapshots: the last."""
    return [frame.data for frame in received.frames if frame.name in {"data", "message"} and frame.data != "[DONE]"][-1]


def _deltas(received: Received) -> str:
    """Of the bare loop: all deltas together."""
    return "".join(json.loads(frame.data) for frame in received.frames if frame.data != "[DONE]")


def said(received: Received) -> str:
    """Of OpenAI's own stream: the content of all chunks."""
    chunks = [json.loads(frame.data) for frame in received.frames if frame.data != "[DONE]"]
    return "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])


def _uvicorn(module: str) -> tuple[str, ...]:
    options = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
    return (sys.executable, "-m", "uvicorn", f"benchmarks.peers.{module}:app", *options, "--port", "{port}")


OURS = Contender(
    name="ours",
    label="this project",
    command=(sys.executable, "-m", "server"),
    environment={"CONFIG": str(PEERS / "ours.yaml")},
    ready="/ready",
    question={"input": {"subject": SUBJECT}},
    text=completed,
)
LANGSERVE = Contender(
    name="langserve",
    label="stock LangServe",
    command=_uvicorn("stock_langserve"),
    question={"input": {"subject": SUBJECT}},
    text=_last_data,
)
AI_SDK = Contender(
    name="ai_sdk",
    label="Vercel AI SDK",
    command=("node", str(PEERS / "ai_sdk" / "server.mjs")),
    environment={"NODE_ENV": "production"},
    question={"subject": SUBJECT},
    text=_last_data,
)
OPENAI_SDK = Contender(
    name="openai_sdk",
    label="OpenAI SDK",
    command=_uvicorn("openai_sdk"),
    question={"subject": SUBJECT},
    text=_deltas,
)
RAW = Contender(
    name="raw",
    label="raw pass-through",
    command=_uvicorn("raw"),
    question={"subject": SUBJECT},
    text=said,
)
SIMULATOR = Contender(
    name="simulator",
    label="the simulator itself",
    command=(sys.executable, "-m", "benchmarks.simulator", "{port}"),
    question={"model": "simulated", "stream": True, "messages": [{"role": "user", "content": SUBJECT}]},
    path="/v1/chat/completions",
    text=said,
)
ALL = (OURS, LANGSERVE, OPENAI_SDK, AI_SDK, RAW)
