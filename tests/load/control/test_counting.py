"""What an attempt and a request add to the counters of their stage."""

from dataclasses import dataclass, field

import pytest

from firsttoken.load.control.counters import Counters
from firsttoken.load.control.counting import count_attempt, count_request
from firsttoken.load.control.phases import StageClock
from firsttoken.plan.stage import StagePlan
from firsttoken.row import CREDIT_SPENT, Row

MS = 1_000_000


@dataclass
class Request:
    """As much of a request as is counted."""

    rows: list[Row] = field(default_factory=list)
    intended_ns: int = 0
    phase: str = "measure"


def stage() -> StageClock:
    lengths = {"ramp_ns": 0, "settle_ns": 0, "measure_ns": 10_000 * MS, "hold_ns": MS}
    clock = StageClock(StagePlan(stage=0, target="a", level=1.0, repeat=0, users=1, **lengths), 0)
    clock.advance(1, Counters())
    return clock


def answer(outcome: str = "ok", **keys: object) -> Row:
    """An answer of ten tokens, from 10 to 100 ms after it was sent at 5 ms."""
    times = {"sent_ns": 5, "first_token_ns": 15, "first_visible_ns": 15, "last_token_ns": 105, "end_ns": 110}
    return Row(outcome=outcome, output_tokens=10, **({name: at * MS for name, at in times.items()} | keys))


def count(*requests: Request, value_of=None) -> Counters:
    counters = Counters()
    for request in requests:
        count_request(counters, stage(), request, value_of)
    return counters


@pytest.mark.parametrize(
    ("outcome", "answered", "unanswered"),
    [("ok", 1, 0), ("connect", 0, 1), ("http_5xx", 0, 1), ("cancelled_by_run", 0, 0), (None, 0, 0)],
)
def test_an_attempt_says_whether_the_server_lives(outcome, answered, unanswered) -> None:
    counters = Counters()

    count_attempt(counters, Row(outcome=outcome), nano_usd=0)

    assert (counters.answered, counters.unanswered) == (answered, unanswered)


def test_what_attempts_cost_adds_up_and_those_without_a_price_are_counted() -> None:
    counters = Counters()

    for nano_usd in (5, 7, None):
        count_attempt(counters, answer(), nano_usd)

    assert (counters.nano_usd, counters.unpriced) == (12, 1)


def test_a_refusal_for_want_of_credit_is_counted_with_its_words() -> None:
    counters = Counters()

    count_attempt(counters, Row(outcome="rate_limited", checks=[CREDIT_SPENT], error="no credit"), 0)
    count_attempt(counters, Row(outcome="rate_limited", error="slow down"), 0)

    assert (counters.unpaid, counters.unpaid_words) == (1, "no credit")


def test_a_request_that_succeeded_is_counted_with_its_times_and_tokens() -> None:
    counters = count(Request([answer()]))

    assert (counters.ended, counters.failed, counters.measured, counters.measured_failed) == (1, 0, 1, 0)
    assert counters.e2e.quantile(0.5) == pytest.approx(110 * MS, rel=0.02)
    assert counters.ttft.quantile(0.5) == counters.measured_ttft.quantile(0.5) == pytest.approx(10 * MS, rel=0.02)
    assert counters.measured_tokens == 10


def test_a_request_is_what_its_last_attempt_is() -> None:
    failed = count(Request([answer("rate_limited"), answer("http_5xx")]))
    saved = count(Request([answer("rate_limited"), answer()]))

    assert (failed.ended, failed.failed, failed.measured_failed, failed.e2e.count) == (1, 1, 1, 0)
    assert (saved.ended, saved.failed, saved.measured_failed, saved.e2e.count) == (1, 0, 0, 1)


@pytest.mark.parametrize("rows", [[], [answer("cancelled_by_run")], [answer("cancelled_by_user")], [Row(outcome="ok")]])
def test_a_request_that_was_stopped_or_never_sent_counts_for_nothing(rows) -> None:
    assert count(Request(rows)) == Counters()


def test_only_measured_requests_have_a_measured_count_and_a_value() -> None:
    settling, measured = Request([answer()], phase="settle"), Request([answer()], intended_ns=7)

    counters = count(settling, measured, value_of=lambda rows: float(len(rows)))

    assert (counters.ended, counters.measured) == (2, 1)
    assert counters.samples == [(7, 1.0)]


def test_an_empty_answer_has_no_measured_time_to_a_first_token() -> None:
    counters = count(Request([answer(first_visible_ns=None)]))

    assert (counters.measured, counters.measured_ttft.count, counters.ttft.count) == (1, 0, 1)


def test_a_request_without_a_value_adds_no_sample() -> None:
    assert count(Request([answer()]), value_of=lambda rows: None).samples == []
