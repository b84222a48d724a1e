"""Tests of analysis/published_vs_measured.py."""

import pytest

from analysis.published_vs_measured import build
from firsttoken.decide.study import study_run
from tests.made_loads import make_open_run
from tests.made_run import Order, Served
from tests.made_stage import Answers, Windows
from tests.report.studies import make_study


def test_models_that_agree_are_said_to_be_as_fast_as_published(study):
    assert [row[6].text for row in build(study).table.rows] == ["agrees"] * 4


def test_the_worst_disagreement_is_the_headline(tmp_path):
    slow = {"gpt-5.4": Served(ttft_s=0.84, tokens_per_s=150)}

    page = build(make_study(tmp_path / "run", targets=("gpt-5.4",), levels=(1,), models=slow))

    assert page.finding.startswith("gpt-5.4: time to first token is ")
    assert page.finding.endswith(" % above the published figure; 0 of 2 figures agree")
    assert [row[6].text for row in page.table.rows] == ["slower", "faster"]


def test_too_little_measured_is_not_compared(tmp_path):
    page = build(
        make_study(
            tmp_path / "run",
            targets=("gpt-5.4",),
            levels=(1,),
            answers=Answers(error_share=1.0),
            windows=Windows(measure_s=5.0),
        )
    )

    assert page.finding.startswith("Too few requests were measured at one user to compare with the published figures: ")
    assert "attempts failed, http_5xx 500 on gpt-5.4" in page.finding
    assert [row[6].text for row in page.table.rows] == ["not measured"] * 2


def test_a_model_of_which_nothing_is_published_has_no_page(tmp_path):
    def rename(scenario):
        for target in scenario["target"]:
            target |= {"model": "my-own", "prices": "unknown", "base_url": "http://127.0.0.1:9/v1"}

    assert build(make_study(tmp_path / "run", rename, levels=(1,))) is None


def test_a_model_whose_speed_nobody_states_is_said_to_be_simulated_at_an_assumed_one(tmp_path):
    def rename(scenario):
        scenario["target"][0] |= {"model": "gpt-5", "prices": "list"}

    alone = build(make_study(tmp_path / "alone", rename, levels=(1,), targets=("gpt-5.4",)))
    beside = build(make_study(tmp_path / "beside", rename, levels=(1,)))

    assert alone.finding == "No source states how fast gpt-5.4 is: the speed is assumed"
    assert beside.finding == "With one user, gpt-5.4 runs as fast as published"
    assert [row[6].text for row in beside.table.rows] == ["assumed", "assumed", "agrees", "agrees"]
    assert any("no source states the speed; it was simulated at an assumed one" in note for note in beside.notes)


@pytest.mark.parametrize(
    ("change", "made"),
    [
        (None, {"levels": (4, 16)}),
        (None, {"levels": (8,)}),
        (lambda scenario: scenario["load"].update(order="together"), {"levels": (1, 4), "order": Order(together=True)}),
    ],
    ids=["a ladder that begins higher", "one level of more", "targets at the same time"],
)
def test_a_load_that_is_not_one_user_alone_is_not_called_alone(change, made, tmp_path):
    assert build(make_study(tmp_path / "run", change, windows=Windows(measure_s=8.0), **made)) is None


def test_an_open_loop_is_never_alone(tmp_path):
    assert build(study_run(make_open_run(tmp_path / "run", rates=(1.0,), targets=("gpt-5.4",)))) is None
