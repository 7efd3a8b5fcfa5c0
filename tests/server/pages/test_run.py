"""The page's reducer, run where it will run: it agrees with the reference, and what the user holds stays theirs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from schemas import Fold, from_json

pytestmark = pytest.mark.browser

VECTORS = Path(__file__).parents[2] / "vectors" / "streams"
"""Runs as data for every client (`tests.vectors.generate`): each is played here, too."""

START: dict[str, Any] = {
    "type": "start",
    "run_id": "r",
    "chain": "meeting_info",
    "model": "m",
    "attempt": 1,
    "schema": {"name": "MeetingInfo", "hash": "0"},
    "fields": [{"path": f"/{name}", "settle": "char"} for name in ("name", "tags", "plan")],
    "notes": [],
}
TIMINGS = {"first_token_ms": 1, "fields": {}, "total_ms": 9}
NO = {"path": "/name", "rule": "x", "message": "No."}
COMPLETE: dict[str, Any] = {
    "type": "complete", "value": {}, "finish_reason": "stop", "usage": None, "timings": TIMINGS, "attempts": 1,
    "repaired": False, "conflicts": [],
}  # fmt: skip
RUNS: dict[str, list[dict[str, Any]]] = {
    "completes": [
        START,
        {"type": "field", "path": "/name", "value": "Given", "source": "given", "ms": 0},
        {"type": "field", "path": "/tags/0", "value": "a", "source": "model", "ms": 1},
        {"type": "field", "path": "/tags/1", "value": "b", "source": "model", "ms": 2},
        {"type": "field", "path": "/tags", "value": ["a", "b"], "source": "model", "ms": 2},
        {"type": "token", "path": "/plan/0/title", "text": " A "},
        {"type": "token", "path": "/plan/0/title", "text": "step"},
        {"type": "token", "path": "/plan/0/details/0", "text": "one"},
        {"type": "field", "path": "/plan/0", "value": {"step": 1, "title": " A step", "details": ["one"]},
         "source": "model", "ms": 3},
        {"type": "token", "path": "/plan/1/title", "text": "B"},
        {**COMPLETE, "value": {"name": "Given", "tags": ["a", "b"], "plan": []}},
    ],
    "starts over and fails": [
        START,
        {"type": "token", "path": "/name", "text": "First"},
        {"type": "invalid", "paths": ["/name"], "errors": [NO]},
        {"type": "field", "path": "/tags", "value": ["kept"], "source": "model", "ms": 4},
        {"type": "pinned", "path": "/plan", "value": []},
        {"type": "reset", "attempt": 2, "keep": ["/tags", "/plan"], "reason": "invalid_output"},
        {"type": "partial", "value": {"tags": ["kept"], "plan": [], "name": "Sec"}, "settled": ["/tags"]},
        {"type": "token", "path": "/name", "text": "ond"},
        {"type": "failed", "code": "truncated", "phase": "upstream", "message": "m", "retryable": True,
         "partial": {"tags": ["kept"], "plan": [], "name": "Second"}},
    ],
}  # fmt: skip

REDUCE = """async ([events]) => {
    const { Run } = await import('/page/run.js');
    const run = new Run();
    run.begin();
    return events.map((event) => {
        run.apply(event);
        const entries = run.names.map((name) => [name, run.field(name).value]);
        return JSON.stringify(Object.fromEntries(entries.filter(([, value]) => value !== undefined)));
    });
}"""


def _runs() -> dict[str, list[dict[str, Any]]]:
    """The runs above, numbered, and that of each file."""
    runs = {name: [{**event, "seq": seq} for seq, event in enumerate(run, 1)] for name, run in RUNS.items()}
    for path in sorted(VECTORS.glob("*.json")):
        runs[path.stem] = json.loads(path.read_text(encoding="utf-8"))["events"]
    return runs


@pytest.mark.parametrize("events", _runs().values(), ids=_runs().keys())
def test_the_reducer_agrees_with_the_reference_after_every_event(bare: Page, events: list[dict[str, Any]]) -> None:
    reduced = [json.loads(value) for value in bare.evaluate(REDUCE, [events])]
    assert reduced == list(_folded(events))


def _folded(events: list[dict[str, Any]]) -> Iterator[Any]:
    fold = Fold()
    for event in events:
        fold.apply(from_json(json.dumps(event)))
        yield json.loads(json.dumps(fold.value))


def test_no_event_overwrites_what_the_user_holds(bare: Page) -> None:
    reduce = """async ([start]) => {
        const { Run } = await import('/page/run.js');
        const run = new Run();
        run.own('/name', 'given');
        const given = run.begin();
        run.apply(start);
        run.apply({ type: 'field', path: '/plan/0', value: { title: 'theirs', details: [] }, source: 'model', ms: 1 });
        run.own('/plan/0/title', 'mine');
        run.apply({ type: 'token', path: '/plan/1/title', text: 'next' });
        run.own('/tags', []);
        run.apply({ type: 'field', path: '/tags', value: ['a'], source: 'model', ms: 2 });
        const meanwhile = ['name', 'tags', 'plan'].map((name) => run.field(name));
        run.apply({ type: 'reset', attempt: 2, keep: [], reason: 'not_json' });
        const plan = run.field('plan').value ?? null;
        run.apply({ type: 'failed', partial: {} });
        return { given, meanwhile, plan, next: run.begin() };
    }"""
    result = bare.evaluate(reduce, [START])
    name, tags, plan = result["meanwhile"]
    assert result["given"] == {"name": "given"}
    assert (name["value"], name["status"]) == ("given", "given")
    assert (tags["value"], tags["status"]) == ([], "edited")
    assert plan["value"] == [{"title": "mine", "details": []}, {"title": "next"}]
    assert plan["status"] == "filling"
    assert result["plan"] is None  # the step that was edited is void, and so is the edit
    assert result["next"] == {"name": "given"}  # what was emptied is open again


def test_steps_that_were_edited_make_the_plan_the_users_once_it_has_settled(bare: Page) -> None:
    reduce = """async ([start]) => {
        const { Run } = await import('/page/run.js');
        const run = new Run();
        const looks = [];
        const look = () => looks.push([run.holds('plan'), run.field('plan').status, run.field('plan').value]);
        run.begin();
        run.apply(start);
        const step = (title) => ({ title, details: [] });
        run.apply({ type: 'field', path: '/plan/0', value: step('a'), source: 'model', ms: 1 });
        run.own('/plan/0/title', 'mine');
        look();
        run.apply({ type: 'field', path: '/plan', value: [step('a'), step('b')], source: 'model', ms: 2 });
        look();
        run.own('/plan/1/details', ['more']);
        look();
        return looks;
    }"""
    mine, settled = {"title": "mine", "details": []}, {"title": "b", "details": []}
    assert bare.evaluate(reduce, [START]) == [
        [False, "filling", [mine]],
        [True, "edited", [mine, settled]],
        [True, "edited", [mine, {**settled, "details": ["more"]}]],
    ]


def test_pinned_is_what_the_server_says_it_holds_and_no_more(bare: Page) -> None:
    reduce = """async ([start, complete]) => {
        const { Run } = await import('/page/run.js');
        const run = new Run();
        const looks = [];
        const look = () => looks.push([run.field('name').value, run.field('name').status]);
        const pinned = (value) => run.apply({ type: 'pinned', path: '/name', value });
        run.begin();
        run.apply(start);
        run.own('/name', 'Mine ');
        look();
        pinned('Mine');
        look();
        run.own('/name', 'Mine, too');
        look();
        run.apply({ ...complete, value: { name: 'Mine' } });
        look();
        run.own('/name', '');
        look();
        return looks;
    }"""
    assert bare.evaluate(reduce, [START, COMPLETE]) == [
        ["Mine ", "edited"],
        ["Mine ", "pinned"],  # what it was trimmed to is what it says
        ["Mine, too", "edited"],
        ["Mine, too", "edited"],
        ["", "open"],
    ]


def test_what_was_wrong_stays_in_sight_until_the_field_is_written_again_or_pinned(bare: Page) -> None:
    reduce = """async ([start, no]) => {
        const { Run } = await import('/page/run.js');
        const looks = [];
        const say = (run, event) => {
            run.apply(event);
            const { value, status, errors, past } = run.field('name');
            looks.push([value ?? null, status, errors.length, past.length]);
        };
        for (const rewrite of [
            { type: 'token', path: '/name', text: 'B' },
            { type: 'partial', value: { name: 'B' }, settled: [] },
            { type: 'pinned', path: '/name', value: 'B' },
            { type: 'failed', partial: {}, errors: [] },
        ]) {
            const run = new Run();
            run.begin();
            run.apply(start);
            say(run, { type: 'token', path: '/name', text: 'A' });
            say(run, { type: 'invalid', paths: ['/name'], errors: [no] });
            say(run, { type: 'reset', attempt: 2, keep: [], reason: 'invalid_output' });
            say(run, rewrite);
        }
        return looks;
    }"""
    looks = bare.evaluate(reduce, [START, NO])
    assert [looks[at : at + 3] for at in range(0, 16, 4)] == 4 * [
        [["A", "filling", 0, 0], ["A", "invalid", 1, 0], [None, "waiting", 0, 1]],
    ]
    assert looks[3::4] == [["B", "filling", 0, 0], ["B", "filling", 0, 0], ["B", "pinned", 0, 0], [None, "open", 0, 0]]


def test_a_conflict_is_a_choice(bare: Page) -> None:
    reduce = """async ([start, complete]) => {
        const { Run } = await import('/page/run.js');
        const run = new Run();
        run.begin();
        run.apply(start);
        run.own('/name', 'Mine');
        run.apply({ type: 'pinned', path: '/name', value: 'Mine' });
        const conflicts = [{ path: '/name', model_value: 'Theirs' }];
        run.apply({ ...complete, value: { name: 'Mine' }, conflicts });
        const before = run.field('name');
        run.own('/name', 'Theirs');
        const agreed = run.field('name').conflict ?? null;
        run.own('/name', 'Mine again');
        run.accept('name');
        return { before, agreed, after: run.field('name'), given: run.begin() };
    }"""
    result = bare.evaluate(reduce, [START, COMPLETE])
    assert result["before"]["conflict"] == {"value": "Theirs"}
    assert result["agreed"] is None
    assert (result["after"]["value"], result["after"]["status"]) == ("Theirs", "settled")
    assert result["after"]["conflict"] is None
    assert result["given"] == {}  # it is the model's: the next run asks for it


def test_a_snapshot_after_an_absence_says_all_that_is_known(bare: Page) -> None:
    reduce = """async ([start, no]) => {
        const { Run } = await import('/page/run.js');
        const run = new Run();
        const look = () => ['name', 'tags', 'plan'].map((name) => {
            const { value, status, errors } = run.field(name);
            return [value ?? null, status, errors.length];
        });
        run.begin();
        run.apply(start);
        run.apply({ type: 'token', path: '/plan/0/title', text: 'void meanwhile' });
        run.apply({ type: 'field', path: '/tags', value: ['a'], source: 'model', ms: 1 });
        run.apply({ type: 'invalid', paths: ['/tags'], errors: [{ ...no, path: '/tags' }] });
        run.apply({ type: 'pinned', path: '/name', value: 'Mine' });
        const value = { name: 'Mine', tags: ['b'] };
        run.apply({ type: 'partial', resumed: true, value, settled: ['/name'] });
        const known = look();
        const late = new Run();
        late.begin();
        late.apply({ type: 'partial', resumed: true, value, settled: ['/name'] });
        return { known, late: [late.phase, late.field('name').status, late.field('tags').status] };
    }"""
    result = bare.evaluate(reduce, [START, NO])
    assert result["known"] == [["Mine", "pinned", 0], [["b"], "filling", 0], [None, "waiting", 0]]
    assert result["late"] == ["streaming", "settled", "filling"]


def test_what_was_pinned_before_the_page_was_loaded_is_the_users_until_they_write_there(bare: Page) -> None:
    reduce = """async ([start]) => {
        const { Run } = await import('/page/run.js');
        const run = new Run();
        const looks = [];
        const pinned = (value) => {
            run.apply({ type: 'pinned', path: '/name', value });
            looks.push([run.field('name').value, run.field('name').status]);
        };
        run.begin();
        run.apply(start);
        pinned('First');
        pinned('Second');
        run.own('/name', 'Third');
        pinned('Second');
        pinned('Third');
        pinned('Second');
        return { looks, given: run.begin() };
    }"""
    result = bare.evaluate(reduce, [START])
    assert result["looks"] == [
        ["First", "pinned"],
        ["Second", "pinned"],
        ["Third", "edited"],
        ["Third", "pinned"],
        ["Third", "edited"],  # what is typed here stands, whatever an old answer says
    ]
    assert result["given"] == {"name": "Third"}


def test_a_start_that_comes_again_begins_again(bare: Page) -> None:
    reduce = """async ([start]) => {
        const { Run } = await import('/page/run.js');
        const run = new Run();
        run.begin();
        run.apply(start);
        run.apply({ type: 'token', path: '/name', text: 'First' });
        run.apply({ type: 'reset', attempt: 2, keep: [], reason: 'worker_lost' });
        run.apply(start);
        run.apply({ type: 'token', path: '/name', text: 'Second' });
        return [run.attempt, run.reason, run.field('name').value, run.field('name').past];
    }"""
    assert bare.evaluate(reduce, [START]) == [1, "", "Second", []]


@pytest.mark.parametrize("begun", [False, True])
def test_why_a_run_ended_without_an_event_is_told_apart(bare: Page, begun: bool) -> None:
    reduce = """async ([start, begun]) => {
        const { Run } = await import('/page/run.js');
        return ['stopped', 'lost', 'unreachable', 'too_busy'].map((code) => {
            const run = new Run();
            run.begin();
            run.away = true;
            if (begun) run.apply(start);
            run.end(code);
            return [run.phase, run.away];
        });
    }"""
    refused = "lost" if begun else "refused"
    phases = ["stopped", "lost", refused, refused]
    assert bare.evaluate(reduce, [START, begun]) == [[phase, False] for phase in phases]
