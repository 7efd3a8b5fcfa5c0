"""A run can be saved as a file, and the file played again, into the form or the chat, at any speed."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chains.recording import load
from schemas import Complete
from tests.server.pages.clock import STANDING_CLOCK
from tests.server.pages.scenes import (
    MEETING,
    PLAN,
    REPLY,
    Open,
    ask,
    config,
    finished,
    input_of,
    keep_picture,
    save_recording,
    say,
)

pytestmark = pytest.mark.browser

START = 'data: {"type":"start","seq":1,"run_id":"r","chain":"meeting_info","fields":[{"path":"/name"}],"notes":[]}'
FIELD = 'data: {"type":"field","seq":2,"path":"/name","value":"모임 \u2603","source":"model","ms":300}'
WORD = 'data: {"type":"token","seq":3,"path":"/summary","text":" Half"}'
AT_ONCE = ""  # among the speeds
END = 'data: {"type":"cancelled","seq":4,"reason":"","partial":{}}'


def frames(*data: str, times: tuple[int, ...] = (), end: str = "\n") -> str:
    """A stream of these events, with times in front as far as there are any."""
    lines = []
    for index, line in enumerate(data):
        lines += [f": +{times[index]}"] if index < len(times) else []
        lines += ["event: " + line.partition('"type":"')[2].partition('"')[0], line, ""]
    return "".join(line + end for line in lines)


READ = """async ([text]) => {
    const { readRecording } = await import('/page/recording.js');
    try {
        return readRecording(text).map(({ ms, seq, name, data }) => [ms, seq, name, data.type]);
    } catch ({ code, args }) {
        return [code, args];
    }
}"""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_times_come_from_the_comments(bare: Page, end: str) -> None:
    text = ": all events\n: ping\n\nretry: 2000\n" + frames(START, FIELD, WORD, END, times=(5, 80, 70, 95), end=end)
    assert bare.evaluate(READ, [text + "event: ping\ndata: {}\n\n"]) == [
        [5, 1, "start", "start"],
        [80, 2, "field", "field"],
        [80, 3, "token", "token"],  # time does not run backwards
        [95, 4, "cancelled", "cancelled"],
    ]


def test_without_comments_the_events_say_when_or_lie_evenly_between(bare: Page) -> None:
    text = frames(START, WORD, FIELD, WORD, END)
    assert [ms for ms, *_ in bare.evaluate(READ, [text])] == [100, 200, 300, 300, 300]


def test_only_the_first_run_is_read_and_what_a_later_version_adds_is_passed_over(bare: Page) -> None:
    new = 'data: {"type":"hologram","seq":9}'
    text = frames(START, new, END) + frames(START, END)
    assert [name for _, _, name, _ in bare.evaluate(READ, [text])] == ["start", "cancelled"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["empty", {}]),
        (" \n\n", ["empty", {}]),
        ("Dear all,\nplease find attached", ["no_events", {}]),
        (frames(FIELD), ["no_start", {}]),
        (frames(START) + "event: token\ndata: {nonsense\n\n", ["not_an_event", {"line": 5, "name": "token"}]),
        (frames(START, WORD.replace('"text"', '"txet"')), ["not_an_event", {"line": 5, "name": "token"}]),
        (frames(START.replace('"fields"', '"fieldz"')), ["not_an_event", {"line": 2, "name": "start"}]),
        (
            frames(START, FIELD).replace("event: field", "event: pinned"),
            ["not_an_event", {"line": 5, "name": "pinned"}],
        ),
        (frames(START, FIELD.replace('"/name"', '"name"')), ["not_an_event", {"line": 5, "name": "field"}]),
    ],
)
def test_what_is_no_recording_is_told_apart(bare: Page, text: str, told: list[Any]) -> None:
    assert bare.evaluate(READ, [text]) == told


def test_no_path_of_a_file_reaches_beyond_the_object(bare: Page) -> None:
    evil = WORD.replace("/summary", "/__proto__/polluted").replace('"seq":3', '"seq":2')
    play = """async ([text]) => {
        const { readRecording } = await import('/page/recording.js');
        const { Run } = await import('/page/run.js');
        const run = new Run();
        run.begin();
        for (const { data } of readRecording(text)) run.apply(data);
        return {}.polluted ?? null;
    }"""
    assert bare.evaluate(play, [frames(START, evil, evil.replace("__proto__", "constructor/prototype"), END)]) is None


PLAY = (
    "async ([times, speed, script, ended]) => {"
    + STANDING_CLOCK
    + """
    const { playRecording } = await import('/page/player.js');
    const told = [];
    const events = times.map((ms, at) => ({ ms, name: ended && at === times.length - 1 ? 'complete' : 'token' }));
    const onEvent = ({ ms }) => told.push([ms, now - 1000]);
    const onEnd = (problem) => told.push(['end', problem?.code ?? null]);
    const player = playRecording(events, speed ?? Infinity, { onEvent, onEnd });
    for (const [method, value] of script) {
        if (method === 'wait') wait(value);
        else player[method](value ?? Infinity);
    }
    return told;
}"""
)


def test_events_come_at_their_times_or_so_many_times_faster(bare: Page) -> None:
    def play(speed: int | None, *script: Any, ended: bool = True) -> Any:
        return bare.evaluate(PLAY, [[0, 100, 100, 1000], speed, script, ended])

    assert play(1, ("wait", 999)) == [[0, 0], [100, 100], [100, 100]]
    assert play(1, ("wait", 1000)) == [[0, 0], [100, 100], [100, 100], [1000, 1000], ["end", None]]
    assert play(4, ("wait", 1000)) == [[0, 0], [100, 25], [100, 25], [1000, 250], ["end", None]]
    assert play(None, ("wait", 0)) == [[0, 0], [100, 0], [100, 0], [1000, 0], ["end", None]]
    assert play(1, ("wait", 200), ("setSpeed", 4), ("wait", 200))[3:] == [[1000, 400], ["end", None]]
    assert play(1, ("wait", 50), ("setSpeed", None))[1:] == [[100, 50], [100, 50], [1000, 50], ["end", None]]
    assert play(1, ("wait", 50), ("stop", 0), ("setSpeed", 4), ("wait", 5000)) == [[0, 0], ["end", "stopped"]]
    assert play(1, ("wait", 5000), ended=False)[-1] == ["end", "recording_ends"]


# -- with the real server ----------------------------------------------------------------------------------------------


@pytest.fixture
def page(open_page: Open) -> Page:
    return open_page(config(form=[MEETING | {"plan": PLAN}], pace_ms=2))


def open_file(page: Page, path: Path | dict[str, Any], speed: str = AT_ONCE) -> None:
    page.get_by_test_id("recording-speed").select_option(speed)
    with page.expect_file_chooser() as chooser:
        page.get_by_test_id("recording-open").click()
    chooser.value.set_files(path)  # type: ignore[arg-type]  # a path or a payload, as Playwright takes it


def file_of(text: str) -> dict[str, Any]:
    return {"name": "some.sse", "mimeType": "text/plain", "buffer": text.encode()}


def test_a_saved_run_is_all_of_its_events_and_plays_into_the_form_again(page: Page, tmp_path: Path) -> None:
    page.get_by_test_id("log-toggle").click()
    expect(page.get_by_test_id("recording-save")).to_be_disabled()
    ask(page, plan=True)
    finished(page)
    path = save_recording(page, tmp_path)
    assert path.name.startswith("meeting_info-")
    assert path.name.endswith(".sse")
    text = path.read_text(encoding="utf-8")
    assert text.startswith(": all events of one run, as the page received them\n: +")
    recording = load(path)  # the server's own reader
    assert [event.seq for _, event in recording] == list(range(1, len(recording) + 1))
    assert {"start", "token", "partial", "field", "complete"} == {event.type for _, event in recording}
    assert sorted(ms for ms, _ in recording) == [ms for ms, _ in recording]
    last = recording[-1].event
    assert isinstance(last, Complete)
    assert last.value == MEETING | {"plan": PLAN}

    page.get_by_test_id("clear").click()
    page.get_by_test_id("include-plan").set_checked(False)
    page.get_by_label("Name", exact=True).fill("My own draft")
    open_file(page, path)
    finished(page)
    expect(page.get_by_test_id("form-recording")).to_be_visible()
    expect(page.get_by_test_id("recording-said")).to_have_text(f"{path.name} has been played.")
    for name in ("name", "category", "summary", "description", "period", "max_members"):
        expect(page.locator(f"#field-{name}")).to_have_value(str(MEETING[name]))
    expect(page.get_by_test_id("tag").locator("span")).to_have_text(MEETING["tags"])
    expect(page.get_by_test_id("plan-title")).to_have_count(len(PLAN))
    keep_picture(page, "form-recording")
    page.get_by_test_id("form-leave").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("My own draft")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours")
    expect(page.get_by_test_id("form-recording")).to_be_hidden()


def test_a_request_that_was_refused_leaves_the_last_run_to_be_saved(page: Page, tmp_path: Path) -> None:
    page.get_by_test_id("log-toggle").click()
    ask(page, plan=True)
    finished(page)
    page.route("**/meeting-info/runs", lambda route: route.fulfill(status=500, body="broken"))
    page.get_by_test_id("fill").click()
    expect(page.get_by_test_id("form-phase")).to_have_text("Not started.")
    assert isinstance(load(save_recording(page, tmp_path))[-1].event, Complete)


def test_a_recording_takes_its_time_can_be_hurried_and_sends_nothing(page: Page) -> None:
    page.get_by_test_id("log-toggle").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    open_file(page, file_of(frames(START, FIELD, WORD, END, times=(0, 50, 3_000_000, 3_000_001))), "4")
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value("모임 \u2603")
    expect(page.get_by_test_id("form-phase")).to_have_text("Writing …")
    expect(page.get_by_test_id("recording-said")).to_have_text("Playing some.sse: 4 events.")
    name.fill("Mine")
    name.blur()  # which would send a pin at once
    expect(page.get_by_test_id("status-name")).to_have_text("Edited by you")
    page.get_by_test_id("recording-speed").select_option(AT_ONCE)
    expect(page.get_by_test_id("form-phase")).to_contain_text("cancelled")
    expect(name).to_have_value("Mine")
    assert asked == []


def test_asking_ends_a_recording_and_asks_with_the_users_own_form(page: Page) -> None:
    page.get_by_test_id("log-toggle").click()
    page.get_by_label("Name", exact=True).fill("My own draft")
    open_file(page, file_of(frames(START, FIELD, times=(0, 0))), "1")
    expect(page.locator("#meeting").get_by_test_id("problem")).to_contain_text("The recording ends before")
    expect(page.locator("#meeting").get_by_test_id("retry")).to_be_hidden()
    with page.expect_request("**/meeting-info/runs") as sent:
        ask(page)
    assert input_of(sent.value)["name"] == "My own draft"
    expect(page.get_by_test_id("form-recording")).to_be_hidden()


def test_a_recorded_reply_is_a_turn_to_look_at(open_page: Open, tmp_path: Path) -> None:
    page = open_page(config())
    page.get_by_test_id("log-toggle").click()
    say(page, "Hi")
    expect(page.get_by_test_id("option")).to_have_count(2)
    path = save_recording(page, tmp_path)
    assert path.name.startswith("chatbot-")
    page.get_by_test_id("chat-clear").click()
    open_file(page, path)
    reply = page.get_by_test_id("reply")
    expect(page.get_by_test_id("bubble-assistant")).to_contain_text("A recording")
    expect(page.get_by_test_id("option").last).to_be_disabled()
    assert reply.text_content() == REPLY["reply"]
    keep_picture(page, "chat-recording")
    with page.expect_request("**/chatbot/runs") as sent:
        say(page, "Hello")
    assert input_of(sent.value)["messages"] == [{"role": "user", "content": "Hello"}]


def test_what_cannot_be_played_is_said_in_plain_words(page: Page) -> None:
    page.get_by_test_id("log-toggle").click()
    said = page.get_by_test_id("recording-said")
    for text, sentence in (
        ("Dear all", "some.sse is no recording: it holds no events of a run."),
        (frames(FIELD), "some.sse does not begin with the start of a run, so it cannot be played."),
        (frames(START, "data: 7", WORD).replace("event: \n", "event: token\n"), "line 5 should be the event “token”"),
        (frames(START.replace("meeting_info", "guide")), "some.sse is a recording of “guide”, for which this page has"),
    ):
        open_file(page, file_of(text))
        expect(said).to_contain_text(sentence)
    page.get_by_role("radio", name="한국어").check()
    expect(said).to_contain_text("“guide”의 녹화")
    expect(page.get_by_test_id("form-recording")).to_be_hidden()


def test_a_run_that_still_goes_on_is_saved_as_far_as_it_has_come(open_page: Open, tmp_path: Path) -> None:
    page = open_page(config(pace_ms=100))
    page.get_by_test_id("log-toggle").click()
    ask(page)
    expect(page.get_by_test_id("status-name")).to_have_text("Filled in")
    path = save_recording(page, tmp_path)
    assert path.read_text(encoding="utf-8").partition("\n")[0].endswith("; it was kept before its end")
    assert not isinstance(load(path)[-1].event, Complete)
