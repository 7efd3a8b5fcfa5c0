"""How long a client tries in vain: time that passes at once here."""

from types import SimpleNamespace

import pytest

import moim_client.patience
from moim_client.patience import Patience


class Clock:
    """Stands still unless a test moves it."""

    now = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(moim_client.patience, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def tries(patience: Patience, clock: Clock, least_s: float = 2, takes_s: float = 0) -> list[float]:
    """The pauses until it has had enough, or forty of them; each try takes so long."""
    pauses: list[float] = []
    while len(pauses) < 40 and (pause := patience.failed(least_s)) is not None:
        pauses.append(pause)
        clock.now += pause + takes_s
    return pauses


def test_pauses_grow_and_end(clock: Clock) -> None:
    pauses = tries(Patience(60), clock)
    for pause, least in zip(pauses, [2, 4, 8, 8, 8, 8, 8, 8], strict=False):
        assert least <= pause < 1.5 * least
    assert 45 < sum(pauses) <= 60


def test_tries_that_take_their_time_are_time_in_vain(clock: Clock) -> None:
    assert len(tries(Patience(60), clock, takes_s=15)) == 3


def test_time_in_which_a_connection_stands_is_not(clock: Clock) -> None:
    """A model may think for minutes, and a proxy cut each silence of half a minute."""
    patience, pauses = Patience(60), 0
    while (pause := patience.failed(2)) is not None:
        pauses += 1
        clock.now += pause
        patience.connected()
        clock.now += 30
    assert 5 < pauses < 12


def test_news_makes_it_patient_again(clock: Clock) -> None:
    patience = Patience(60)
    tries(patience, clock)
    patience.renew()
    clock.now += 1000
    pauses = tries(patience, clock)
    assert pauses[0] < 3
    assert sum(pauses) > 45


def test_there_is_always_another_try_and_never_at_once(clock: Clock) -> None:
    assert 0.25 <= tries(Patience(60), clock, least_s=0)[0] < 0.4
    assert tries(Patience(60), clock, least_s=3600) == [60]
    assert tries(Patience(0), clock) == [0]


def test_no_two_clients_wait_as_long(clock: Clock) -> None:
    assert len({Patience(60).failed(2) for _ in range(20)}) > 15


def test_with_all_the_time_in_the_world(clock: Clock) -> None:
    patience = Patience(float("inf"))
    for _ in range(5000):
        pause = patience.failed(0)
        assert pause is not None
        assert pause <= 12
