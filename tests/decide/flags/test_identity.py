"""Who answered: one model at one tier, or others in its place."""

from collections import Counter

import pytest

from firsttoken.decide.flags.identity import find_changed_endpoint, find_spread_endpoint
from firsttoken.decide.measure.window_data import WindowData, pool
from firsttoken.decide.measure.workload import WorkloadFacts
from tests.decide.hand import build_window, row, said

M = WorkloadFacts(model="m")


def answered(repeat: int = 0, **reported: list[str | None]) -> WindowData:
    """One answer for each place of the lists, which hold what the answers told."""
    places = zip(*reported.values(), strict=True)
    rows = [
        row(
            f"r{number}", intended=number, first=number + 5, last=number + 9, **dict(zip(reported, values, strict=True))
        )
        for number, values in enumerate(places)
    ]
    return build_window(rows, repeat=repeat)


LATER = M._replace(first_model="m-2026-01-01")
THREE_TO_ONE = ["a", "a", "a", "b"]
SHOWN = {
    "answers of another model": find_changed_endpoint(answered(model_served=["m"] * 58 + ["m-mini"] * 42), M),
    "answers of two others": find_changed_endpoint(
        answered(model_served=["m"] * 5 + ["m-mini"] * 3 + ["m-nano"] * 2), M
    ),
    "every answer of another model": find_changed_endpoint(answered(model_served=["m-mini"] * 9), M),
    "two versions of an alias": find_changed_endpoint(
        answered(model_served=["m-2026-01-01"] * 3 + ["m-2026-06-01"]), M
    ),
    "another version than at first": find_changed_endpoint(answered(model_served=["m-2026-06-01"] * 4), LATER),
    "two tiers": find_changed_endpoint(
        answered(service_tier=["priority", "default"] * 10), WorkloadFacts(tier="priority")
    ),
    "another tier than was requested": find_changed_endpoint(
        answered(service_tier=["default"] * 4), WorkloadFacts(tier="flex")
    ),
    "another tier than at first": find_changed_endpoint(
        answered(service_tier=["priority"] * 4), WorkloadFacts(first_tier="default")
    ),
    "several deployments": find_spread_endpoint(answered(deployment=THREE_TO_ONE)),
    "several builds": find_spread_endpoint(answered(fingerprint=THREE_TO_ONE)),
    "several addresses": find_spread_endpoint(answered(peer=THREE_TO_ONE)),
    "many addresses": find_spread_endpoint(answered(peer=[f"10.0.0.{number}:443" for number in range(8)])),
}
"""Evidence of flags, by what shows it; its words are in the snapshot of flags."""


def test_the_share_of_answers_of_another_model_or_tier_is_what_decides():
    decided = {name: (shown.value, shown.bound) for name, shown in SHOWN.items() if shown.value is not None}

    assert decided["answers of another model"] == (pytest.approx(0.42), 0)
    assert decided["answers of two others"] == (pytest.approx(0.5), 0)
    assert decided["two tiers"] == (0.5, 0)


@pytest.mark.parametrize("column", ["deployment", "fingerprint", "peer"])
def test_several_of_the_same_model_are_spread_and_not_changed(column):
    assert find_spread_endpoint(answered(**{column: ["a", "a", "a", None]})) is None
    assert find_changed_endpoint(answered(**{column: THREE_TO_ONE}), M) is None


@pytest.mark.parametrize("names", [["m"] * 5, ["m-2026-01-01"] * 5, ["openai/m", "m", "m-2026-01-01", None]])
def test_one_model_throughout_under_any_of_its_names_is_no_flag(names):
    assert find_changed_endpoint(answered(model_served=names), M) is None


def test_a_repeat_or_level_that_another_version_answered_than_the_first_is_told():
    assert find_changed_endpoint(answered(model_served=["m-2026-01-01"] * 4), LATER) is None
    assert SHOWN["another version than at first"] is not None


def test_the_right_model_is_not_held_against_a_wrong_one_that_answered_first():
    assert find_changed_endpoint(answered(model_served=["m"] * 4), M._replace(first_model="m-mini")) is None


def test_the_name_of_a_deployment_says_nothing_of_the_model_behind_it():
    azure = WorkloadFacts(model="prod-chat", names_deployment=True, first_model="gpt-4o-2024-08-06")

    assert find_changed_endpoint(answered(model_served=["gpt-4o-2024-08-06"] * 4), azure) is None
    assert "gpt-4o-mini" in said(find_changed_endpoint(answered(model_served=["gpt-4o-mini"] * 4), azure))
    mixed = answered(model_served=["gpt-4o", "gpt-4o-mini"])
    assert find_changed_endpoint(mixed, azure._replace(first_model="")) is not None


@pytest.mark.parametrize("tiers", [["default"] * 4, [None] * 4, ["standard", "default"]])
def test_one_tier_throughout_is_no_flag_where_none_was_asked_for(tiers):
    assert find_changed_endpoint(answered(service_tier=tiers), WorkloadFacts()) is None
    assert find_changed_endpoint(answered(service_tier=tiers), WorkloadFacts(tier="auto")) is None


def test_only_measured_answers_count():
    rows = [
        row("a", first=1, last=2, model_served="m"),
        row("b", first=1, last=2, model_served="m-mini", phase="ramp"),
        row("c", outcome="http_5xx", end=3, model_served="m-mini"),
    ]

    assert find_changed_endpoint(build_window(rows), M) is None


def test_repeats_pooled_are_told_together():
    whole = pool([answered(model_served=["m"] * 2), answered(1, model_served=["m", "n"])])

    assert whole.answerers.models == Counter(m=3, n=1)
