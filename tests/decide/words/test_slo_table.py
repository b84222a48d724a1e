"""The promise table: the same six needs for every target, each with its own answer."""

import pytest

from firsttoken.decide.judge.ruling import Ruling, rule
from firsttoken.decide.measure.demand import Need
from firsttoken.decide.words.slo_table import PromiseRow, write_rows
from firsttoken.scenario.format import Demand, Scenario, Slo, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target
from tests.decide.hand import PRICED, figure
from tests.decide.judge.test_capacity import ladder
from tests.decide.words.test_reasons import finding

NEEDS = [
    "Requests that keep the promise",
    "Highest load that keeps it",
    "Wait for the first word, 95 of 100 users",
    "Gave up, and retried, per 1,000",
    "Quota used",
    "Bill for 30 days",
]
FELT = figure("felt_ttft_ms", 1310.0, 1250.0, 1400.0, level=2.0, q=0.95)
FIGURES = (
    FELT,
    figure("gave_up_per_1000", 3.0, level=2.0),
    figure("retried_per_1000", 12.4, level=2.0),
    figure("quota_used_share", 0.4, level=2.0),
    figure("bill_month", 6412.0, level=None),
    figure("bill_input_month", 2812.0, level=None),
    figure("bill_output_month", 3600.0, level=None),
)
NOTHING = rule([], None, None, {})


def rows(decided: Ruling, *figures: object, demand: Demand | None = None, **slo: str) -> dict[str, PromiseRow]:
    scenario = Scenario(
        name="table",
        target=[Target(model="gpt-5.4")],
        traffic=Traffic(locustfile="chat", input_tokens=400, output_tokens=128),
        load=Load(users=[1, 2, 4, 8]),
        slo=Slo(**slo),
        demand=demand or Demand(requests_per_day=1000),
    )
    return {each.need: each for each in write_rows(finding(*figures), scenario, decided, PRICED)}


def ruling(marks: str, at: float | None = None, need: Need | None = None) -> Ruling:
    return rule(ladder(marks), at, need, {2.0: 2})


def test_every_need_has_its_answer():
    table = rows(ruling("PPFF"), *FIGURES)

    assert list(table) == NEEDS
    assert [(each.value, each.interval, each.verdict) for each in table.values()] == [
        ("100 % at 2 users", "96 to 100 %", "PASS"),
        ("2 users", "breaks at 4 users", None),
        ("1.31 s", "1.25 to 1.40 s", None),
        ("3 gave up, 12 retried", "", None),
        ("40 %", "", None),
        ("$6,412", "$2,812 reading, $3,600 writing; test prices", None),
    ]


def test_a_run_without_a_measured_level_has_the_same_rows_and_knows_nothing():
    table = rows(NOTHING)

    assert list(table) == NEEDS
    assert {each.value for each in table.values()} == {"unknown"}


@pytest.mark.parametrize(("limit", "verdict"), [("1.4s", "PASS"), ("1.2s", "FAIL"), ("1.3s", "UNKNOWN"), ("", None)])
def test_the_wait_is_judged_by_its_interval_where_a_limit_is_set(limit, verdict):
    row = rows(ruling("PPFF"), FELT, felt_ttft=limit)[NEEDS[2]]

    assert row.verdict == verdict


@pytest.mark.parametrize(("at", "verdict"), [(2.0, "PASS"), (4.0, "FAIL"), (8.0, "UNKNOWN")])
def test_a_named_load_is_asked_for(at, verdict):
    row = rows(ruling("PPF?", at=at), at=f"users={at:.0f}")[NEEDS[1]]

    assert (row.asked, row.value, row.verdict) == (f"{at:.0f} users", "2 users", verdict)


def test_a_peak_is_asked_for_as_a_rate():
    row = rows(ruling("PPFF", need=Need(5.2, 4.0, 3.3)))[NEEDS[1]]

    assert (row.asked, row.verdict) == ("5.20 /s at the peak", "FAIL")


def test_a_promise_that_no_tested_load_breaks_is_not_extrapolated():
    assert rows(ruling("PP"))[NEEDS[1]].interval == "no tested load breaks it"


def test_a_load_that_is_not_known_to_hold_is_not_said_to_hold():
    assert rows(ruling("PP??"))[NEEDS[1]].interval == "not shown above 2 users"
    assert rows(ruling("????"))[NEEDS[1]].interval == "no tested load is shown to break it"
