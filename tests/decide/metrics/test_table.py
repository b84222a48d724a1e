"""Every result of one set of window data, against numbers worked out by hand."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firsttoken.decide.measure.slo import SloLimits
from firsttoken.decide.metrics.speed import turn_over
from firsttoken.decide.metrics.table import METRICS, TERMS, measure
from firsttoken.decide.metrics.value import MetricKey
from firsttoken.decide.words.units import WRITERS
from firsttoken.row import Row
from firsttoken.stats.estimate import Estimate
from tests.decide.hand import build_window, key, row

ROOT = Path(__file__).parents[3]
MOST_NAMED = 12
SLO = SloLimits({"ttft_ms": 1000.0, "tpot_ms": 20.0}, 0.95)


def answer(number: int, *, ttft: float = 500, tpot: float = 10, **fields: object) -> Row:
    first = 10 * number + ttft
    return row(f"r{number}", intended=10 * number, first=first, last=first + 100 * tpot, output=101, **fields)


def test_only_requests_intended_in_the_window_count_for_latency():
    rows = [answer(1, ttft=500), answer(2, ttft=9000, phase="settle"), answer(3, ttft=700, phase="hold")]
    results = measure(build_window(rows, SLO))

    assert results[key("ttft_ms", 0.99)].value == 500
    assert results[key("requests")].value == 1


def test_tokens_of_any_phase_count_for_throughput_but_only_those_in_the_window():
    """Both streams bring 101 tokens; half of the second's come after the window has closed."""
    rows = [answer(1, phase="settle"), row("late", intended=9000, first=9500, last=10_500, output=101, phase="measure")]

    assert measure(build_window(rows, SLO))[key("system_tok_s")].value == pytest.approx((101 + 50) / 10)


def test_tokens_that_nobody_counted_are_an_estimate_that_says_so():
    """A cut stream brings as many tokens an event as the whole one; it is half of what arrived."""
    cut = row("cut", first=500, last=1500, token_events=101, outcome="truncated")
    results = measure(build_window([answer(1), cut], SLO))

    assert results[key("system_tok_s")].value == pytest.approx(2 * 101 / 10)
    assert results[key("system_tok_s")].estimated
    assert results[key("estimated_tokens_share")].value == pytest.approx(0.5)
    assert not measure(build_window([answer(1)], SLO))[key("system_tok_s")].estimated


def test_where_no_stream_reported_its_usage_there_is_no_rate_of_tokens():
    results = measure(build_window([row("a", first=500, last=1500, token_events=101)], SLO))

    assert results[key("system_tok_s")].value is None
    assert results[key("estimated_tokens_share")].value == 1


def test_errors_stand_beside_latencies_and_not_among_them():
    rows = [answer(1, ttft=500), row("r2", outcome="http_5xx", end=3)]
    results = measure(build_window(rows, SLO))

    assert results[key("ttft_ms", 0.5)].value == 500
    assert results[key("felt_ttft_ms", 0.99)].value == math.inf
    assert results[key("attainment")].value == 0.5
    assert results[key("broken_by_error_share")].value == 0.5


def test_empty_answers_are_counted_paid_for_and_in_nothing_else():
    """Two of six answers brought no visible word: one had no token at all, one reasoned up to its cap."""
    given = [answer(number) for number in range(4)]
    silent = row("silent", intended=40, end=45, output=0)
    reasoned = replace(answer(5, outcome="length"), first_visible_ns=None)
    results = measure(build_window([*given, silent, reasoned], SLO))

    assert (results[key("empty_share")].value, results[key("empty_share")].n) == (pytest.approx(2 / 6), 6)
    assert results[key("broken_by_empty_share")].value == pytest.approx(2 / 6)
    assert results[key("at_cap_share")].value == pytest.approx(1 / 6)
    assert results[key("attainment")].value == pytest.approx(4 / 6)
    assert results[key("gave_up_per_1000")].value == results[key("error_share")].value == 0
    alone = measure(build_window(given, SLO))
    for metric in ("ttft_ms", "felt_ttft_ms", "served_ttft_ms", "tpot_ms", "e2e_ms", "stall_ms"):
        assert results[key(metric, 0.5)].value == alone[key(metric, 0.5)].value
        assert results[key(metric, 0.5)].n == 4
    assert results[key("output_tokens_mean")].value == 101
    assert results[key("dollars")].value > alone[key("dollars")].value


