"""The stages that a run may have: no bound is ever too low."""

from itertools import takewhile
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.decoding.duration import NS
from firsttoken.plan import retry, search
from firsttoken.plan.arrivals import ARRIVALS, OF_STATED_CV, arrive
from firsttoken.plan.order import order_stages
from firsttoken.plan.profile import Segment
from firsttoken.plan.request_bounds import count_requests, foresee_stages
from firsttoken.plan.retry import choose_backoff_ms
from firsttoken.row import Row
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.retry import read_policy

FIXED = {"ramp": "0s", "settle": "1s", "measure": "8s", "hold": "1s"}
"""Ten seconds."""
SPIKE = {"by": "users", "base": 1, "peak": 9, "before": "5s", "lasts": "2s", "after": "3s"}


def scenario(load: dict[str, object], retry: str = "none", **target: Any) -> Scenario:
    """One simulated target that answers 50 tokens in a second, unless told otherwise."""
    chosen = {"model": "m", "prices": "unknown", "simulator": {"ttft_s": 0.5, "tokens_per_s": 100}} | target
    data = {
        "name": "made",
        "target": [chosen],
        "traffic": {"locustfile": "chat", "input_tokens": 400, "output_tokens": 50},
        "load": load,
        "slo": {"ttft": "1s"},
        "retry": {"policy": retry},
    }
    return msgspec.convert(data, Scenario)


def counts(made: Scenario) -> list[tuple[int | None, int | None]]:
    target = made.target[0]
    return [count_requests(made, target, {}, stage) for stage in foresee_stages(made, target, {})]


def test_users_of_a_closed_loop_cannot_ask_faster_than_they_are_answered():
    """Four users, ten seconds, one second an answer: 40 and the four that are under way at the end."""
    assert counts(scenario({"users": [1, 4], **FIXED})) == [(11, 11), (44, 44)]


def test_who_thinks_asks_less_often_and_retries_are_bounded_by_the_time():
    made = scenario({"users": [4], "think": "1s", **FIXED}, retry="openai")

    assert counts(made) == [(24, 44)]


def test_requests_that_are_counted_bound_a_stage():
    assert counts(scenario({"users": [4], "requests": 9} | FIXED, retry="openai")) == [(9, 27)]
    assert counts(scenario({"users": [4], "requests": 9, "measure": "auto"}, retry="openai")) == [(9, 27)]


def test_arrivals_are_bounded_by_their_rate_and_their_spread():
    """20 arrivals/s for ten seconds are 200; by chance up to 3 x sqrt(200) = 42.4 more, in bursts of cv 2 85 more."""
    steady, chance, bursts = (
        scenario({"rate": [20], "arrivals": process, "cv": cv} | FIXED)
        for process, cv in (("constant", 1), ("poisson", 1), ("gamma", 2))
    )

    assert [counts(made)[0][0] for made in (steady, chance, bursts)] == [200, 243, 285]


def test_each_arrival_of_a_session_asks_all_its_turns_and_retries_count():
    made = scenario({"rate": [2], "arrivals": "constant", "turns": 3} | FIXED, retry="openai")

    assert counts(made) == [(60, 180)]


@pytest.mark.parametrize("process", ARRIVALS)
def test_no_schedule_has_more_arrivals(process):
    made = scenario({"rate": [5], "arrivals": process, "cv": 2.0 if process in OF_STATED_CV else 1.0} | FIXED)
    ((most, _),) = counts(made)

    for seed in range(50):
        schedule = arrive((Segment(10 * NS, 5.0, 5.0),), process, 2.0, str(seed))
        assert sum(1 for _ in takewhile(lambda at_ns: at_ns < 10 * NS, schedule)) <= most


def test_a_course_counts_what_lies_under_it():
    """Ramp 0 s, settle 1 s at 1 user, 26 user-seconds of the course, hold 1 s at 1 user: 28, and 9 under way."""
    made = scenario({"shape": "spike", "spike": SPIKE, "ramp": "0s", "settle": "1s", "hold": "1s"})

    assert counts(made) == [(37, 37)]


