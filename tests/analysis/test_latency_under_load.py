"""Tests of analysis/latency_under_load.py."""

from analysis.latency_under_load import build
from firsttoken.decide.words.units import round_significant, write_value
from firsttoken.report.page import Cell
from tests.made_run import Served
from tests.made_stage import Answers, Windows
from tests.report.studies import make_study


def test_the_finding_names_both_ends_of_the_ladder_for_every_target(study):
    waits = [
        write_value(study.result(target, "ttft_ms", level=level, q=0.5).value, "ms")
        for target in study.targets
        for level in (1.0, 64.0)
    ]

    assert build(study).finding == (
        "From 1 to 64 users the median wait for the first token grows from "
        f"{waits[0]} to {waits[1]} on gpt-5.2-codex and {waits[2]} to {waits[3]} on gpt-5.4"
    )


def test_too_few_requests_make_no_tail(study):
    at_1_user, *_, at_64_users = (row[3] for row in build(study).table.rows[:4])

    assert at_1_user == Cell("n/a", f"n = {study.result('gpt-5.2-codex', 'ttft_ms', level=1.0, q=0.95).n}")
    assert at_64_users.text == round_significant(
        study.result("gpt-5.2-codex", "ttft_ms", level=64.0, q=0.95).value / 1000
    )


def test_the_slo_is_drawn_in_the_panel_that_it_limits(study):
    first_token, per_token = build(study).figure.axes

    assert "SLO: 1.50 s" in [text.get_text() for text in first_token.texts]
    assert "SLO: 20.0 ms" in [text.get_text() for text in per_token.texts]


def test_no_slo_no_line(tmp_path):
    page = build(make_study(tmp_path / "run", levels=(1, 4), slo={"e2e": "10s"}))

    assert not any("slo" in text.get_text() for panel in page.figure.axes for text in panel.texts)


def test_a_wait_that_does_not_grow_is_said_not_to(tmp_path):
    page = build(make_study(tmp_path / "run", levels=(1, 2), targets=("gpt-5.4",)))

    assert page.finding == "From 1 to 2 users the wait for the first token does not grow"


def test_where_nothing_succeeded_the_page_says_so(tmp_path):
    page = build(
        make_study(tmp_path / "run", levels=(1, 4), answers=Answers(error_share=1.0), windows=Windows(measure_s=5.0))
    )

    assert page.finding.startswith("Too few requests succeeded")
    assert "attempts failed, most often http_5xx 500 on " in page.finding
    assert page.figure is None


def test_of_many_targets_the_headline_tells_those_whose_wait_grows_most_and_least(tmp_path):
    models = {f"m{place}": Served(ttft_s=0.5, tokens_per_s=100, slots=4 + 8 * place) for place in range(6)}

    def rename(scenario):
        for target in scenario["target"]:
            target["model"] = "gpt-5.4"

    page = build(make_study(tmp_path / "run", rename, levels=(4, 24), targets=tuple(models), models=models))

    assert page.finding.count(" on m") == 3
    assert page.finding.endswith("(3 more between)")


def test_a_run_that_measured_nothing_has_no_page(empty_study):
    assert build(empty_study) is None


def test_loads_whose_windows_are_too_short_to_tell_what_neighbours_are_worth_are_named(tmp_path):
    """Twenty batches longer than an answer of some seconds need more than 20 s."""
    short = build(make_study(tmp_path / "short", levels=(1, 4), targets=("gpt-5.4",)))
    long = build(make_study(tmp_path / "long", levels=(1,), targets=("gpt-5.4",), windows=Windows(measure_s=60.0)))

    assert "gpt-5.4 at 1 and 4 users. A window there holds fewer than 20 batches" in short.notes[-1]
    assert len(long.notes) == 1


def test_the_error_of_the_instrument_is_drawn_from_zero_and_named(study):
    for panel in build(study).figure.axes:
        [name] = [text for text in panel.texts if text.get_text() == "instrument"]
        assert name.xy[1] == 0.0
