"""Tests of analysis/retry_cost.py."""

from analysis.retry_cost import build
from firsttoken.decide.words.units import write_value
from firsttoken.report.metric_table import ladder
from tests.made_stage import FLAWLESS, Windows
from tests.report.studies import hide_prices, make_study


def test_the_finding_counts_the_three_currencies_where_they_cost_most(study):
    wasted = study.result("gpt-5.2-codex", "wasted_attempts_share", level=64.0).value
    failed = study.result("gpt-5.2-codex", "gave_up_per_1000", level=64.0).value
    tax = study.result("gpt-5.2-codex", "retry_tax", level=64.0).value

    assert build(study).finding == (
        f"Retries cost most on gpt-5.2-codex at 64 users: {100 * wasted:.0f} % of attempts were wasted, "
        f"{write_value(failed, 'per 1,000')} requests failed, the bill grew by {100 * (tax - 1):.1f} %"
    )


def test_a_panel_for_each_currency(study):
    titles = [panel.get_title(loc="left") for panel in build(study).figure.axes]

    assert [title.split(":")[0] for title in titles] == ["Seconds", "Quota", "Dollars"]


def test_every_level_of_every_target_has_a_row(study):
    assert [row[1] for row in build(study).table.rows] == ["1", "4", "16", "64"] * 2


def test_no_failure_costs_nothing(tmp_path):
    study = make_study(tmp_path / "run", levels=(1, 4), answers=FLAWLESS)
    page = build(study)

    attempts = sum(study.result(target, "wasted_attempts_share", level=level).n for target, level, _ in ladder(study))
    assert page.finding == (f"None of {attempts} measured attempts failed: retries cost nothing at any load")


def test_where_no_attempt_was_measured_nothing_is_said_of_its_cost(tmp_path):
    study = make_study(tmp_path / "run", levels=(1,), targets=("gpt-5.4",), windows=Windows(measure_s=0.05))

    assert sum(study.result("gpt-5.4", "wasted_attempts_share", level=1.0).n for _ in (0,)) == 0
    assert build(study).finding == "No measured attempt finished, so the cost of retries is unknown"


def test_an_unknown_price_leaves_the_dollars_unknown(tmp_path):
    page = build(make_study(tmp_path / "run", hide_prices, levels=(1, 4)))

    assert page.figure.axes[2].texts[0].get_text() == "unknown"
    assert {row[-1].text for row in page.table.rows} == {"unknown"}


def test_a_run_that_measured_nothing_has_no_page(empty_study):
    assert build(empty_study) is None
