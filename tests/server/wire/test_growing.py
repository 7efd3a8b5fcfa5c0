"""A text that grows where nothing can be taken back."""

from hypothesis import given
from hypothesis import strategies as st

from server.wire.growing import Growing

PIECES = st.lists(st.text(" \na가", max_size=4))


@given(PIECES)
def test_blanks_wait_until_more_follows(pieces: list[str]) -> None:
    growing = Growing()
    sent = ""
    for count, piece in enumerate(pieces, start=1):
        sent += growing.more(piece)
        assert sent == "".join(pieces[:count]).rstrip()
    assert growing.sent == bool(sent)
    assert sent + (growing.rest("".join(pieces), exact=True) or "") == "".join(pieces)


@given(PIECES, PIECES)
def test_it_goes_on_behind_what_was_missed(pieces: list[str], missed: list[str]) -> None:
    growing = Growing()
    sent = "".join(map(growing.more, pieces))
    sent += growing.up_to("".join([*pieces, *missed])) or ""
    assert sent == "".join([*pieces, *missed]).rstrip()


def test_what_contradicts_it_is_nothing_that_could_follow() -> None:
    growing = Growing()
    growing.more(" ab")
    assert growing.up_to(" a") is growing.up_to("abc") is growing.rest("abc", exact=True) is None
    assert growing.rest("abc", exact=False) == "c"
