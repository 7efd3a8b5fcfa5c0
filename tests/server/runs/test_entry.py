"""An entry says the same in every form, in whichever form it came."""

import pytest

from schemas import Event, Partial, Token, from_frames, to_frame, to_json
from server.runs.entry import Entry
from server.runs.log import Log
from tests.server.runs.script import END, START, TOKEN

LINES = Token(seq=2, path="/a", text="one\r\ntwo\u2028three\x00")


@pytest.mark.parametrize("event", [START, TOKEN, LINES, END], ids=["start", "token", "lines", "end"])
class TestForms:
    def test_from_the_event(self, event: Event) -> None:
        entry = Entry(event)
        said = (entry.seq, entry.name, entry.event, entry.data, entry.frame, entry.sure)
        assert said == (event.seq, event.type, event, to_json(event), to_frame(event), True)

    def test_from_what_was_stored(self, event: Event) -> None:
        entry = Entry.stored(event.seq, event.type, to_json(event))
        said = (entry.seq, entry.name, entry.event, entry.data, entry.frame, entry.sure)
        assert said == (event.seq, event.type, event, to_json(event), to_frame(event), True)

    def test_what_was_stored_is_passed_on_as_it_was(self, event: Event) -> None:
        """Also by a server that does not know all that another one, of another version, has written."""
        data = to_json(event).replace('{"type"', '{"new": 1, "type"')
        assert f"data: {data}\n" in Entry.stored(event.seq, event.type, data).frame


class TestCertainty:
    def test_a_mark_stands_behind_the_number_of_what_is_not_sure(self) -> None:
        entry = Entry(TOKEN)
        entry.sure = False
        assert entry.frame == to_frame(TOKEN).replace("id:2\n", "id:2~\n")
        assert list(from_frames(entry.frame.splitlines())) == [TOKEN]

    def test_the_mark_goes_when_it_is_sure_again(self) -> None:
        entry = Entry(TOKEN)
        for sure in (True, False, True, False):
            entry.sure = sure
            assert entry.frame.startswith("id:2\n" if sure else "id:2~\n")


def test_only_what_was_made_for_a_late_reader_is_resumed() -> None:
    log = Log(keeps=1)
    for event in (START, TOKEN, END):
        log.put(Entry(event))
    assert Entry(log.base.partial()).resumed
    assert not Entry(Partial(seq=2, value={}, settled=())).resumed
    assert not Entry(TOKEN).resumed
    assert not Entry.stored(3, "complete", to_json(END)).resumed
