"""What page one says of the answers beside the decision."""

from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.judge.ruling import judge_target
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.words.remarks import list_remarks
from tests.decide.hand import result
from tests.decide.judge.test_capacity import ladder
from tests.decide.words.test_reasons import finding

RULING = judge_target(ladder("PP"), None, None, {})


def flag(name: str, evidence: str, level: float = 1.0) -> Flag:
    return Flag(name=name, scope="level", target="m", level=level, repeat=0, voids="pass", evidence=evidence)


def empty(share: float | None, level: float, n: int) -> MetricValue:
    return result("empty_share", share, level=level, n=n)


def test_empty_answers_of_all_levels_are_counted():
    find = finding(empty(0.5, 1.0, 80), empty(0.25, 2.0, 8))

    assert list_remarks(RULING, [], find, "") == ["42 answers were empty (of 88: no visible token, no tool call)."]


def test_one_empty_answer_is_one():
    assert list_remarks(RULING, [], finding(empty(0.01, 1.0, 100)), "")[0].startswith("1 answer was empty")


def test_without_empty_answers_nothing_is_said():
    assert list_remarks(RULING, [], finding(empty(0.0, 1.0, 80), empty(None, 2.0, 0)), "") == []


def test_each_flag_that_changes_what_results_mean_is_told_once():
    raised = [
        flag("CAP_IGNORED", "Too long."),
        flag("BUFFERED", "Held back."),
        flag("BUFFERED", "Held back again.", 2.0),
        flag("QUOTA_UNTOLD", "No quota."),
    ]

    assert list_remarks(RULING, raised, finding(), "") == ["At 1 user: Held back.", "At 1 user: Too long."]
    assert list_remarks(RULING, raised, finding(), "It cannot pass. Held back.") == ["At 1 user: Too long."]


def test_of_a_single_level_the_load_is_not_told_again():
    alone = judge_target(ladder("P"), None, None, {})

    assert list_remarks(alone, [flag("CAP_IGNORED", "Too long.")], finding(), "") == ["Too long."]
