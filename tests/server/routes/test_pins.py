"""`POST /runs/{id}/pins` against a real server: what the user takes over is the user's, from then on and to the end."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from schemas import Complete, Conflict, Failed, Invalid, Pinned, Reset
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.endpoints import refusal
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S
from tests.server.turns import in_turn
from tests.server.user import User, reading
from tests.upstream import DONE, Step, Upstream, chunk, ends, forever, gate, says, stall, stream

WHOLE = text(MEETING)


def about(user: User, path: str) -> list[str]:
    """The names of the events that told something at this path, or below it."""
    places = ((event, getattr(event, "path", "")) for event in user.events)
    return [event.type for event, place in places if f"{place}/".startswith(f"{path}/")]


def halves(at: str) -> tuple[Step, ...]:
    """The whole object, with a gate in front of where this text stands in it."""
    before, _, after = WHOLE.partition(at)
    return stream(says(before), gate, says(at + after), ends(), DONE)


@pytest.fixture(scope="module")
def server(shared: Callable[[str], ServerProcess], upstream: Upstream) -> ServerProcess:
    return shared(openai(upstream.base_url))


@pytest.fixture(scope="module")
def unforgiving(shared: Callable[[str], ServerProcess], upstream: Upstream) -> ServerProcess:
    return shared(openai(upstream.base_url, limits={"repairs": 0}))


class TestTheUsersValueStays:
    def test_while_the_model_writes_it(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*halves(MEETING["name"][3:]))
        with reading(server.url, "meeting-info", MEETING_INPUT) as user:
            user.read("token", "/name")
            response = user.pin("/name", "내 이름")
            assert response.status_code == 200
            pinned = user.read("pinned")
            assert pinned == Pinned(seq=response.json()["seq"], path="/name", value="내 이름")
            script.next_call().permit()
            end = user.read_to_end()
        assert isinstance(end, Complete)
        assert about(user, "/name")[-1] == "pinned"
        assert end.value == {**MEETING, "name": "내 이름"}
        assert end.conflicts == (Conflict(path="/name", model_value=MEETING["name"]),)

    def test_before_the_model_came_to_it(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*halves(MEETING["name"][3:]))
        with reading(server.url, "meeting-info", MEETING_INPUT) as user:
            user.read("token", "/name")
            assert user.pin("/tags", ["하나", "둘", "셋"]).status_code == 200
            assert user.pin("/max_members", 7).status_code == 200
            script.next_call().permit()
            end = user.read_to_end()
        assert isinstance(end, Complete)
        assert about(user, "/tags") == about(user, "/max_members") == ["pinned"]
        assert end.value == {**MEETING, "tags": ["하나", "둘", "셋"], "max_members": 7}
        assert {conflict.path for conflict in end.conflicts} == {"/tags", "/max_members"}

    def test_over_what_had_settled(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*halves('"summary"'))
        with reading(server.url, "meeting-info", MEETING_INPUT) as user:
            user.read("field", "/category")
            assert user.pin("/category", "기타").status_code == 200
            script.next_call().permit()
            end = user.read_to_end()
        assert isinstance(end, Complete)
        assert about(user, "/category") == ["field", "pinned"]
        assert end.value["category"] == "기타"
        assert end.conflicts == (Conflict(path="/category", model_value=MEETING["category"]),)

    def test_the_last_of_several_wins(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*halves('"summary"'))
        with reading(server.url, "meeting-info", MEETING_INPUT) as user:
            seqs = [user.pin("/summary", f"{number}번째").json()["seq"] for number in range(50)]
            script.next_call().permit()
            end = user.read_to_end()
        assert isinstance(end, Complete)
        assert [(event.seq, event.value) for event in user.events if isinstance(event, Pinned)] == [
            (seq, f"{number}번째") for number, seq in enumerate(seqs)
        ]
        assert end.value["summary"] == "49번째"

    def test_where_the_model_agrees_there_is_no_conflict(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*halves('"summary"'))
        with reading(server.url, "meeting-info", MEETING_INPUT) as user:
            assert user.pin("/period", MEETING["period"]).status_code == 200
            script.next_call().permit()
            end = user.read_to_end()
        assert isinstance(end, Complete)
        assert end.conflicts == ()

    def test_when_the_run_fails(self, unforgiving: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*stream(says(WHOLE[:30]), gate, ends("stop"), DONE))
        with reading(unforgiving.url, "meeting-info", MEETING_INPUT) as user:
            user.pin("/summary", "내 요약")
            script.next_call().permit()
            end = user.read_to_end()
        assert isinstance(end, Failed)
        assert end.partial["summary"] == "내 요약"

    def test_it_is_in_the_snapshots(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*halves('"summary"'))
        with reading(server.url, "meeting-info", MEETING_INPUT, events="partial,complete") as user:
            user.pin("/summary", "내 요약")
            user.read("pinned")
            snapshot: Any = user.read("partial")  # the upstream is silent: the pin alone is worth one
            script.next_call().permit()
            user.read_on()
        assert snapshot.value["summary"] == "내 요약"
        assert "/summary" in snapshot.settled

    def test_what_was_wrong_with_it_is_no_longer(self, unforgiving: ServerProcess, upstream: Upstream) -> None:
        broken = text({**MEETING, "category": "none"})
        before, _, after = broken.partition('"summary"')
        script = upstream.plays(*stream(says(before), gate, says('"summary"' + after), ends(), DONE))
        with reading(unforgiving.url, "meeting-info", MEETING_INPUT) as user:
            invalid = user.read("invalid")
            assert isinstance(invalid, Invalid)
            assert invalid.paths == ("/category",)
            assert user.pin("/category", "기타").status_code == 200
            script.next_call().permit()
            end = user.read_to_end()
        assert isinstance(end, Complete)
        assert end.value == {**MEETING, "category": "기타"}

    def test_a_repair_leaves_it_alone(self, server: ServerProcess, upstream: Upstream) -> None:
        broken = says(text({"name": "모델의 이름", "category": "none"}))
        mended = {name: value for name, value in MEETING.items() if name not in ("name", "summary")}
        script = upstream.plays(
            in_turn(stream(says("{"), gate, broken, stall), stream(says(text(mended)), ends(), DONE))
        )
        with reading(server.url, "meeting-info", MEETING_INPUT) as user:
            assert user.pin("/name", "내 이름").status_code == 200
            assert user.pin("/summary", "내 요약").status_code == 200
            script.next_call().permit()
            reset = user.read("reset")
            assert isinstance(reset, Reset)
            assert set(reset.keep) == {"/name", "/summary"}
            end = user.read_to_end()
        assert isinstance(end, Complete)
        assert end.value == {**MEETING, "name": "내 이름", "summary": "내 요약"}
        asked = text(script.next_call().body)
        assert "내 이름" in asked
        assert "내 요약" in asked


class TestRefusals:
    """The user's value is not taken, and the field stays the model's."""

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("/name", ""),
            ("/name", "가" * 65),
            ("/name", None),
            ("/name", 5),
            ("/name", "두\n줄"),
            ("/category", "none"),
            ("/tags", ["하나"]),
            ("/tags", ["하나", "하나", "둘"]),
            ("/tags", "하나"),
            ("/max_members", "12"),
            ("/max_members", 12.5),
            ("/max_members", True),
            ("/max_members", 2**63 - 1),
            ("/max_members", {"": {"": []}}),
        ],
        ids=repr,
    )
    def test_a_value_that_breaks_the_fields_rules(
        self, server: ServerProcess, upstream: Upstream, path: str, value: Any
    ) -> None:
        script = upstream.plays(*halves(MEETING["name"][3:]))
        with reading(server.url, "meeting-info", MEETING_INPUT) as user:
            details = refusal(user.pin(path, value), 422, "invalid_request").details
            assert details
            assert all(f"{breach.path}/".startswith(f"{path}/") for breach in details)
            script.next_call().permit()
            end = user.read_to_end()
        assert isinstance(end, Complete)
        assert end.value == MEETING
        assert "field" in about(user, path)
        assert not any(isinstance(event, Pinned) for event in user.events)

    @pytest.mark.parametrize("path", ["", "/", "/nothing", "/plan", "/tags/0", "/name/", "//name", "/Name", "/0"])
    def test_a_path_that_is_no_field_of_this_run(self, server: ServerProcess, upstream: Upstream, path: str) -> None:
        script = upstream.plays(*halves('"summary"'))
        with reading(server.url, "meeting-info", MEETING_INPUT) as user:
            [breach] = refusal(user.pin(path, "mine"), 422, "invalid_request").details or ()
            assert breach.path == path
            script.next_call().permit()
            end = user.read_to_end()
        assert isinstance(end, Complete)
        assert end.value == MEETING

    def test_a_reading_in_langserves_frames(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*halves('"summary"'))
        body = {"input": MEETING_INPUT}
        url = f"{server.url}/meeting-info/stream"
        with (
            httpx.Client(timeout=PATIENCE_S) as client,
            client.stream("POST", url, json=body, params={"protocol": "langserve"}) as response,
        ):
            lines = response.iter_lines()
            run_id = next(line for line in lines if "run_id" in line).split('"')[3]
            pin = {"path": "/name", "value": "mine"}
            refusal(client.post(f"{server.url}/runs/{run_id}/pins", json=pin), 409, "conflict")
            script.next_call().permit()
            assert "event: end" in list(lines)

    def test_a_run_whose_reader_has_left(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*stream(says('{"name": "a'), forever(says(" "))))
        with reading(server.url, "meeting-info", MEETING_INPUT) as user:
            user.read("token")
            run_id = user.run_id
        assert script.next_call().left.wait(PATIENCE_S)
        url = f"{server.url}/runs/{run_id}/pins"
        with httpx.Client(timeout=PATIENCE_S) as client:
            while (response := client.post(url, json={"path": "/name", "value": "mine"})).status_code == 409:
                pass  # the run is stopped first, and let go of a moment later
        refusal(response, 404, "not_found")

    def test_a_run_that_is_over(self, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(*stream(chunk({"role": "assistant"}), says(WHOLE), ends(), DONE))
        with reading(server.url, "meeting-info", MEETING_INPUT) as user:
            user.read_to_end()
            while (response := user.pin("/name", "mine")).status_code == 409:
                pass
            refusal(response, 404, "not_found")
