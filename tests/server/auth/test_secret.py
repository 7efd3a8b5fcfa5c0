"""What the server signs, and by which names it calls its users."""

import itsdangerous.timed
import pytest
from hypothesis import given
from hypothesis import strategies as st

import server.auth.secret
from server.auth.secret import LEEWAY_S, Secret, secrets_in
from server.settings import SettingsError

ONE, OTHER = "1" * 32, "2" * 32
NOW = 1_800_000_000


class Clock:
    """Stands where itsdangerous looks for the time."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (itsdangerous.timed, server.auth.secret):
        monkeypatch.setattr(module, "time", clock)
    return clock


def test_what_was_signed_is_known_again_for_its_time(clock: Clock) -> None:
    signed = Secret([ONE]).sign("door", "kim")
    inside, outside = (0, 60, 60 + LEEWAY_S, -LEEWAY_S), (61 + LEEWAY_S, -1 - LEEWAY_S, -3600)
    for passed, known in [(second, "kim") for second in inside] + [(second, None) for second in outside]:
        clock.now = NOW + passed
        assert Secret([ONE]).signed("door", signed, 60) == known


def test_neither_another_purpose_nor_another_secret_will_do() -> None:
    signed = Secret([ONE]).sign("door", "kim")
    assert Secret([ONE]).signed("window", signed, 60) is None
    assert Secret([OTHER]).signed("door", signed, 60) is None
    assert Secret().signed("door", Secret().sign("door", "kim"), 60) is None  # each makes up its own


def test_while_one_replaces_another_both_are_known_and_the_first_signs() -> None:
    old = Secret([ONE]).sign("door", "kim")
    both = Secret([OTHER, ONE])
    assert both.signed("door", old, 60) == "kim"
    assert Secret([OTHER]).signed("door", both.sign("door", "kim"), 60) == "kim"
    assert Secret([ONE]).signed("door", both.sign("door", "kim"), 60) is None


SIGNED = Secret([ONE]).sign("door", "kim")  # once: what is generated must be the same again
AGE_S = 1e6


@given(st.data())
def test_nothing_that_was_changed_is_known(data: st.DataObject) -> None:
    secret = Secret([ONE])
    assert secret.signed("door", SIGNED, AGE_S) == "kim"
    at = data.draw(st.integers(0, len(SIGNED) - 2))  # of the last letter two bits mean nothing
    other = data.draw(st.characters(exclude_characters=SIGNED[at]))
    assert secret.signed("door", SIGNED[:at] + other + SIGNED[at + 1 :], AGE_S) is None


@given(st.text())
def test_whatever_comes_is_refused_in_silence(text: str) -> None:
    assert Secret([ONE]).signed("door", text, 60) is None


def test_a_pseudonym_is_one_users_and_tells_nothing() -> None:
    secret = Secret([ONE])
    assert secret.pseudonym("kim") == Secret([OTHER, ONE]).pseudonym("kim")  # while another one takes its place
    names = ["kim", "Kim", "kim ", "", "lee", "\0backend"]
    pseudonyms = {secret.pseudonym(name) for name in names} | {Secret([OTHER]).pseudonym(name) for name in names}
    assert len(pseudonyms) == 2 * len(names)
    assert all("kim" not in pseudonym and len(pseudonym) == 32 for pseudonym in pseudonyms)


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert secrets_in("A_SECRET", "it") == []
    monkeypatch.setenv("A_SECRET", f" {ONE} ,{OTHER},")
    assert secrets_in("A_SECRET", "it") == [ONE, OTHER]
    monkeypatch.setenv("A_SECRET", f"{ONE},guessable-word")
    with pytest.raises(SettingsError, match="A_SECRET") as refused:
        secrets_in("A_SECRET", "it")
    assert "guessable-word" not in str(refused.value)
