"""Flags: each rule fires past its bound and is silent within it."""

import pytest

from firsttoken.decide.flags.client_limits import find_client_limits
from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.flags.validity import FILES, RULES, flag_manifest
from firsttoken.decide.measure.slo import SloLimits
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.measure.workload import WorkloadFacts
from firsttoken.decide.words.evidence import word_flag
from firsttoken.row import BUFFERED, Health, Manifest, Row
from tests.decide.hand import MS, build_window, healthy, raised, row, said

WINDOW = range(1, 11)


def back_to_back(count: int = 10, busy: float = 1000, every: float = 1000, **fields: object) -> list[Row]:
    """One user's requests, each `busy` ms long, one begun `every` ms."""
    return [
        row(f"r{n}", intended=n * every, first=n * every + busy / 2, last=n * every + busy, output=20, **fields)
        for n in range(count)
    ]


def flags_of(rows: list[Row], health: list[Health] | None = None, think_s: float = 0.0, **stage: object) -> set[str]:
    data = build_window(rows, SloLimits({}, 0.95), **stage)
    lines = healthy(*WINDOW) if health is None else health
    return {flag.name for flag in raised(data, lines, WorkloadFacts(think_s))}


def test_a_calm_process_with_busy_users_raises_no_flag():
    assert flags_of(back_to_back()) == set()


@pytest.mark.parametrize(
    ("worse", "every_second"),
    [
        ({"hub_lag_max_ms": 40.0}, False),
        ({"hub_lag_p99_ms": 11.0}, True),
        ({"read_delay_p99_ms": 11.0}, True),
        ({"cpu_share": 0.95}, True),
    ],
)
def test_a_client_past_a_bound_is_flagged(worse, every_second):
    """One freeze is enough; what is a habit must show in a typical second."""
    ill = healthy(*WINDOW, **worse) if every_second else healthy(*range(1, 10)) + healthy(10, **worse)

    assert flags_of(back_to_back(), ill) == {"CLIENT_LIMITED"}


@pytest.mark.parametrize("worse", [{"hub_lag_p99_ms": 30.0}, {"cpu_share": 1.0}, {"read_delay_p99_ms": 30.0}])
def test_one_bad_second_is_no_habit(worse):
    assert flags_of(back_to_back(), healthy(*range(1, 10)) + healthy(10, **worse)) == set()


def test_a_freeze_outside_the_measure_window_harms_nobody():
    after, before = healthy(12, hub_lag_max_ms=900.0), healthy(1, hub_lag_max_ms=900.0)

    assert flags_of(back_to_back(), healthy(*WINDOW) + after) == set()
    assert flags_of(back_to_back(12), before + healthy(*range(3, 13)), window=(2000, 12_000)) == set()


def test_one_worker_at_its_limit_is_enough():
    other = [
        Health(**{name: getattr(line, name) for name in line.__struct_fields__} | {"worker": 1, "cpu_share": 0.99})
        for line in healthy(*WINDOW)
    ]

    assert flags_of(back_to_back(), healthy(*WINDOW) + other) == {"CLIENT_LIMITED"}


def test_a_window_that_nobody_watched_is_flagged():
    assert flags_of(back_to_back(), []) == {"CLIENT_LIMITED"}


def test_first_tokens_that_lay_unread_are_flagged_but_not_those_that_the_server_sent_with_others():
    rows = back_to_back()
    for each in rows:
        each.first_token_early_ns = each.first_token_ns - 8 * MS
    data = build_window(rows)

    assert "read together with later ones" in said(find_client_limits(data, healthy(*WINDOW, read_delay_p99_ms=6.0)))
    assert said(find_client_limits(data, healthy(*WINDOW, read_delay_p99_ms=0.3))) == ""


def test_requests_cut_off_before_they_ended_are_said():
    rows = [*back_to_back(9), row("cut", intended=9000, end=11_000, outcome="cancelled_by_run")]

    assert flags_of(rows) == {"CENSORED"}