def test_waits_and_breaches_that_come_together_have_wider_intervals():
    """The first half of 200 requests is slow, or every other one: the same shares, not the same certainty."""

    def results(slow):
        return measure(
            build_window(
                [row(f"r{n:03}", intended=50 * n, first=50 * n + (30 if slow(n) else 10), last=50 * n + 40, output=2)
                 for n in range(200)],
                SloLimits({"ttft_ms": 20.0}, 0.95),
            )
        )  # fmt: skip

    together, apart = results(lambda n: n < 100), results(lambda n: n % 2 == 0)

    for place in (key("served_ttft_ms", 0.5), key("broken_by_ttft_share")):
        assert together[place].n == apart[place].n == 200
        assert together[place].n_eff < apart[place].n_eff / 4


def test_a_quantile_that_requests_cut_off_hide_is_a_lower_bound():
    """Three of ten were cut off after 4 s: the median stands, the p95 is at least 4 s."""
    rows = [answer(number) for number in range(7)]
    rows += [row(f"cut{number}", outcome="cancelled_by_run", end=4000) for number in range(3)]
    results = measure(build_window(rows, SLO))

    assert not results[key("ttft_ms", 0.5)].at_least
    assert results[key("ttft_ms", 0.5)].value == 500
    assert results[key("ttft_ms", 0.95)].at_least
    assert results[key("ttft_ms", 0.95)].value == 4000


def test_attainment_is_given_as_bounds_where_requests_were_cut_off_before_a_limit():
    rows = [answer(number) for number in range(9)]
    rows += [row("cut", first=500, last=600, end=700, outcome="cancelled_by_run")]
    attainment = measure(build_window(rows, SLO))[key("attainment")]

    assert attainment.value == 0.9
    assert attainment.at_least
    assert attainment.hi == 1


@pytest.mark.parametrize("place", [key("attainment"), key("ttft_ms", 0.5)])
def test_troubles_that_come_together_prove_less_than_as_many_that_come_alone(place):
    """Half of 400 requests are slow: every other one, or all those of the second half of the window."""
    slo = SloLimits({"ttft_ms": 10.0}, 0.95)
    alone = [brief(number, slow=number % 2 == 0) for number in range(400)]
    together = [brief(number, slow=number >= 200) for number in range(400)]
    narrow, wide = (measure(build_window(rows, slo))[place] for rows in (alone, together))

    assert narrow.value == wide.value
    assert wide.n_eff < 100 < narrow.n_eff


def brief(number: int, slow: bool) -> Row:
    """One of 400 requests spread over the window, each short next to a batch of it."""
    begun = 25.0 * number
    first = begun + (15 if slow else 5)
    return row(f"b{number:03}", intended=begun, first=first, last=first + 5, output=2)


def test_a_user_is_busy_through_its_attempts_and_its_back_off():
    rows = [
        row("a", 1, intended=-1000, outcome="rate_limited", end=-900, backoff_ms=2000),
        row("a", 2, intended=1100, first=3000, last=4000, output=10),
        row("b", intended=9000, outcome="lost"),
    ]
    rows[2].end_ns = None

    assert measure(build_window(rows, SLO))[key("users_busy")].value == pytest.approx((4 + 1) / 10)


def test_the_pace_of_a_stream_is_its_time_per_token_turned_over():
    results = measure(build_window([answer(number, tpot=5 + number) for number in range(20)], SLO))

    assert results[key("stream_tok_s", 0.5)].value == pytest.approx(1000 / results[key("tpot_ms", 0.5)].value)
    assert results[key("stream_tok_s", 0.05)].value == pytest.approx(1000 / 23)


