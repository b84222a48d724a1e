"""A summary is held against the rows."""

import json
import math

import msgspec
import pytest
from msgspec.structs import replace

from firsttoken.decide.study import study_run
from firsttoken.decide.verify import compare_values, keep_known, name_value, verify_run
from firsttoken.results.summary import write_summary
from firsttoken.row import DEFINITIONS
from tests.decide.hand import result
from tests.made_run import make_run

TTFT = result("ttft_ms", 700.0, 690.0, math.inf, q=0.5)


def test_a_summary_that_was_just_written_is_true(tmp_path):
    study = study_run(make_run(tmp_path, levels=(1, 64)))
    write_summary(tmp_path, study.results)

    verified = verify_run(tmp_path)
    assert verified.results == len(study.results)
    assert verified.mismatches == []


@pytest.mark.parametrize(
    ("key", "reported"),
    [("value", 700.001), ("lo", None), ("hi", 720.0), ("n", 99), ("unit", "s"), ("flags", ("CENSORED",))],
)
def test_a_result_that_was_altered_is_named(key, reported):
    altered = msgspec.structs.replace(TTFT, **{key: reported})
    (sentence,) = compare_values([TTFT], [altered])

    assert sentence.startswith(f"model, level 16, all repeats: ttft_ms q0.5: {key} is, from the rows,")


def test_a_difference_of_rounding_is_none():
    assert compare_values([TTFT], [msgspec.structs.replace(TTFT, value=700.0 * (1 + 1e-12))]) == []


def test_a_result_that_is_missing_and_one_too_many_are_named():
    other = result("attainment", 1.0, level=None)
    sentences = compare_values([TTFT], [other])

    assert sentences == [
        "model, level 16, all repeats: ttft_ms q0.5: missing in the summary",
        "model, all levels, all repeats: attainment: in the summary, but not in the rows",
    ]


def test_a_kind_of_result_that_an_older_version_did_not_know_is_not_missing_there():
    newer, elsewhere = result("empty_share", 0.0), result("ttft_ms", 700.0, q=0.5, level=1)

    assert keep_known([TTFT, newer, elsewhere], [TTFT]) == [TTFT, elsewhere]


def test_a_run_of_another_release_may_lack_the_kinds_that_came_later(tmp_path):
    study = study_run(make_run(tmp_path, levels=(1,), targets=("gpt-5.4",)))
    write_summary(tmp_path, [each for each in study.results if each.metric != "empty_share"])
    same = verify_run(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    manifest["versions"]["firsttoken"] = "0.0.1"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))

    assert [sentence.partition(": missing")[0] for sentence in same.mismatches] == [
        "gpt-5.4, level 1, repeat 0: empty_share",
        "gpt-5.4, level 1, all repeats: empty_share",
    ]
    assert verify_run(tmp_path).mismatches == []


@pytest.mark.parametrize(
    ("definitions", "reported"),
    [
        (DEFINITIONS + 1, f"newer rules (definitions {DEFINITIONS + 1};"),
        (None, "older rules (no definitions are stated;"),
    ],
)
def test_results_of_other_definitions_are_not_compared(tmp_path, definitions, reported):
    study = study_run(make_run(tmp_path, levels=(1,), targets=("gpt-5.4",)))
    entries = json.loads(write_summary(tmp_path, study.results).read_bytes())
    stated = {} if definitions is None else {"definitions": definitions}
    entries = [{key: each[key] for key in each if key != "definitions"} | stated for each in entries]
    (tmp_path / "summary.json").write_text(json.dumps(entries))
    verified = verify_run(tmp_path)

    assert (verified.results, verified.mismatches, verified.exit_code) == (0, [], 4)
    assert f"{tmp_path}: its results were made under {reported}" in verified.other_rules


def test_a_value_of_a_kind_of_request_is_named_by_it():
    assert name_value(replace(TTFT, name="search", turn=2).key) == (
        "model, level 16, all repeats, name search, turn 2: ttft_ms q0.5"
    )