def test_requests_that_failed_on_our_side_are_not_said_to_be_cut_off():
    """One of a hundred may; two show that the load process cannot do what it is asked."""
    rows = [*back_to_back(9), row("ours", intended=9000, end=10_000, outcome="client_error")]
    flags = {flag.name: flag for flag in raised(build_window(rows), healthy(*WINDOW))}

    assert set(flags) == {"CLIENT_LIMITED", "CENSORED"}
    assert flags["CLIENT_LIMITED"].evidence == (
        "1 of 10 measured requests failed in the load process itself (client_error); the bound is 1 %."
    )
    assert "Cut off before their end: 0 of 10" in flags["CENSORED"].evidence
    assert "failed in the load process itself: 1" in flags["CENSORED"].evidence


def test_one_request_in_a_hundred_may_fail_on_our_side():
    rows = [*back_to_back(99, every=100, busy=100), row("ours", intended=9900, end=10_000, outcome="client_error")]

    assert "CLIENT_LIMITED" not in flags_of(rows)


@pytest.mark.parametrize(("settle", "flags"), [(2000, set()), (1900, set()), (1500, {"UNSETTLED"})])
def test_measuring_that_begins_before_the_crowd_has_settled_is_said(settle, flags):
    """Whole answers take 1 s; twice that is enough, and a tenth may lack."""
    window = (settle, 10_000)
    data = build_window(back_to_back(), window=window, settle_ns=0)
    found = {flag.name: flag for flag in raised(data, healthy(*WINDOW))}

    assert set(found) == flags
    assert not any(flag.is_void for flag in found.values())


def test_rows_that_are_missing_void_a_level():
    data = build_window(back_to_back(), missing=3)
    [flag] = raised(data, healthy(*WINDOW))

    assert (flag.name, flag.voids) == ("WORKER_LOST", "both")
    assert "the journal differs by 3" in flag.evidence


def test_rows_set_aside_void_a_level_and_are_no_lack_of_users():
    """All of a level's rows were impossible: no user seems to have been at work, and that is not what is wrong."""
    [flag, *others] = flags_found(build_window([], set_aside={"a negative count": 167}))

    assert (flag.name, flag.is_void) == ("SET_ASIDE", True)
    assert flag.evidence == (
        "167 of 167 measured attempts are impossible and in no result: a negative count (167); the bound is 1 %."
    )
    assert "NOT_DELIVERED" not in {other.name for other in others}


@pytest.mark.parametrize(("aside", "reported"), [(1, False), (2, True)])
def test_one_impossible_row_in_a_hundred_voids_nothing(aside, reported):
    rows = by_schedule(100 - aside)

    assert (
        "SET_ASIDE" in {flag.name for flag in flags_found(build_window(rows, by="rate", set_aside={"odd": aside}))}
    ) == reported


def test_a_model_in_the_place_of_another_keeps_a_level_from_passing_and_not_from_failing():
    data = build_window(back_to_back(model_served="m-mini"))
    [flag] = raised(data, healthy(*WINDOW), WorkloadFacts(model="m"))

    assert (flag.name, flag.voids, flag.value, flag.bound) == ("ENDPOINT_CHANGED", "pass", 1.0, 0.0)


def test_a_load_process_that_was_lost_voids_a_level():
    data = build_window(back_to_back(), workers_lost=1)
    [flag] = raised(data, healthy(*WINDOW))

    assert (flag.name, flag.voids) == ("WORKER_LOST", "both")
    assert flag.evidence == "1 load process was lost in this stage."


def test_a_share_of_a_quota_that_nobody_told_is_said_to_have_held_nothing_back():
    untold = build_window(back_to_back())
    reported = build_window(back_to_back(ratelimit_limit_requests=500))

    [flag] = raised(untold, healthy(*WINDOW), WorkloadFacts(quota_share=0.5))
    assert (flag.name, flag.voids) == ("QUOTA_UNTOLD", "nothing")
    assert "budget.quota_share = 0.5 had no effect" in flag.evidence
    assert raised(reported, healthy(*WINDOW), WorkloadFacts(quota_share=0.5)) == []


