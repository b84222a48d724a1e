"""The SLO table: the same six needs for every target, each with its own answer."""

import pytest

from firsttoken.decide.judge.ruling import TargetVerdict, judge_target
from firsttoken.decide.measure.demand import Need
from firsttoken.decide.words.slo_table import SloRow, write_rows
from firsttoken.scenario.format import Demand, Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.slo import Slo
from firsttoken.scenario.target import Target
from tests.decide.hand import PRICED, result
from tests.decide.judge.test_capacity import ladder
from tests.decide.words.test_reasons import finding

NEEDS = [
    "Requests that meet the SLO",
    "Highest load that meets it",
    "Wait for the first word, 95 of 100 users",
    "Failed, and retried, per 1,000",
    "Quota used",
    "Bill for 30 days",
]
FELT = result("felt_ttft_ms", 1310.0, 1250.0, 1400.0, level=2.0, q=0.95)
FIGURES = (
    FELT,
    result("gave_up_per_1000", 3.0, level=2.0),
    result("retried_per_1000", 12.4, level=2.0),
    result("quota_used_share", 0.4, level=2.0),
    result("bill_month", 6412.0, level=None),
    result("bill_input_month", 2812.0, level=None),
    result("bill_output_month", 3600.0, level=None),
)
NOTHING = judge_target([], None, None, {})


def rows(decided: TargetVerdict, *results: object, demand: Demand | None = None, **slo: str) -> dict[str, SloRow]:
    scenario = Scenario(
        name="table",
        target=[Target(model="gpt-5.4")],
        traffic=Traffic(locustfile="chat", input_tokens=400, output_tokens=128),
        load=Load(users=[1, 2, 4, 8]),
        slo=Slo(**slo),
        demand=demand or Demand(requests_per_day=1000),
    )
    return {each.need: each for each in write_rows(finding(*results), scenario, decided, PRICED)}


def target_verdict(marks: str, at: float | None = None, need: Need | None = None) -> TargetVerdict:
    return judge_target(ladder(marks), at, need, {2.0: 2})


def test_every_need_has_its_answer():
    table = rows(target_verdict("PPFF"), *FIGURES)

    assert list(table) == NEEDS
    assert [(each.value, each.interval, each.verdict) for each in table.values()] == [
        ("100 % at 2 users", "96 to 100 %", "PASS"),
        ("2 users", "missed at 4 users", None),
        ("1.31 s", "1.25 to 1.40 s", None),
        ("3 failed, 12 retried", "", None),
        ("40 %", "", None),
        ("$6,412", "$2,812 reading, $3,600 writing; test prices", None),
    ]


def test_a_run_without_a_measured_level_has_the_same_rows_and_knows_nothing():
    table = rows(NOTHING)

    assert list(table) == NEEDS
    assert {each.value for each in table.values()} == {"unknown"}


@pytest.mark.parametrize(("limit", "verdict"), [("1.4s", "PASS"), ("1.2s", "FAIL"), ("1.3s", "UNKNOWN"), ("", None)])
def test_the_wait_is_judged_by_its_interval_where_a_limit_is_set(limit, verdict):
    row = rows(target_verdict("PPFF"), FELT, felt_ttft=limit)[NEEDS[2]]

    assert row.verdict == verdict


@pytest.mark.parametrize(("at", "verdict"), [(2.0, "PASS"), (4.0, "FAIL"), (8.0, "UNKNOWN")])
def test_a_named_load_is_asked_for(at, verdict):
    row = rows(target_verdict("PPF?", at=at), at=f"users={at:.0f}")[NEEDS[1]]

    assert (row.required, row.value, row.verdict) == (f"{at:.0f} users", "2 users", verdict)


def test_a_peak_is_asked_for_as_a_rate():
    row = rows(target_verdict("PPFF", need=Need(5.2, 4.0, 3.3)))[NEEDS[1]]

    assert (row.required, row.verdict) == ("5.20 /s at the peak", "FAIL")


def test_an_slo_that_no_tested_load_breaks_is_not_extrapolated():
    assert rows(target_verdict("PP"))[NEEDS[1]].interval == "no tested load misses it"


def test_a_load_that_is_not_known_to_hold_is_not_said_to_hold():
    assert rows(target_verdict("PP??"))[NEEDS[1]].interval == "not shown above 2 users"
    assert rows(target_verdict("????"))[NEEDS[1]].interval == "no tested load is shown to miss it"
