"""What a load process tells while it runs: results of levels, the time left, the dollars so far."""

import pytest

from firsttoken.decoding.duration import NS
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.histogram import Histogram
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.progress import count_measured_tokens, describe_result, find_left_ns, find_usd
from firsttoken.plan.stage import StagePlan
from firsttoken.row import Row

PLAN = StagePlan(
    stage=0, target="fast", level=4.0, repeat=0, users=4, ramp_ns=NS, settle_ns=2 * NS, measure_ns=10 * NS,
    hold_ns=20 * NS,
)  # fmt: skip


def histogram(*durations_s: float) -> Histogram:
    counted = Histogram()
    for duration_s in durations_s:
        counted.add(round(duration_s * NS))
    return counted


def moved(plan: StagePlan, to_s: float, counters: Counters | None = None) -> StageClock:
    clock = StageClock(plan, 0)
    clock.advance(round(to_s * NS), counters or Counters(open_measured=1))
    return clock


def test_a_result_is_of_the_measured_requests_alone() -> None:
    counters = Counters(ended=50, failed=9, measured=20, measured_failed=2, measured_tokens=500, kept=15, judged=20)
    counters.measured_ttft = histogram(1.0, 1.0, 3.0)
    counters.ttft = histogram(9.0)

    told = describe_result(moved(PLAN, 13), counters, 15 * NS, 0.5)

    assert (told["measured"], told["failed"], told["slo_share"], told["tokens_per_s"]) == (20, 2, 0.75, 50.0)
    assert told["ttft_p50_ms"] == pytest.approx(1000, rel=0.01)


def row(first_s: float | None, last_s: float | None, tokens: int | None = 40) -> Row:
    made = Row(
        run_id="r", target="fast", stage=0, level=4.0, repeat=0, phase="measure", worker=0, user=0, request_id="0-0-0",
        attempt=1, turn=0, prompt_id="p", intended_ns=0,
    )  # fmt: skip
    made.first_token_ns = None if first_s is None else round(first_s * NS)
    made.last_token_ns = None if last_s is None else round(last_s * NS)
    made.output_tokens, made.token_events = tokens, 10
    return made


@pytest.mark.parametrize(
    ("first_s", "last_s", "tokens"),
    [(4, 6, 40), (2, 4, 20), (12, 14, 20), (1, 2, 0), (14, 15, 0), (2, 14, 40 * 10 / 12), (5, 5, 40), (1, 1, 0)],
)
def test_of_an_answer_those_tokens_count_that_came_while_its_stage_measured(
    first_s: float, last_s: float, tokens: float
) -> None:
    """It measures from 3 to 13 s."""
    assert count_measured_tokens(moved(PLAN, 15), row(first_s, last_s)) == pytest.approx(tokens)


def test_tokens_that_no_server_counted_are_its_events_and_before_measuring_there_are_none() -> None:
    assert count_measured_tokens(moved(PLAN, 15), row(4, 6, tokens=None)) == 10
    assert count_measured_tokens(moved(PLAN, 2), row(1, 2)) == 0
    assert count_measured_tokens(moved(PLAN, 15), row(None, None)) == 0


def test_reasoning_that_was_not_streamed_did_not_come() -> None:
    unstreamed, streamed = row(4, 6), row(4, 6)
    unstreamed.first_visible_ns, streamed.first_visible_ns = unstreamed.first_token_ns, 5 * NS
    unstreamed.reasoning_tokens = streamed.reasoning_tokens = 3

    came = count_measured_tokens(moved(PLAN, 15), streamed)

    assert count_measured_tokens(moved(PLAN, 15), unstreamed) == came - 3


def test_a_result_without_a_measured_request_has_no_figures() -> None:
    told = describe_result(StageClock(PLAN, 0), Counters(), NS, 0.0)

    assert (told["measured"], told["slo_share"], told["ttft_p50_ms"], told["tokens_per_s"]) == (0, None, None, None)


def test_the_time_left_is_that_of_the_stage_and_of_those_that_follow() -> None:
    counters = Counters(e2e=histogram(3.0))

    left_ns = find_left_ns([(moved(PLAN, 5), counters)], [(PLAN,), (PLAN, PLAN)], 5 * NS)

    assert left_ns == pytest.approx((8 + 13 + 13 + 3 * 3) * NS, rel=0.01)


def test_in_the_hold_only_the_answers_that_are_open_are_waited_for() -> None:
    counters = Counters(e2e=histogram(3.0), open_measured=1)

    assert find_left_ns([(moved(PLAN, 14, counters), counters)], [], 14 * NS) == pytest.approx(2 * NS, rel=0.02)


def test_an_automatic_length_is_predicted_by_the_answers_so_far() -> None:
    auto = StagePlan(
        stage=0, target="fast", level=4.0, repeat=0, users=4, ramp_ns=0, settle_ns=None, measure_ns=None, hold_ns=0
    )

    assert find_left_ns([(StageClock(auto, 0), Counters())], [], 0) == 18 * NS
    assert find_left_ns([(StageClock(auto, 0), Counters(e2e=histogram(10.0)))], [], 0) == pytest.approx(
        70 * NS, rel=0.02
    )


def test_nobody_can_tell_how_long_a_search_or_a_count_takes() -> None:
    counted = StagePlan(
        stage=0, target="fast", level=4.0, repeat=0, users=4, ramp_ns=0, settle_ns=0, measure_ns=None, hold_ns=0,
        requests=200,
    )  # fmt: skip

    assert find_left_ns([(StageClock(PLAN, 0), Counters())], None, 0) is None
    assert find_left_ns([(StageClock(counted, 0), Counters())], [], 0) is None


def test_dollars_are_the_sum_unless_a_price_is_not_known() -> None:
    assert find_usd([Counters(nano_usd=1_500_000_000), Counters(nano_usd=500_000_000)]) == 2.0
    assert find_usd([Counters(nano_usd=1), Counters(unpriced=1)]) is None
    assert find_usd([]) == 0.0
