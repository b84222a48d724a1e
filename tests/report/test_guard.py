"""Tests of firsttoken/report/guard.py."""

from firsttoken.error import ReportError
from firsttoken.report.guard import describe_error, guarded


def test_a_part_that_can_be_made_is_made():
    failures: list[str] = []

    assert guarded("the glossary", lambda: 7, 0, failures) == 7
    assert failures == []


def test_a_part_that_fails_is_replaced_and_named_with_its_place():
    failures: list[str] = []

    assert guarded("the glossary", lambda: {}["weibull"], 0, failures) == 0
    assert failures[0].startswith("the glossary could not be made: KeyError: 'weibull' (line ")
    assert failures[0].endswith("of test_guard.py)")


def test_a_sentence_of_ours_stands_as_it_is():
    assert describe_error(ReportError("expected a page, got none")) == "expected a page, got none"
