"""Who met the SLO: ten requests by hand, one for each edge."""

import pytest
from msgspec.structs import replace

from firsttoken.decide.measure.attempts import group_requests
from firsttoken.decide.measure.latency import measure_latencies
from firsttoken.decide.measure.slo import Judged, SloLimits, judge_requests, read_slo
from firsttoken.row import STOPPED_IN_BACKOFF, UNSEEN_FIRST_WORD, Row
from firsttoken.scenario.slo import Slo
from tests.decide.hand import MS, row, take

SLO = SloLimits({"ttft_ms": 1000.0, "felt_ttft_ms": 2000.0, "tpot_ms": 20.0}, 0.95)
CUT = {"outcome": "cancelled_by_run"}

TEN = {
    "kept, with a limit met to the millisecond": [row("r0", first=1000, last=2000, output=51)],
    "first token too late": [row("r1", first=1001, last=1500, output=51)],
    "too slow, though it began in time": [row("r2", first=500, last=1521, output=51)],
    "ended in an error before every limit": [row("r3", outcome="http_5xx", end=20)],
    "broke off in mid-stream": [row("r4", outcome="truncated", first=500, last=600, end=700)],
    "saved by a retry, and still in time": [
        row("r5", 1, outcome="rate_limited", end=5, backoff_ms=500),
        row("r5", 2, intended=505, first=1400, last=1500, output=51),
    ],
    "saved by a retry, too late for the user": [
        row("r6", 1, outcome="rate_limited", end=5, backoff_ms=1500),
        row("r6", 2, intended=1505, first=2100, last=2200, output=51),
    ],
    "cut off past a limit": [row("r7", end=1200, **CUT)],
    "cut off before any limit": [row("r8", first=500, last=700, end=800, **CUT)],
    "one token, which has no pace to break": [row("r9", first=900, last=900, output=1)],
}
KEPT = {0, 5, 9}
UNDECIDED = {8}


def judge(rows: list[Row], slo: SloLimits = SLO) -> Judged:
    attempts = take(rows)
    requests = group_requests(attempts, 60_000 * MS)
    return judge_requests(requests, measure_latencies(attempts, requests), slo)


@pytest.mark.parametrize(("number", "case"), list(enumerate(TEN)))
def test_each_edge_falls_on_its_side(number, case):
    judged = judge(TEN[case])

    assert (judged.met[0], judged.undecided[0]) == (number in KEPT, number in UNDECIDED)
    assert judged.missed[0] == (number not in KEPT | UNDECIDED)


def test_ten_together_are_judged_as_one_by_one():
    judged = judge([each for rows in TEN.values() for each in rows])

    assert set(judged.met.nonzero()[0]) == KEPT
    assert set(judged.undecided.nonzero()[0]) == UNDECIDED


def test_it_is_known_what_each_broke_on():
    missed_by = judge([each for rows in TEN.values() for each in rows]).missed_by

    assert {cause: set(who.nonzero()[0]) for cause, who in missed_by.items()} == {
        "error": {3, 4},
        "empty": set(),
        "ttft_ms": {1, 7},
        "felt_ttft_ms": {6},
        "tpot_ms": {2},
    }


def test_without_usage_nobody_knows_whether_a_pace_was_kept():
    assert judge([row("a", first=500, last=1500, token_events=50)]).undecided.all()


@pytest.mark.parametrize("limits_ms", [{}, {"ttft_ms": 1000.0}, {"e2e_ms": 1000.0}, {"tpot_ms": 20.0}])
def test_an_empty_answer_misses_any_slo_however_soon_it_came(limits_ms):
    judged = judge([row("a", end=7, output=0)], SloLimits(limits_ms, 0.95))

    assert judged.missed.all()
    assert [cause for cause, who in judged.missed_by.items() if who.any()] == ["empty"]


def test_reasoning_that_was_cut_before_a_visible_word_is_empty():
    cut = replace(row("a", first=100, last=900, output=50, outcome="length"), first_visible_ns=None)

    assert judge([cut]).missed_by["empty"].all()


@pytest.mark.parametrize("reported", [{"tool_calls": 1}, {"checks": [UNSEEN_FIRST_WORD]}])
def test_an_answer_whose_product_has_no_mark_of_its_own_is_not_empty(reported):
    unmarked = replace(row("a", first=100, last=900, output=50, **reported), first_visible_ns=None)

    assert not judge([unmarked]).missed_by["empty"].any()


@pytest.mark.parametrize(("limit_ms", "missed"), [(1000.0, False), (50.0, True)])
def test_a_first_visible_word_that_nobody_saw_came_no_sooner_than_the_first_token(limit_ms, missed):
    unseen = replace(row("a", first=100, last=900, output=50, checks=[UNSEEN_FIRST_WORD]), first_visible_ns=None)
    judged = judge([unseen], SloLimits({"ttfo_ms": limit_ms}, 0.95))

    assert (judged.missed[0], judged.met[0]) == (missed, False)


def test_an_empty_answer_after_a_retry_did_not_give_up():
    judged = judge([row("a", 1, outcome="http_5xx", end=5, backoff_ms=1), row("a", 2, intended=6, end=9)])

    assert [cause for cause, who in judged.missed_by.items() if who.any()] == ["empty"]


def test_without_limits_the_slo_is_success():
    judged = judge([row("a", first=9000, last=9001, output=2), row("b", outcome="tls", end=3)], SloLimits({}, 0.95))

    assert judged.met.tolist() == [True, False]


def test_only_limits_that_are_set_are_promised():
    slo = read_slo(Slo(ttft="1.5s", tpot="20ms", share=0.9))

    assert slo == SloLimits({"ttft_ms": 1500.0, "tpot_ms": 20.0}, 0.9)


@pytest.mark.parametrize(
    "rows",
    [
        [row("r", first=500, last=700, end=800, outcome="stopped_by_user")],
        [row("r", outcome="rate_limited", end=5, backoff_ms=1500, checks=[STOPPED_IN_BACKOFF])],
    ],
)
def test_a_request_that_its_own_user_stopped_in_time_is_neither_met_nor_missed_nor_undecided(rows):
    judged = judge(rows)

    assert (judged.excused[0], judged.met[0], judged.missed[0], judged.undecided[0]) == (True, False, False, False)


def test_a_request_that_its_own_user_stopped_after_too_long_a_wait_is_broken():
    judged = judge([row("r", end=1200, outcome="stopped_by_user")])

    assert (judged.missed[0], judged.excused[0]) == (True, False)