def test_arrivals_that_are_missing_void_what_might_have_held_and_not_what_broke_anyway():
    """More load does not heal: 100 arrivals that were dropped could not save what 100 requests broke."""
    kept = by_schedule(100)
    broken = [row(f"r{n}", user=n, intended=n * 100, end=n * 100 + 50, outcome="http_5xx") for n in range(100)]

    [void] = flags_found(build_window(kept, by="rate", dropped=100))
    [stands] = flags_found(build_window(broken, by="rate", dropped=2000))
    assert (void.name, void.voids) == ("NOT_DELIVERED", "both")
    assert (stands.name, stands.voids) == ("NOT_DELIVERED", "both")

    [stands] = flags_found(build_window(broken, by="rate", dropped=100))
    assert stands.voids == "nothing"
    assert stands.evidence.endswith("The SLO was missed even so; the answer stays.")


@pytest.mark.parametrize("budget", ["the cap of 9 tokens was reached", "The cap of 9 tokens was reached."])
def test_a_flag_of_the_run_is_reported_as_a_sentence_and_names_no_level(budget):
    [flag] = map(word_flag, flag_manifest(manifest_of(budget=budget)))

    assert (flag.name, flag.evidence) == ("BUDGET_STOPPED", "The cap of 9 tokens was reached.")
    assert (flag.scope, flag.target, flag.level, flag.voids) == ("run", "", None, "nothing")


def test_a_load_process_that_was_lost_between_two_stages_voids_none_of_them():
    [flag] = map(word_flag, flag_manifest(manifest_of(workers_lost_between=2)))

    assert (flag.name, flag.voids) == ("WORKER_LOST", "nothing")
    assert flag.evidence == "2 load processes were lost while no stage ran; the others continued."


def manifest_of(**reported: object) -> Manifest:
    asked = {"run_id": "run", "name": "run", "command": [], "seed": 1, "versions": {}, "host": {}, "endpoints": {}}
    return Manifest(started_utc="2026-01-01T00:00:00Z", origin_monotonic_ns=0, **asked, **reported)


def by_schedule(count: int, late: float = 0.0, every: float = 100) -> list[Row]:
    """Arrivals of an open loop, each answered in half a second."""
    return [
        row(f"r{n}", user=n, intended=n * every, sent=n * every + late, first=n * every + 200, last=n * every + 500)
        for n in range(count)
    ]


def flags_found(data: WindowData) -> list[Flag]:
    return raised(data, healthy(*WINDOW))


def test_requests_cut_off_where_no_result_hides_need_no_flag():
    rows = [*back_to_back(10), row("cut", phase="hold", intended=10_000, end=11_000, outcome="cancelled_by_run")]

    assert flags_of(rows) == set()


def test_every_rule_says_whether_it_voids():
    assert {name for name, rule in RULES.items() if rule.voids == "both"} == {
        "CLIENT_LIMITED",
        "NOT_DELIVERED",
        "SET_ASIDE",
        "WORKER_LOST",
    }
    assert {name for name, rule in RULES.items() if rule.voids == "pass"} == {
        "ENDPOINT_CHANGED",
        "BUFFERED",
        "UNKNOWN_FINISH",
    }
    assert all(rule.remedy for rule in RULES.values() if rule.voids != "nothing")


def test_a_flag_bears_the_number_that_decided_with_its_bound_and_unit():
    """Every other answer of forty came in one burst."""
    rows = [
        row(f"r{n:02}", intended=n, first=n + 5, last=n + 900, output=20, checks=[BUFFERED] * (n % 2))
        for n in range(40)
    ]
    found = {flag.name: flag for flag in raised(build_window(rows), healthy(*WINDOW))}

    assert (found["BUFFERED"].value, found["BUFFERED"].bound, found["BUFFERED"].unit) == (0.5, 0.05, "share")


def test_the_table_begins_with_what_voids_most_and_names_every_flag_once():
    severity = [rule.voids for rule in RULES.values()]

    assert severity == sorted(severity, key=["both", "pass", "nothing"].index)
    assert len(RULES) == sum(len(file.RULES) for file in FILES) + 1
