"""Tests of firsttoken/running.py: what is refused before a run begins."""

import pytest

from firsttoken.readiness import UsageError
from firsttoken.report import letters
from firsttoken.running import check_names
from firsttoken.scenario.reading import find_scenario, load_scenario
from firsttoken.scenario.values import ScenarioError


def plan(name):
    return load_scenario(find_scenario("quickstart"), [f'target.gpt-5.4.name="{name}"'])


def test_a_name_that_no_font_can_write_is_refused_before_the_run(monkeypatch):
    monkeypatch.setattr(letters.font_manager, "findSystemFonts", list)

    with pytest.raises(UsageError, match=r"target\.通义千问\.name: expected a name that the report can show"):
        check_names(plan("通义千问"))


def test_names_that_the_report_can_show_are_taken(monkeypatch):
    monkeypatch.setattr(letters.font_manager, "findSystemFonts", list)

    check_names(plan("gpt-5.4"))
    check_names(plan("größer-модель"))


@pytest.mark.parametrize("name", ["हिन्दी", "ไทยดี", "العَرَبِيَّة", "e\u0301tude"])
def test_accents_and_vowel_signs_are_part_of_a_word(name):
    assert plan(name).target[1].name == name


@pytest.mark.parametrize("escape", ["\\u0007", "\\u001b", "\\u200b", "\\u202e", "\\ufeff", "\\ufe0f", "\\n", " "])
def test_what_nobody_can_see_is_no_part_of_a_name(escape):
    with pytest.raises(ScenarioError, match="expected a word of letters"):
        plan(f"a{escape}b")
