"""A summary is held against the rows."""

import math

import msgspec
import pytest

from firsttoken.decide.study import study_run
from firsttoken.decide.verify import compare_figures, keep_known, verify_run
from firsttoken.results.summary import write_summary
from tests.decide.hand import figure
from tests.made_run import make_run

TTFT = figure("ttft_ms", 700.0, 690.0, math.inf, q=0.5)


def test_a_summary_that_was_just_written_is_true(tmp_path):
    study = study_run(make_run(tmp_path, levels=(1, 64)))
    write_summary(tmp_path, study.figures)

    verified = verify_run(tmp_path)
    assert verified.figures == len(study.figures)
    assert verified.mismatches == []


@pytest.mark.parametrize(
    ("key", "told"),
    [("value", 700.001), ("lo", None), ("hi", 720.0), ("n", 99), ("unit", "s"), ("flags", ("CENSORED",))],
)
def test_a_figure_that_was_altered_is_named(key, told):
    altered = msgspec.structs.replace(TTFT, **{key: told})
    (sentence,) = compare_figures([TTFT], [altered])

    assert sentence.startswith(f"model, level 16, all repeats: ttft_ms q0.5: {key} follows from the rows as")


def test_a_difference_of_rounding_is_none():
    assert compare_figures([TTFT], [msgspec.structs.replace(TTFT, value=700.0 * (1 + 1e-12))]) == []


def test_a_figure_that_is_missing_and_one_too_many_are_named():
    other = figure("attainment", 1.0, level=None)
    sentences = compare_figures([TTFT], [other])

    assert sentences == [
        "model, level 16, all repeats: ttft_ms q0.5: missing in the summary",
        "model, all levels, all repeats: attainment: in the summary, but no row gives it",
    ]


def test_a_kind_of_figure_that_an_older_version_did_not_know_is_not_missing_there():
    newer, elsewhere = figure("empty_share", 0.0), figure("ttft_ms", 700.0, q=0.5, level=1)

    assert keep_known([TTFT, newer, elsewhere], [TTFT]) == [TTFT, elsewhere]
