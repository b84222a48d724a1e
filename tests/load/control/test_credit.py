"""Spent credit ends a run within seconds, and what only sounds like it never does."""

from itertools import count
from pathlib import Path

import pytest

from firsttoken.decoding.duration import NS
from firsttoken.load.control.credit import Credit, CreditBreaker, account_of, says_spent
from firsttoken.row import CREDIT_SPENT, Row
from firsttoken.scenario.target import Target
from tests.driven import drive, rows_of
from tests.load.counted import counted
from tests.wire.spoken import CHAT, event, plain, stream

TARGET = Target(model="m", base_url="https://api.test/v1", key_env="TEAM_KEY", prices="unknown")


def refused(**fields: object) -> Row:
    return Row(**({"outcome": "rate_limited", "http_status": 429, "checks": [CREDIT_SPENT], "end_ns": 5} | fields))  # type: ignore[arg-type]


def test_a_refusal_before_any_token_says_it_and_nothing_else_does() -> None:
    assert says_spent(refused())
    assert not says_spent(refused(checks=[]))
    assert not says_spent(refused(first_token_ns=3))
    assert not says_spent(refused(outcome="ok"))


def test_a_spent_account_is_not_tried_again() -> None:
    credit = Credit()

    assert credit.is_spent(refused())
    assert credit.is_spent(refused())


def test_where_a_later_attempt_is_answered_the_words_mean_something_that_passes() -> None:
    credit = Credit()
    credit.is_spent(refused(end_ns=5))

    credit.is_spent(Row(outcome="ok", sent_ns=3, end_ns=9))
    assert credit.is_spent(refused()), "that answer had begun before"

    credit.is_spent(Row(outcome="ok", sent_ns=7, end_ns=9))
    assert not credit.is_spent(refused())


def watch(per_second: float, until_s: float, **told: int) -> tuple[CreditBreaker, float | None]:
    """Refuse so many attempts a second, and when it tripped."""
    breaker = CreditBreaker(TARGET)
    for number in count(1):
        at_s = number / per_second
        if at_s > until_s:
            return breaker, None
        counts = {"answered": 0, "streaming": 0, "pending": 0} | told
        breaker.record_counts(refused=number, words="no credit", now_ns=round(at_s * NS), **counts)
        if breaker.tripped:
            return breaker, at_s
    raise AssertionError


@pytest.mark.parametrize("per_second", [2, 5, 1_000])
def test_a_spent_account_is_left_within_seconds_and_named(per_second: float) -> None:
    breaker, tripped_s = watch(per_second, 60)

    assert tripped_s is not None
    assert tripped_s <= 3
    assert "the credit of the account of TEAM_KEY at api.test is spent" in (breaker.tripped or "")
    assert '"no credit"' in (breaker.tripped or "")


def test_good_answers_in_between_keep_it_going() -> None:
    breaker = CreditBreaker(TARGET)
    for tick in range(6_000):
        breaker.record_counts(
            answered=tick // 20, refused=5 * tick, streaming=0, pending=0, words="", now_ns=tick * NS // 20
        )

    assert breaker.tripped is None


def test_while_streams_run_the_words_are_of_too_many_at_once() -> None:
    assert watch(100, 120, streaming=4)[1] is None


def test_attempts_that_may_still_be_answered_are_waited_for_but_not_for_ever() -> None:
    tripped_s = watch(100, 120, pending=2)[1]

    assert tripped_s is not None
    assert 30 <= tripped_s <= 31


def test_a_few_refusals_are_not_enough() -> None:
    assert watch(0.1, 40)[1] is None


def test_a_new_stage_counts_from_the_beginning_and_the_row_goes_on() -> None:
    breaker = CreditBreaker(TARGET)
    for refused_so_far, at_s in ((3, 0), (4, 1), (1, 2), (2, 3)):
        breaker.record_counts(answered=0, refused=refused_so_far, streaming=0, pending=0, words="", now_ns=at_s * NS)

    assert breaker.tripped is not None


def test_one_account_is_one_host_and_one_key() -> None:
    same = Target(model="other", base_url="https://api.test/v2", key_env="TEAM_KEY", prices="unknown")
    other = Target(model="other", base_url="https://api.test/v1", key_env="OTHER_KEY", prices="unknown")

    assert account_of(same) == account_of(TARGET)
    assert account_of(other) != account_of(TARGET)


SPENT = plain(
    "429 Too Many Requests", b'{"error":{"message":"no credit left","type":"insufficient_quota","code":null}}'
)
LIMITED = stream([event({"error": {"message": "slow down", "code": "rate_limit_exceeded"}})], retry_after_ms="30")
SCENARIO = """
name = "account"
[[target]]
model = "m"
base_url = "{base_url}"
prices = "unknown"
[traffic]
locustfile = "chat"
input_tokens = 20
output_tokens = 16
[load]
rate = [20]
settle = "0s"
measure = "{measure}"
hold = "2s"
"""


def test_a_run_on_spent_credit_ends_within_seconds_with_workers_too(tmp_path: Path) -> None:
    with counted(lambda number: stream(CHAT) if number < 10 else SPENT) as server:
        run = drive(tmp_path, SCENARIO.format(base_url=server.base_url, measure="120s"), workers=2)

    rows = rows_of(run.path)
    assert "is spent: m refused the last" in (run.manifest.budget or "")
    assert "no credit left" in (run.manifest.budget or "")
    assert run.manifest.state == "complete"
    assert max(row.attempt for row in rows) == 1
    assert 5 <= sum(row.outcome == "rate_limited" for row in rows) < 20 * 60


def test_a_rate_limit_in_the_first_event_of_a_200_is_tried_again_after_its_wait(tmp_path: Path) -> None:
    with counted(lambda number: LIMITED if number % 2 else stream(CHAT)) as server:
        run = drive(tmp_path, SCENARIO.format(base_url=server.base_url, measure="2s"))

    rows = rows_of(run.path)
    limited = [row for row in rows if row.outcome == "rate_limited" and row.attempt < 3]
    assert limited
    assert {row.http_status for row in limited} == {200}
    assert {row.backoff_ms for row in limited} == {30.0}
    assert any(row.outcome == "ok" and row.attempt > 1 for row in rows)
    assert run.manifest.budget is None
