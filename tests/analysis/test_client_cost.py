"""Tests of analysis/client_cost.py."""

import json

import pytest

from analysis.client_cost import build
from firsttoken.decide.client_cost import find_pairs
from firsttoken.decide.study import Study, study_run
from firsttoken.report.page import cell
from firsttoken.row import BUFFERED, COMPRESSED
from tests.made_run import Client
from tests.made_stage import FLAWLESS, Served
from tests.report.studies import make_study

WIRE = Served(ttft_s=0.7, tokens_per_s=140, batch_slowdown=0.5)


def both(folder, *, sdk: Served, **changed: object) -> Study:
    """A run of one model on the wire and, as `sdk` serves it, through the package."""

    def pair_up(scenario):
        scenario["target"][1] |= {"model": "gpt-5.4", "name": "sdk", "client": "sdk"} | changed

    return make_study(
        folder,
        pair_up,
        targets=("gpt-5.4", "sdk"),
        models={"sdk": sdk},
        levels=(1, 16),
        answers=FLAWLESS,
    )


@pytest.fixture(scope="module")
def slower(tmp_path_factory) -> Study:
    """The package adds 200 ms to the first token, and a millisecond to each after it."""
    slow = Served(ttft_s=0.9, tokens_per_s=122.8, batch_slowdown=0.5)
    return both(tmp_path_factory.mktemp("slower") / "run", sdk=slow)


def test_the_finding_says_what_the_package_adds_at_the_highest_load(slower):
    added_ms = [
        slower.result("sdk", "ttft_ms", level=16.0, q=q).value
        - slower.result("gpt-5.4", "ttft_ms", level=16.0, q=q).value
        for q in (0.5, 0.95)
    ]

    finding = build(slower).finding

    assert finding.startswith(f"At 16 users the openai package adds {added_ms[0]:.0f} ms to the median wait for the")
    assert f"{added_ms[1]:.0f} ms to its 95th percentile and 1." in finding
    assert finding.endswith(" ms to each token after it")


def test_the_table_holds_both_clients_and_the_difference_with_its_interval(slower):
    table = build(slower).table
    lone, crowd = ([cell(value) for value in row] for row in table.rows)

    assert [cells[1].text for cells in (lone, crowd)] == ["1", "16"]
    assert (lone[0].text, crowd[0].text) == ("gpt-5.4", "")
    wire_s, sdk_s, added_ms = (float(value.text) for value in crowd[2:5])
    assert added_ms == pytest.approx(1000 * (sdk_s - wire_s), abs=6)
    low, high = (float(end) for end in crowd[4].detail.split(" to "))
    assert 0 < low < added_ms < high
    assert {value.text for value in crowd[-2:]}.isdisjoint({"unknown"})


def test_both_clients_stand_in_both_panels(slower):
    for panel in build(slower).figure.axes:
        assert {text.get_text() for text in panel.texts} == {"gpt-5.4", "sdk"}


def test_a_package_that_adds_nothing_is_reported_as_no_detectable_change(tmp_path):
    page = build(both(tmp_path / "run", sdk=WIRE))

    assert page.finding == (
        "At 16 users the openai package adds no detectable change to the median wait for the first token"
    )


def test_a_first_token_that_comes_sooner_is_not_put_down_to_the_package(tmp_path):
    page = build(both(tmp_path / "run", sdk=Served(ttft_s=0.4, tokens_per_s=140, batch_slowdown=0.5)))

    assert page.finding.endswith("the server did not treat both alike")


def test_what_was_not_asked_both_ways_has_no_page(study, empty_study):
    assert build(study) is None
    assert build(empty_study) is None


@pytest.mark.parametrize("changed", [{"api": "responses"}, {"extra_body": {"seed": 1}}, {"model": "gpt-5.2-codex"}])
def test_targets_that_differ_in_more_than_their_client_are_no_pair(tmp_path, changed):
    study = both(tmp_path / "run", sdk=WIRE, **changed)

    assert find_pairs(study) == []
    assert build(study) is None


def test_loads_at_which_the_process_was_the_limit_are_named(tmp_path):
    def pair_up(scenario):
        scenario["target"][1] |= {"model": "gpt-5.4", "name": "sdk", "client": "sdk"}

    study = make_study(
        tmp_path / "run",
        pair_up,
        targets=("gpt-5.4", "sdk"),
        models={"sdk": WIRE},
        levels=(1, 4),
        client=Client(hub_lag_ms=60.0),
    )

    assert any("was the limit at 1 and 4 users" in note for note in build(study).notes)


def hold_back(folder, client: str, *checks: str) -> Study:
    """A run in which all answers of one of the two clients came so."""
    both(folder, sdk=Served(ttft_s=0.9, tokens_per_s=140, batch_slowdown=0.5))
    journal = folder / "attempts" / "worker-0.jsonl"
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    for row in rows:
        if row["target"] == client and "outcome" in row:
            row["checks"] = list(checks)
    journal.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return study_run(folder)


@pytest.mark.parametrize("checks", [[COMPRESSED], [BUFFERED], [COMPRESSED, BUFFERED]])
def test_what_a_proxy_does_to_the_packages_answers_is_not_called_the_packages_cost(tmp_path, checks):
    page = build(hold_back(tmp_path / "run", "sdk", *checks))

    assert page.finding.startswith("At 16 users 100 % of the answers to the package came compressed or in one burst")
    assert "and 0 % of those on the wire: a server or a proxy delays them, not the package" in page.finding
    assert "adds " not in page.finding.split(", so nothing")[0]
    assert any("accept-encoding" in note for note in page.notes)
    assert [cell(row[4]).text for row in page.table.rows] == ["n/a", "n/a"]


def test_answers_that_came_compressed_to_both_clients_are_compared(tmp_path):
    hold_back(tmp_path / "run", "sdk", COMPRESSED)
    journal = tmp_path / "run" / "attempts" / "worker-0.jsonl"
    journal.write_text(
        journal.read_text().replace('"target": "gpt-5.4"', '"target": "gpt-5.4", "checks": ["compressed"]')
    )

    page = build(study_run(tmp_path / "run"))

    assert page.finding.startswith("At 16 users the openai package adds ")