def test_turned_over_the_ends_change_places():
    turned = turn_over(Estimate(10.0, 8.0, math.inf, 9, 9.0, at_least=True))

    assert (turned.value, turned.lo, turned.hi, turned.at_least) == (100, 0, 125, True)


def test_served_ttft_is_what_the_server_did_for_every_attempt_that_it_answered():
    """The user of the second request felt 1.9 s; the server began to answer after 0.4 s, twice."""
    rows = [
        row("a", 1, outcome="error_in_stream", first=400, end=500, token_events=1, backoff_ms=1000),
        row("a", 2, intended=1500, first=1900, last=2000, output=10),
    ]
    results = measure(build_window(rows, SLO))

    assert results[key("served_ttft_ms", 0.5)].value == 400
    assert results[key("felt_ttft_ms", 0.5)].value == 1900


def test_a_metric_is_in_one_term_and_has_a_label_of_its_own():
    assert sum(len(term.metrics) for term in TERMS) == len(METRICS) == 70
    assert len({metric.label for metric in METRICS.values()}) == len(METRICS)


def test_no_other_file_keeps_a_list_of_the_metrics():
    """A page or a table names the few that it shows."""
    named = {
        path: sum(f'"{name}"' in text for name in METRICS)
        for folder in ("firsttoken", "analysis", "reports", "scenarios")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in {".py", ".toml", ".json", ".typ"} and path.parent != ROOT / "firsttoken/decide/metrics"
        for text in [path.read_text(encoding="utf-8")]
    }

    assert [path for path, count in named.items() if count > MOST_NAMED] == []


def test_the_units_of_all_metrics_can_be_written():
    assert {metric.unit for metric in METRICS.values()} <= WRITERS.keys()


def test_a_key_says_what_its_value_is_over_and_leaves_open_what_nothing_was_told_of():
    [found] = [each for each in measure(build_window([answer(1)], SLO, level=4.0)) if each.metric == "goodput_rps"]

    assert found == MetricKey(
        target="model", level=4.0, repeat=0, name=None, turn=None, input_tokens=None, metric="goodput_rps", q=None
    )


def test_no_requests_give_no_results_and_no_error():
    results = measure(build_window([], SLO))

    assert results[key("requests")].value == 0
    assert results[key("ttft_ms", 0.5)].value is None
    assert results[key("attainment")].value is None
    assert results[key("system_tok_s")].value is None


OUTCOMES = st.sampled_from(["ok", "length", "truncated", "http_5xx", "rate_limited", "cancelled_by_run", "lost"])
MARKS = st.lists(st.integers(0, 5000), min_size=4, max_size=4).map(sorted)


@given(st.lists(st.tuples(OUTCOMES, MARKS, st.sampled_from(["measure", "settle"]), st.integers(0, 50)), max_size=30))
def test_whatever_the_rows_no_result_is_impossible(drawn):
    """Shares lie between 0 and 1, times and tokens are not negative, intervals hold their value, quantiles rise."""
    rows = []
    for number, (outcome, (sent, first, last, end), phase, output) in enumerate(drawn):
        reported = output if outcome in ("ok", "length") else None
        rows.append(
            row(f"r{number:02}", intended=sent, sent=sent, first=first if output else None,
                last=last if output else None, end=end, output=reported, outcome=outcome, phase=phase)
        )  # fmt: skip
    results = measure(build_window(rows, SLO, users=3))

    for place, each in results.items():
        if each.value is None:
            continue
        assert each.value >= 0
        if each.lo is not None and each.hi is not None:
            assert each.lo <= each.value <= each.hi
        if METRICS[place.metric].unit == "share":
            assert each.value <= 1
    for metric in ("ttft_ms", "felt_ttft_ms", "e2e_ms", "tpot_ms"):
        values = [results[key(metric, q)].value for q in (0.5, 0.95, 0.99)]
        assert None in values or values == sorted(values)
