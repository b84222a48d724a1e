"""What failed: attempts that ended badly, gathered by what was said, whatever numbers and ids stood in it."""

import pytest

from firsttoken.decide.measure.failures import COLUMNS, WHERE, count_failures, fold_words
from firsttoken.decide.study import study_run
from firsttoken.row import Row
from tests.decide.columns import columns_of
from tests.made_run import make_run
from tests.made_stage import Answers

S = 1_000_000_000


def failed(outcome: str = "http_5xx", status: int | None = 500, error: str | None = "down", **fields: object) -> Row:
    reported = {"target": "m", "stage": 0, "phase": "measure", "end_ns": S}
    return Row(outcome=outcome, http_status=status, error=error, **reported | fields)


def count(*rows: Row):
    return count_failures(columns_of(rows, COLUMNS))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rate limit: RPM limit=10, current usage=11", "rate limit: RPM limit=10, current usage=131"),
        ("try again in 6m0.5s", "try again in 12m41.25s"),
        ("used 1,024 of 2,000 tokens", "used 9 of 10 tokens"),
        ("request req_011CQ2abcdEFGh failed", "request req_7Hk29xLmZ81 failed"),
        ("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace 00f067aa0ba902b7"),
        ("id 7d444840-9dc0-11d1-b245-5ffdce74fad2", "id 00000000-0000-4000-8000-000000000000"),
        ("down since 2026-11-30T12:00:01Z", "down since 2026-11-30 12:00:59.125+01:00"),
        ("no connection to 10.0.0.7:8000", "no connection to 10.0.12.9:65535"),
        ("at 0x7fae12", "at 0x7fae0000"),
        ("  spread\nover lines 1", "spread over lines 2"),
    ],
)  # fmt: skip
def test_what_differs_in_numbers_and_ids_alone_is_one_wording(one, other):
    assert one != other
    assert fold_words(one) == fold_words(other)


@pytest.mark.parametrize(
    "words", ["model not found", "deadbeef is a word", "Überlastet, später versuchen", "模型不存在"]
)
def test_words_without_numbers_stay_as_they_are(words):
    assert fold_words(words) == words


def test_the_name_of_a_model_keeps_its_letters():
    assert fold_words("The model gpt-5.2-codex does not exist") == "The model gpt-#-codex does not exist"


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("gpt-5.4", "gpt-5.4: # of # slots of gpt-#-mini busy"),
        ("9", "gpt-#: # of # slots of gpt-#-mini busy"),
    ],
)
def test_the_targets_own_name_keeps_its_numbers_too_but_not_a_name_that_is_a_number(name: str, folded: str):
    assert fold_words("gpt-5.4: 9 of 10 slots of gpt-5.4-mini busy", name=name) == folded


def test_the_id_of_the_request_is_folded_however_it_looks():
    assert fold_words("request abcdefgh failed", "abcdefgh") == "request # failed"


def test_an_error_that_repeats_the_prompt_is_cut_before_the_prompts_differ():
    one, other = (fold_words(f"invalid body: {'word ' * 60}{ending}") for ending in ("fox", "dog"))

    assert one == other
    assert len(one) <= 200


def test_failures_are_counted_by_outcome_status_and_words_the_most_frequent_first():
    rows = [
        failed(error="broken pipe", status=None, outcome="truncated"),
        failed("rate_limited", 429, "slow down, 11 of 10", end_ns=5 * S, stage=2),
        failed("rate_limited", 429, "slow down, 12 of 10", end_ns=3 * S, phase="ramp"),
        failed("rate_limited", 503, "slow down, 13 of 10", end_ns=None),
    ]
    most, *others = count(*rows)

    assert (most.target, most.outcome, most.status, most.words) == ("m", "rate_limited", 429, "slow down, # of #")
    assert (most.count, most.measured, most.example) == (2, 1, "slow down, 11 of 10")
    assert (most.first_ns, most.last_ns) == (3 * S, 5 * S)
    assert most.stages == {0: 1, 2: 1}
    assert [(each.outcome, each.status, each.first_ns) for each in others] == [
        ("rate_limited", 503, None),
        ("truncated", None, S),
    ]


def test_each_target_has_its_own_failures():
    assert {each.target for each in count(failed(target="a"), failed(target="b"))} == {"a", "b"}


@pytest.mark.parametrize(
    "outcome", ["ok", "length", "cancelled_by_run", "cancelled_by_user", "stopped_by_user", "lost", None]
)
def test_what_succeeded_or_was_cut_off_by_ourselves_did_not_fail(outcome):
    assert count(failed(outcome)) == []


def test_a_failure_without_a_word_is_counted_all_the_same():
    [silent] = count(failed(error=None))

    assert (silent.words, silent.example, silent.count) == ("", "", 1)


def test_a_study_tells_every_failed_attempt_of_its_run(tmp_path):
    study = study_run(make_run(tmp_path, levels=(64,), answers=Answers(error_share=0.1)))
    _, [(failures,)] = study.run.sql(f"SELECT count(*) FROM attempts WHERE {WHERE}")

    assert sum(each.count for each in study.failures) == failures > 0
    assert all(sum(each.stages.values()) == each.count >= each.measured for each in study.failures)
