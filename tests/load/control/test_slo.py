"""A request is judged while the run goes on exactly as the report judges it afterwards."""

import random

import msgspec
import pytest

from firsttoken.decide.measure.attempts import group_requests
from firsttoken.decide.measure.latency import measure_latencies
from firsttoken.decide.measure.slo import judge_requests, read_slo
from firsttoken.load.control.slo import LatencyLimits, keeps, measure_request, read_limits, shows
from firsttoken.row import BUFFERED, REASONING_SUMMARY, UNSEEN_FIRST_WORD, Outcome, Row
from firsttoken.scenario.slo import Slo
from tests.decide.hand import MS, row, take

OUTCOMES: tuple[Outcome, ...] = Outcome.__args__
LIKELY: tuple[Outcome, ...] = ("ok", "length", "cancelled_by_run", "rate_limited")
MARKS = ("sent_ns", "first_token_ns", "first_visible_ns", "last_token_ns", "end_ns")


def draw_slo(rng: random.Random) -> Slo:
    """An SLO that limits any of the latencies, to a time that drawn requests are near."""
    keys = [key for key in ("ttft", "ttfo", "felt_ttft", "tpot", "e2e") if rng.random() < 0.4]
    return Slo(**{key: f"{rng.choice([5, 10, 20] if key == 'tpot' else [100, 200, 400, 800])}ms" for key in keys})


def draw_attempt(rng: random.Random, request: str, attempt: int, intended_ms: int) -> Row:
    """A row whose marks come in order on a coarse clock, so that limits are met exactly; any of them may be missing."""
    steps = [rng.choice([0, 0, 50, 100, 150, 300]) for _ in MARKS]
    times = [(intended_ms + sum(steps[: place + 1])) * MS for place in range(len(MARKS))]
    marks = {name: at_ns if rng.random() < 0.9 else None for name, at_ns in zip(MARKS, times, strict=True)}
    return Row(
        request_id=request,
        attempt=attempt,
        phase="measure",
        intended_ns=intended_ms * MS,
        outcome=rng.choice(LIKELY if rng.random() < 0.7 else OUTCOMES),
        backoff_ms=rng.choice([None, None, 50.0, 333.3]),
        output_tokens=rng.choice([None, 0, 1, 2, 7, 11, 31]),
        reasoning_tokens=rng.choice([None, None, 0, 1, 10]),
        token_events=rng.choice([0, 1, 2, 30]),
        checks=[check for check in (REASONING_SUMMARY, UNSEEN_FIRST_WORD, BUFFERED) if rng.random() < 0.1],
        tool_calls=rng.choice([None, None, 0, 1]),
        **marks,
    )


def draw_request(rng: random.Random) -> tuple[list[Row], int | None]:
    """The rows of a request of one to three attempts, and when its stage was stopped."""
    rows = [draw_attempt(rng, "r", number, 100 * number) for number in range(1, rng.choice([1, 1, 2, 3]) + 1)]
    return rows, rng.choice([None, 400, 900, 2000])


def judge_as_reported(slo: Slo, rows: list[Row], stopped_ms: int | None) -> bool | None:
    """What the report's own arithmetic says of these rows."""
    attempts = take(rows)
    requests = group_requests(attempts, float("nan") if stopped_ms is None else stopped_ms * MS)
    judged = judge_requests(requests, measure_latencies(attempts, requests), read_slo(slo))
    return None if judged.undecided[0] or judged.excused[0] else bool(judged.met[0])


@pytest.mark.parametrize("seed", range(8))
def test_the_two_never_disagree(seed: int) -> None:
    rng = random.Random(seed)
    said = []
    for _ in range(400):
        slo, (rows, stopped_ms) = draw_slo(rng), draw_request(rng)
        verdict = keeps(read_limits(slo), rows, None if stopped_ms is None else stopped_ms * MS)
        assert verdict == judge_as_reported(slo, rows, stopped_ms), (slo, rows, stopped_ms)
        said.append(verdict)

    assert {said.count(verdict) > 20 for verdict in (True, False, None)} == {True}


def begin(sent: int, first: int | None = None) -> Row:
    """The row of an attempt that is still under way; times in ms."""
    return msgspec.structs.replace(row("r", sent=sent, first=first), outcome=None, end_ns=None)


def test_a_request_under_way_fails_as_soon_as_it_is_past_a_limit() -> None:
    limits = LatencyLimits(ttft_ms=1000)

    assert [keeps(limits, [begin(sent=10)], now * MS) for now in (1010, 1011)] == [None, False]


def test_a_request_under_way_keeps_nothing_before_its_end() -> None:
    assert keeps(LatencyLimits(ttft_ms=1000), [begin(sent=0, first=500)], 60_000 * MS) is None


def test_a_request_that_waits_to_be_tried_again_fails_once_the_user_has_waited_too_long() -> None:
    rows = [row("r", outcome="rate_limited", end=5, backoff_ms=60_000)]

    assert [keeps(LatencyLimits(felt_ttft_ms=1000), rows, now * MS) for now in (1000, 1001)] == [None, False]
    assert keeps(LatencyLimits(ttft_ms=1000), rows, 1001 * MS) is None


@pytest.mark.parametrize("limits", [LatencyLimits(), LatencyLimits(e2e_ms=1000), LatencyLimits(tpot_ms=20)])
def test_an_empty_answer_misses_any_slo_and_is_in_no_latency(limits) -> None:
    reasoned = msgspec.structs.replace(row("r", first=5, last=9, output=20, outcome="length"), first_visible_ns=None)

    for rows in ([row("r", end=9, output=0)], [reasoned]):
        assert keeps(limits, rows) is False
        assert {latency.value for latency in measure_request(rows)} == {None}


def test_an_answer_that_was_held_back_shows_no_slo_met_while_a_level_runs() -> None:
    limits = LatencyLimits(ttft_ms=100)
    burst = row("r", first=50, last=50, output=20, checks=[BUFFERED])

    assert keeps(limits, [burst]) is True
    assert shows(limits, [burst], 60_000 * MS) is None
    assert shows(limits, [row("r", first=50, last=50, output=3, checks=[BUFFERED])], 60_000 * MS) is True
    assert shows(limits, [row("r", first=150, last=150, output=20, checks=[BUFFERED])], 60_000 * MS) is False
    assert keeps(LatencyLimits(tpot_ms=20), [burst]) is None


def test_a_start_line_without_an_end_is_as_good_as_lost() -> None:
    assert keeps(LatencyLimits(ttft_ms=1000), [begin(sent=0)]) is None


def test_only_limits_that_are_set_are_read() -> None:
    assert read_limits(Slo(ttft="1.5s", tpot="20ms")) == LatencyLimits(ttft_ms=1500, tpot_ms=20)
