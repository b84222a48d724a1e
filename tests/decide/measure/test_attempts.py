"""Attempts become requests."""

import numpy as np
import pytest

from firsttoken.decide.measure.attempts import group_requests, join_attempts, join_requests
from tests.decide.hand import MS, row, take

RETRIED = [
    row("a", 1, outcome="rate_limited", end=5, backoff_ms=500),
    row("a", 2, intended=505, first=900, last=1000, output=10),
]
WAITING = [row("b", 1, intended=10, outcome="http_5xx", end=20, backoff_ms=8000)]


def test_attempts_of_one_request_lie_side_by_side():
    requests = group_requests(take([*RETRIED, *WAITING]), 100 * MS)

    assert requests.tries.tolist() == [2, 1]
    assert requests.first.tolist() == [0, 2]
    assert requests.last.tolist() == [1, 2]
    assert requests.intended_ns.tolist() == [0, 10 * MS]


def test_a_request_cut_off_in_its_back_off_did_not_give_up():
    """The stage ended before the retry was due: nobody knows how it would have gone."""
    requests = group_requests(take(WAITING), 100 * MS)

    assert requests.waiting.all()
    assert requests.unjudged.all()
    assert not requests.gave_up.any()
    assert requests.end_ns.tolist() == [100 * MS]


def test_a_failure_without_a_back_off_gave_up():
    requests = group_requests(take([row("c", outcome="http_5xx", end=20)]), 100 * MS)

    assert requests.gave_up.all()


@pytest.mark.parametrize("outcome", ["cancelled_by_run", "cancelled_by_user", "lost", "client_error"])
def test_what_we_ended_ourselves_says_nothing_of_the_server(outcome):
    requests = group_requests(take([row("d", outcome=outcome, end=20)]), 100 * MS)

    assert requests.unjudged.all()
    assert not requests.gave_up.any()


def test_no_attempts_are_no_requests():
    assert len(group_requests(take([]), np.nan)) == 0


def test_stages_are_joined_with_their_attempts_still_in_place():
    parts = [take(RETRIED), take(WAITING), take(RETRIED)]
    joined = join_requests([group_requests(part, 100 * MS) for part in parts], parts)

    assert joined.first.tolist() == [0, 2, 3]
    assert joined.last.tolist() == [1, 2, 4]
    assert len(join_attempts(parts)) == 5
    assert join_attempts(parts).gap_count.tolist() == [0, 9, 0, 0, 9]
