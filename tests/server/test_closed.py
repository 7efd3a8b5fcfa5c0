"""LangServe closed down: what production does not serve, what no client sets, and that nobody's data becomes code."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount, Route

from tests.server.configs import CHAT_INPUT, MEETING_INPUT, both
from tests.server.endpoints import body_of, refusal
from tests.server.inprocess import app_of, client_of
from tests.server.process import ROOT

PRODUCTION = both(mode="production")
DEVELOPMENT = both(mode="development")
CHAINS = {"/chatbot": CHAT_INPUT, "/meeting-info": MEETING_INPUT}

# -- what is not served ------------------------------------------------------------------------------------------------

CLOSED = [
    ("GET", "/playground/"),
    ("GET", "/playground/index.html"),
    ("POST", "/stream_log"),
    ("GET", "/config_schema"),
    ("POST", "/feedback"),
    ("HEAD", "/feedback"),
    ("POST", "/token_feedback"),
    ("POST", "/public_trace_link"),
    *(("POST", f"/c/N4XyA/{name}") for name in ("invoke", "batch", "stream", "stream_log", "stream_events")),
    *(("GET", f"/c/N4XyA/{name}") for name in ("input_schema", "output_schema", "config_schema", "playground/")),
]
LANGSERVES_OWN = {"invoke", "batch", "stream_events", "input_schema", "output_schema"}
OURS = {"stream", "stream/{protocol}", "runs"}


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_production_does_not_know_it(chain: str, method: str, path: str) -> None:
    async with client_of(PRODUCTION) as client:
        response = await client.request(method, chain + path, **_sent(method, path, CHAINS[chain]))
    assert response.status_code == 404
    if method != "HEAD":
        refusal(response, 404, "not_found")


def _sent(method: str, path: str, value: Any) -> dict[str, Any]:
    return {"json": body_of(path, value)} if method == "POST" else {}


@pytest.mark.parametrize("mode", [PRODUCTION, DEVELOPMENT], ids=["production", "development"])
@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect", "/playground", "/c/N4XyA/invoke"])
async def test_nobody_knows_it(mode: str, path: str) -> None:
    async with client_of(mode) as client:
        refusal(await client.get(path), 404, "not_found")


def test_a_chain_has_these_routes_and_no_others() -> None:
    """A newer LangServe may bring endpoints that nobody here has thought of."""
    for chain in CHAINS:
        served = {path.removeprefix(f"{chain}/") for path in _paths(app_of(PRODUCTION)) if path.startswith(f"{chain}/")}
        assert served == LANGSERVES_OWN | OURS
        more = {path.removeprefix(f"{chain}/") for path in _paths(app_of(DEVELOPMENT)) if path.startswith(f"{chain}/")}
        assert more - served == {"stream_log", "playground/{file:path}"}


def _paths(app: FastAPI) -> Iterator[str]:
    waiting: list[tuple[str, BaseRoute]] = [("", route) for route in app.routes]
    while waiting:
        prefix, route = waiting.pop()
        if isinstance(route, Route):
            yield prefix + route.path
        elif isinstance(route, Mount):
            waiting += [(prefix + route.path, inner) for inner in route.routes]
        elif inner := getattr(route, "original_router", None):
            waiting += [(prefix, each) for each in inner.routes]


# -- what no client may set --------------------------------------------------------------------------------------------

SET: dict[str, Any] = {
    "run_name": "set-by-client",
    "run_id": "5e7b7c11-e000-4000-8000-000000000000",
    "tags": ["set-by-client"],
    "metadata": {"set-by-client": "set-by-client"},
    "callbacks": [{"set-by-client": 1}],
    "max_concurrency": 1,
    "recursion_limit": 1,
    "set-by-client": "set-by-client",
}


@pytest.mark.parametrize("endpoint", ["invoke", "batch", "stream", "stream_events", "stream_log", "runs"])
@pytest.mark.parametrize("key", SET)
async def test_what_a_client_sets_is_not_heard(endpoint: str, key: str) -> None:
    """LangServe's client always sends a config, so one is taken; nothing in it has any effect."""
    async with client_of(DEVELOPMENT) as client:
        body = {**body_of(f"/{endpoint}", MEETING_INPUT), "config": {key: SET[key]}}
        answer = await client.post(f"/meeting-info/{endpoint}", json=body)
        assert answer.status_code in (200, 201), answer.text
        told = answer.text
        if endpoint == "runs":
            told += (await client.get(answer.json()["events_url"])).text
    assert "set-by-client" not in told
    assert "5e7b7c11" not in told


