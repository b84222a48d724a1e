"""Tests of firsttoken/decide/published.py."""

import pytest

from firsttoken.catalogue import Source
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.published import Comparison, compare_published
from tests.report.studies import make_study

SOURCE = Source(title="A comparison", read="2026", ttft_s=1.0, tokens_per_s=100)


def compare(value, lo, hi, metric="ttft_ms", published=1000.0):
    unit = "ms" if metric == "ttft_ms" else "tok/s"
    measured = MetricValue(
        target="m", level=1.0, repeat=None, metric=metric, q=0.5, value=value, unit=unit, n=9, lo=lo, hi=hi, flags=()
    )  # fmt: skip
    return Comparison("m", metric, published, SOURCE, measured)


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        ((1020.0, 1015.0, 1025.0), "agrees"),  # within 3 %
        ((1100.0, 990.0, 1200.0), "agrees"),  # the interval holds it
        ((1100.0, 1080.0, 1120.0), "slower"),
        ((900.0, 880.0, 920.0), "faster"),
        ((None, None, None), "not measured"),
        ((1100.0, None, None), "not measured"),
    ],
)
def test_a_first_token_agrees_within_its_interval_or_three_per_cent(measured, verdict):
    assert compare(*measured).verdict == verdict


def test_more_tokens_a_second_are_faster():
    assert compare(120.0, 118.0, 122.0, metric="stream_tok_s", published=100.0).verdict == "faster"
    assert compare(80.0, 78.0, 82.0, metric="stream_tok_s", published=100.0).verdict == "slower"


def test_the_published_figures_of_both_models_are_compared_at_the_lowest_load(study):
    compared = list(compare_published(study))

    published = {(c.target, c.metric): c.published for c in compared}
    assert published == {
        ("gpt-5.2-codex", "ttft_ms"): 1100.0,
        ("gpt-5.2-codex", "stream_tok_s"): 85.0,
        ("gpt-5.4", "ttft_ms"): 700.0,
        ("gpt-5.4", "stream_tok_s"): 140.0,
    }
    assert {c.measured.level for c in compared} == {1.0}
    assert {c.verdict for c in compared} == {"agrees"}


def test_a_speed_that_no_source_states_is_reported_as_assumed(tmp_path):
    def rename(scenario):
        for target in scenario["target"]:
            target |= {"model": "gpt-5", "prices": "list"}

    compared = list(compare_published(make_study(tmp_path / "run", rename, levels=(1,), targets=("gpt-5.4",))))

    assert {(c.metric, c.published, c.source, c.verdict) for c in compared} == {
        ("ttft_ms", 1000.0, None, "assumed"), ("stream_tok_s", 100.0, None, "assumed"),
    }  # fmt: skip
