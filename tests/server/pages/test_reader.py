"""The page's reader of runs, over connections that a test makes up: each event is told once, and patience ends."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# The server's answers are given beforehand, and a pause is over at once: `pauses` are those that were made.
READ = """async ([answers]) => {
    const { rejoinRun } = await import('/page/begin.js');
    const wait = window.setTimeout;
    const limits = [15_000, 45_000]; // for an answer to begin, and for silence: neither ever passes here
    const asked = [], told = [], links = [], pauses = [];
    let now = 0;
    performance.now = () => now;
    window.setTimeout = (run, ms) => {
        if (limits.includes(ms)) return 0;
        pauses.push(ms);
        now += ms;
        return wait(run, 0);
    };
    window.fetch = async (url, { headers }) => {
        asked.push(headers['last-event-id'] ?? null);
        if (answers.length === 0) throw new TypeError('nobody is there');
        const { status = 200, type = 'text/event-stream', body = '', after } = answers.shift();
        const more = after ? { 'retry-after': after } : {};
        return new Response(status === 204 ? null : body, { status, headers: { 'content-type': type, ...more } });
    };
    const end = await new Promise((ended) => rejoinRun('r', {
        onEvent: ({ seq, name }) => told.push([seq, name]),
        onAway: (away) => links.push(away),
        onEnd: (problem) => ended(problem?.code ?? null),
    }));
    return { asked, told, links, pauses, end };
}"""
BUSY = {"code": "too_busy", "message": "", "retryable": True}
START, WORD, SNAPSHOT, END = "start", "token", "partial", "complete"


def answer(*events: tuple[str, str], preamble: str = "") -> dict[str, str]:
    """A connection that brings these events, by id and name, and is cut."""
    return {"body": preamble + "".join(frame(mark, name) for mark, name in events)}


def frame(mark: str, name: str) -> str:
    more = {START: ', "run_id": "r"', SNAPSHOT: ', "resumed": true'}.get(name, "")
    return f'id:{mark}\nevent: {name}\ndata: {{"type": "{name}", "seq": {mark.rstrip("~")}{more}}}\n\n'


def test_a_cut_run_goes_on_behind_the_last_event(bare: Page) -> None:
    half = frame("3", WORD).partition("data")[0]  # cut within a frame, which does not count
    answers = [answer(("1", START), ("2", WORD)), answer(), {"body": half}, answer(("3", WORD), ("4", END))]
    read = bare.evaluate(READ, [answers])
    assert read["told"] == [[1, START], [2, WORD], [3, WORD], [4, END]]
    assert read["asked"] == [None, "2", "2", "2"]
    assert read["links"] == [True, False, True, False, True, False]
    assert read["end"] is None


def test_what_is_told_again_is_told_once(bare: Page) -> None:
    answers = [answer(("1", START), ("2", WORD)), answer(("1", START), ("2", WORD), ("3", WORD), ("4", END))]
    assert bare.evaluate(READ, [answers])["told"] == [[1, START], [2, WORD], [3, WORD], [4, END]]


@pytest.mark.parametrize("anew", [SNAPSHOT, START])
def test_a_mark_is_given_back_and_the_run_may_go_on_from_before(bare: Page, anew: str) -> None:
    answers = [answer(("1", START), ("2", WORD), ("3~", WORD)), answer(("1", anew), ("2", WORD), ("3", END))]
    read = bare.evaluate(READ, [answers])
    assert read["asked"] == [None, "3~"]
    assert read["told"] == [[1, START], [2, WORD], [3, WORD], [1, anew], [2, WORD], [3, END]]


def test_it_comes_again_when_the_server_wants_it_to_and_ever_later(bare: Page) -> None:
    retry = answer(("1", START), preamble="retry: 3000\n")
    busy = {"status": 503, "after": "12", "type": "application/json", "body": json.dumps(BUSY)}
    read = bare.evaluate(READ, [[retry, answer(), answer(), busy, answer(("2", WORD)), answer(("3", END))]])
    for pause, least in zip(read["pauses"], [3000, 6000, 8000, 12_000, 3000], strict=True):  # news makes it patient
        assert least <= pause < least * 1.5
    assert read["links"] == 4 * [True, False]  # from the third cut to the next stream it was away all the time


def test_no_two_wait_as_long(bare: Page) -> None:
    answers = [answer(("1", START)), answer(("2", END))]
    assert len({bare.evaluate(READ, [answers])["pauses"][0] for _ in range(5)}) > 1


@pytest.mark.parametrize("answers", [[], [answer(("1", START))], [answer(("1", START)), *30 * [answer(("1", START))]]])
def test_after_a_minute_in_vain_it_is_lost(bare: Page, answers: list[Any]) -> None:
    read = bare.evaluate(READ, [answers])
    assert read["end"] == "lost"
    assert 45_000 < sum(read["pauses"]) <= 60_000


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "forgotten"), (410, "forgotten"), (401, "http"), (500, "http"), (204, "lost"), (200, "not_a_stream")],
)
def test_what_will_not_pass_ends_it_at_once(bare: Page, status: int, code: str) -> None:
    read = bare.evaluate(READ, [[answer(("1", START)), {"status": status, "type": "text/plain"}, answer(("2", END))]])
    assert (read["end"], len(read["asked"])) == (code, 2)