@pytest.mark.parametrize("key", SET)
async def test_nor_for_each_input_of_a_batch(key: str) -> None:
    async with client_of(DEVELOPMENT) as client:
        body = {"inputs": [MEETING_INPUT] * 2, "config": [{key: SET[key]}] * 2}
        answer = await client.post("/meeting-info/batch", json=body)
    assert answer.status_code == 200, answer.text
    assert len(set(answer.json()["metadata"]["run_ids"])) == 2
    assert not {"set-by-client", "5e7b7c11"} & set(answer.text.split('"'))


@pytest.mark.parametrize("endpoint", ["invoke", "batch", "stream", "stream_events", "stream_log", "runs"])
@pytest.mark.parametrize("listed", [False, True])
async def test_a_client_configures_nothing(endpoint: str, *, listed: bool) -> None:
    config = {"configurable": {"base_url": "http://127.0.0.1:9", "model": "other"}}
    body = body_of(f"/{endpoint}", MEETING_INPUT) | {"config": [config] if listed else config}
    async with client_of(DEVELOPMENT) as client:
        refused = refusal(await client.post(f"/meeting-info/{endpoint}", json=body), 422, "invalid_request")
    assert refused.details
    assert refused.details[0].path.startswith("/config")


# -- data stays data ---------------------------------------------------------------------------------------------------

SECRET = "canary-in-the-environment"  # noqa: S105
OBJECTS: list[Any] = [
    {"lc": 1, "type": "secret", "id": ["CANARY"]},
    {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain_core", "prompts", "PromptTemplate"],
        "kwargs": {"template": "x"},
    },
    {"lc": 1, "type": "not_implemented", "id": ["os", "system"], "kwargs": {"command": "true"}},
    {"type": "human", "content": "x", "additional_kwargs": {}},
    {"__class__": "os.system", "__reduce__": ["os.system", ["true"]]},
]


@pytest.mark.parametrize("endpoint", ["invoke", "batch", "stream", "stream_events", "stream_log", "runs"])
@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: str(value.get("type", "class")))
async def test_an_object_in_json_is_not_made_one(endpoint: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", SECRET)
    async with client_of(DEVELOPMENT) as client:
        for input in (value, {"goal": value}, {"goal": "x", "name": value}, {"messages": [value]}):
            answer = await client.post(f"/meeting-info/{endpoint}", json=body_of(f"/{endpoint}", input))
            assert SECRET not in answer.text
            refusal(answer, 422, "invalid_request")


MAKES_OBJECTS = {"pickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
UNSAFE_LOADS = {"unsafe_load", "full_load", "unsafe_load_all", "full_load_all"}
SOURCES = [file for room in ("schemas", "chains", "server") for file in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_module_can_make_objects_or_code_of_data(file: Path) -> None:
    assert list(_dangers(ast.parse(file.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import a, shelve as b",
        "from pickle import loads",
        "from langchain_core.load import load",
        "from langchain_core.load.load import loads",
        "import langchain_core.load",
        "import langchain_core\nlangchain_core.load.loads(x)",
        "import yaml\nyaml.load(x, Loader=y)",
        "import yaml as y\ny.unsafe_load(x)",
        "eval(x)",
        "exec(x)",
        "__import__(x)",
    ],
)
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    assert list(_dangers(ast.parse(source)))


def test_the_search_lets_pass_what_is_harmless() -> None:
    harmless = "json.loads(x)", "yaml.safe_load(x)", "re.compile(x)", "model.load()", "from chains.replay import load"
    assert list(_dangers(ast.parse("\n".join(harmless)))) == []


def _dangers(tree: ast.AST) -> Iterator[str]:
    """What makes objects out of bytes or of descriptions, and what runs text."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if _makes_objects(name.name))
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{name.name}" for name in names if _makes_objects(f"{module}.{name.name}"))
            case ast.Call(func=ast.Name(id=name)) if name in RUNS_TEXT:
                yield name
            case ast.Attribute(attr=name) if name in UNSAFE_LOADS:
                yield name
            case ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "load_all"):
                yield "yaml.load"
            case ast.Attribute(value=ast.Name(id="langchain_core"), attr="load"):
                yield "langchain_core.load"


def _makes_objects(module: str) -> bool:
    return module.partition(".")[0] in MAKES_OBJECTS or f"{module}.".startswith("langchain_core.load.")