def test_what_nobody_can_bound_is_not_guessed():
    hosted = {"base_url": "http://127.0.0.1:1/v1", "simulator": {}}

    assert counts(scenario({"users": [4], **FIXED}, **hosted)) == [(None, None)]
    assert counts(scenario({"rate": [2], "arrivals": "constant", **FIXED}, **hosted)) == [(20, 20)]
    assert counts(scenario({"shape": "Waves"})) == []


def test_repeats_are_stages_of_their_own():
    assert len(counts(scenario({"users": [1, 4], "repeats": 3}))) == 6


def test_only_the_first_level_of_a_search_is_certain_and_its_confirmation_comes_last():
    made = scenario({"search": {"by": "users", "from": 1, "to": 64}} | {"ramp": "0s", "measure": "8s"})
    stages = list(foresee_stages(made, made.target[0], {}))

    assert [stage.is_certain for stage in stages] == [True] + [False] * (len(stages) - 1)
    assert (stages[0].plan.by, stages[-1].plan.by, stages[-1].plan.level) == ("users", "rate", 64.0)


@given(
    low=st.integers(1, 50),
    times=st.integers(2, 400),
    steps=st.integers(0, 60),
    verdicts=st.lists(st.sampled_from(["keeps", "fails", None]), min_size=100, max_size=100),
)
def test_no_search_measures_more_levels_than_the_dry_run_expects(low, times, steps, verdicts):
    made = scenario({"search": {"by": "users", "from": low, "to": low * times, "steps": steps}})
    expected = sum(stage.plan.by == "users" for stage in foresee_stages(made, made.target[0], {}))
    grid, results = search.grid(made.load.search), []

    while (level := search.next_level(grid, results)) is not None:
        results.append((level, verdicts[len(results)]))

    assert len(results) <= expected


def test_a_finer_grid_of_the_search_moves_the_plan_and_the_dry_run(monkeypatch):
    made = scenario({"search": {"by": "users", "from": 1, "to": 64}} | FIXED)
    coarse, expected = count_levels(made), len(counts(made))

    monkeypatch.setattr(search, "STEPS_PER_DOUBLING", 64)

    assert count_levels(made) > coarse
    assert len(counts(made)) > expected


def test_one_more_try_of_a_level_moves_the_plan_and_the_dry_run(monkeypatch):
    made = scenario({"search": {"by": "users", "from": 1, "to": 64}} | FIXED)
    twice, expected = count_undecided(made), len(counts(made))

    monkeypatch.setattr(search, "TRIES", 3)

    assert count_undecided(made) > twice
    assert len(counts(made)) > expected


def test_one_more_retry_of_a_policy_moves_the_client_and_the_dry_run(monkeypatch):
    made = scenario({"rate": [2], "arrivals": "constant"} | FIXED, retry="openai")
    third = Row(attempt=3, outcome="connect")

    assert (choose_backoff_ms(read_policy(made.retry), third, None, 0.0), counts(made)) == (None, [(20, 60)])

    monkeypatch.setitem(retry.POLICIES, "openai", retry.RetryPolicy(max_retries=3))

    assert choose_backoff_ms(read_policy(made.retry), third, None, 0.0) == 2000
    assert counts(made) == [(20, 80)]


def count_levels(made: Scenario) -> int:
    """Levels that the search of a run may measure, by the users that its stages need."""
    order = order_stages(made)
    levels = 0
    while group := order.next_group():
        order.record_result(group[0], "keeps" if group[0].level < 60 else "fails", rate=1.0)
        levels += 1
    return levels


def count_undecided(made: Scenario) -> int:
    """Stages of a search of which no level can be decided."""
    order = order_stages(made)
    stages = 0
    while group := order.next_group():
        order.record_result(group[0], None, rate=1.0)
        stages += 1
    return stages
