"""Who answered: one model at one tier, or others in its place."""

from collections import Counter

import pytest

from firsttoken.decide.flags.identity import find_changed_endpoint, find_spread_endpoint
from firsttoken.decide.measure.window_data import WindowData, pool
from firsttoken.decide.measure.workload import WorkloadFacts
from tests.decide.hand import build_window, row, said

M = WorkloadFacts(model="m")


def answered(repeat: int = 0, **told: list[str | None]) -> WindowData:
    """One answer for each place of the lists, which hold what the answers told."""
    places = zip(*told.values(), strict=True)
    rows = [
        row(f"r{number}", intended=number, first=number + 5, last=number + 9, **dict(zip(told, values, strict=True)))
        for number, values in enumerate(places)
    ]
    return build_window(rows, repeat=repeat)


@pytest.mark.parametrize("names", [["m"] * 5, ["m-2026-01-01"] * 5, ["openai/m", "m", "m-2026-01-01", None]])
def test_one_model_throughout_under_any_of_its_names_is_no_flag(names):
    assert find_changed_endpoint(answered(model_served=names), M) is None


def test_answers_of_another_model_are_told_with_their_share():
    found = find_changed_endpoint(answered(model_served=["m"] * 58 + ["m-mini"] * 42), M)

    assert said(found) == "42 % of answers came from m-mini; m was asked for."
    assert (found.value, found.bound) == (pytest.approx(0.42), 0)


def test_every_other_model_is_named():
    found = find_changed_endpoint(answered(model_served=["m"] * 5 + ["m-mini"] * 3 + ["m-nano"] * 2), M)

    assert said(found) == "30 % of answers came from m-mini and 20 % from m-nano; m was asked for."


def test_a_level_that_another_model_answered_throughout_is_no_level_of_this_one():
    assert said(find_changed_endpoint(answered(model_served=["m-mini"] * 9), M)) == (
        "Every answer came from m-mini; m was asked for."
    )


def test_two_stated_versions_of_an_alias_are_mixed():
    found = find_changed_endpoint(answered(model_served=["m-2026-01-01"] * 3 + ["m-2026-06-01"]), M)

    assert "75 % of answers came from m-2026-01-01 and 25 % from m-2026-06-01" in said(found)


def test_a_repeat_or_level_that_another_version_answered_than_the_first_is_told():
    later = M._replace(first_model="m-2026-01-01")

    assert find_changed_endpoint(answered(model_served=["m-2026-01-01"] * 4), later) is None
    assert said(find_changed_endpoint(answered(model_served=["m-2026-06-01"] * 4), later)) == (
        "Every answer came from m-2026-06-01; m-2026-01-01 answered where measuring began."
    )


def test_the_right_model_is_not_held_against_a_wrong_one_that_answered_first():
    assert find_changed_endpoint(answered(model_served=["m"] * 4), M._replace(first_model="m-mini")) is None


def test_the_name_of_a_deployment_says_nothing_of_the_model_behind_it():
    azure = WorkloadFacts(model="prod-chat", names_deployment=True, first_model="gpt-4o-2024-08-06")

    assert find_changed_endpoint(answered(model_served=["gpt-4o-2024-08-06"] * 4), azure) is None
    assert "gpt-4o-mini" in said(find_changed_endpoint(answered(model_served=["gpt-4o-mini"] * 4), azure))
    mixed = answered(model_served=["gpt-4o", "gpt-4o-mini"])
    assert find_changed_endpoint(mixed, azure._replace(first_model="")) is not None


def test_tiers_that_are_mixed_are_told():
    found = find_changed_endpoint(answered(service_tier=["priority", "default"] * 10), WorkloadFacts(tier="priority"))

    assert said(found) == (
        "Answers differ in tier: 50 % served as priority, 50 % served as default; priority was asked for."
    )
    assert found.value == 0.5


@pytest.mark.parametrize("tiers", [["default"] * 4, [None] * 4, ["standard", "default"]])
def test_one_tier_throughout_is_no_flag_where_none_was_asked_for(tiers):
    assert find_changed_endpoint(answered(service_tier=tiers), WorkloadFacts()) is None
    assert find_changed_endpoint(answered(service_tier=tiers), WorkloadFacts(tier="auto")) is None


def test_a_tier_that_was_asked_for_and_never_served_is_told():
    found = find_changed_endpoint(answered(service_tier=["default"] * 4), WorkloadFacts(tier="flex"))

    assert said(found) == "Every answer was served as default; flex was asked for."


def test_a_level_at_another_tier_than_the_first_is_told():
    found = find_changed_endpoint(answered(service_tier=["priority"] * 4), WorkloadFacts(first_tier="default"))

    assert said(found) == "Every answer was served as priority; it was default where measuring began."


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


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("deployment", "2 deployments answered: a 75 %, b 25 %."),
        ("fingerprint", "2 builds (fingerprints) answered: a 75 %, b 25 %."),
        ("peer", "2 addresses answered: a 75 %, b 25 %."),
    ],
)
def test_several_of_the_same_model_are_told(column, words):
    assert said(find_spread_endpoint(answered(**{column: ["a", "a", "a", "b"]}))) == words
    assert find_spread_endpoint(answered(**{column: ["a", "a", "a", None]})) is None
    assert find_changed_endpoint(answered(**{column: ["a", "a", "a", "b"]}), M) is None


def test_of_many_addresses_the_most_frequent_are_named():
    found = find_spread_endpoint(answered(peer=[f"10.0.0.{number}:443" for number in range(8)]))

    assert said(found).startswith("8 addresses answered: 10.0.0.0:443 12.5 %")
    assert said(found).endswith(", 5 more.")
