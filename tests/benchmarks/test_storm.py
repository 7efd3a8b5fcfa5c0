"""The simulated reconnect storm, on storms so small that each can be worked out by hand."""

from dataclasses import replace
from itertools import pairwise
from math import inf

import pytest

from benchmarks.scaling.storm import BUCKET_S, Storm, back_by, simulate

AT_ONCE = Storm(readers=3, workers=1, resume_s=1.0, busy=0.0, jitter=(1.0, 1.0), noticed_s=0.0)
"""All come after 2 s to a worker who needs a second for each."""


def test_a_worker_resumes_one_after_another() -> None:
    outcome = simulate(AT_ONCE)
    assert outcome.attempts == [2, 2, 2]
    assert outcome.back == [3, 4, 5]
    assert outcome.cpu_s == 3
    assert (outcome.refused, outcome.given_up) == (0, 0)


def test_a_worker_has_other_work() -> None:
    outcome = simulate(replace(AT_ONCE, busy=0.75))
    assert outcome.back == [6, 10, 14]
    assert outcome.cpu_s == 3


def test_readers_spread_over_all_workers() -> None:
    outcome = simulate(replace(AT_ONCE, readers=3000, workers=3, backlog=3000, patience_s=3000))
    assert 1000 + 2 <= outcome.back[-1] < 1150


def test_who_finds_the_queue_full_comes_again() -> None:
    outcome = simulate(replace(AT_ONCE, backlog=1))
    assert outcome.attempts == [2, 2, 2, 4, 4, 6]
    assert outcome.back == [3, 5, 7]
    assert (outcome.refused, outcome.given_up) == (3, 0)
    assert outcome.cpu_s == 3


def test_who_waits_in_vain_has_cost_as_much_and_comes_again() -> None:
    outcome = simulate(replace(AT_ONCE, patience_s=2.5))
    assert outcome.attempts == [2, 2, 2, 6.5]
    assert outcome.back == [3, 4, 7.5]
    assert (outcome.refused, outcome.given_up) == (0, 1)
    assert outcome.cpu_s == 4


def test_waits_grow_up_to_the_longest() -> None:
    blocked = replace(AT_ONCE, readers=2, resume_s=25.0, backlog=1, growth=2.0, longest_s=5.0)
    assert simulate(blocked).attempts == [2, 2, 6, 11, 16, 21, 26, 31]


def test_a_wait_that_is_longer_than_the_longest_is_not_cut() -> None:
    blocked = replace(AT_ONCE, readers=2, resume_s=9.0, backlog=1, retry_s=5.0, growth=2.0, longest_s=1.0)
    assert simulate(blocked).attempts == [5, 5, 10, 15]


def test_each_reader_keeps_the_wait_that_it_was_told() -> None:
    blocked = replace(AT_ONCE, readers=2, resume_s=20.0, backlog=1, jitter=(0.5, 1.5))
    first, *others = simulate(blocked).attempts
    waits = [later - earlier for earlier, later in pairwise([0.0, *others])]
    assert waits == pytest.approx([others[0]] * len(others))
    assert 1 <= first < others[0] <= 3


def test_jitter_spreads_them_over_two_seconds() -> None:
    together = replace(AT_ONCE, readers=10_000, workers=10, resume_s=1e-6)
    spread = simulate(replace(together, jitter=(0.5, 1.5)))
    assert simulate(together).peak == 10_000
    assert 500 <= spread.peak < 600
    assert 1 <= spread.attempts[0] < 1.01
    assert 2.99 < spread.attempts[-1] <= 3


def test_the_news_takes_its_time() -> None:
    attempts = simulate(replace(AT_ONCE, readers=1000, workers=10, resume_s=1e-6, noticed_s=0.5)).attempts
    assert 2 <= attempts[0] < 2.01
    assert 2.49 < attempts[-1] <= 2.5


def test_nobody_is_lost_however_bad_it_is() -> None:
    outcome = simulate(Storm(readers=2000, workers=2, resume_s=0.01, backlog=220, patience_s=4.0, growth=2.0))
    assert len(outcome.back) == 2000
    assert outcome.refused > 0
    assert outcome.given_up > 0
    assert len(outcome.attempts) == 2000 + outcome.refused + outcome.given_up
    assert outcome.cpu_s == pytest.approx(0.01 * (2000 + outcome.given_up))


def test_waiting_longer_each_time_means_fewer_attempts() -> None:
    storm = Storm(readers=2000, workers=2, resume_s=0.01, backlog=100)
    assert len(simulate(replace(storm, growth=2.0)).attempts) < 0.7 * len(simulate(storm).attempts)


def test_the_same_seed_gives_the_same_storm() -> None:
    storm = Storm(readers=100, workers=3, resume_s=0.05)
    assert simulate(storm) == simulate(storm)
    assert simulate(storm) != simulate(replace(storm, seed=2))


def test_workers_who_serve_only_those_who_have_left_never_catch_up() -> None:
    """The queue is longer than anybody waits: whoever is served has gone, and asks again at its end."""
    collapse = Storm(readers=2000, workers=2, resume_s=0.01, backlog=300, patience_s=4.0, until_s=100.0)
    outcome = simulate(collapse)
    assert len(outcome.back) < 1000
    assert outcome.back_after(1) == inf
    assert max(outcome.attempts) < 100
    assert outcome.cpu_s > 0.9 * 100 * 2 * 0.5  # for nothing
    assert len(simulate(replace(collapse, growth=2.0)).back) == 2000
    assert len(simulate(replace(collapse, backlog=150)).back) == 2000


def test_what_is_drawn_is_what_happened() -> None:
    outcome = simulate(Storm(readers=1000, workers=2, resume_s=0.002, backlog=50))
    assert sum(rate * BUCKET_S for _, rate in outcome.rates()) == pytest.approx(len(outcome.attempts))
    assert max(rate for _, rate in outcome.rates()) * BUCKET_S == pytest.approx(outcome.peak)
    for at, share in back_by(outcome):
        assert sum(back < at for back in outcome.back) == pytest.approx(share * 1000)
    assert back_by(outcome)[-1][1] == pytest.approx(1)


def test_shares_of_the_readers() -> None:
    outcome = simulate(replace(AT_ONCE, readers=100, patience_s=200.0))
    assert [outcome.back_after(share) for share in (0.01, 0.5, 0.99, 1)] == [3, 52, 101, 102]
