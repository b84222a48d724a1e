"""Tests of firsttoken/cli/run.py: what is refused before a run begins, and with which exit code it ends."""

import json

import pytest

from firsttoken.cli import run
from firsttoken.cli.interrupts import Interrupts
from firsttoken.cli.run import check_names, conclude
from firsttoken.machine.readiness import UsageError
from firsttoken.process.launch import LoadSpec
from firsttoken.report.chart import letters
from firsttoken.scenario.reading import find_scenario, load_scenario
from firsttoken.scenario.values import ScenarioError
from tests.made_run import make_run


def plan(name):
    return load_scenario(find_scenario("quickstart"), [f'target.gpt-5.4.name="{name}"'])


def test_a_name_that_no_font_can_write_is_refused_before_the_run(monkeypatch):
    monkeypatch.setattr(letters.font_manager, "findSystemFonts", list)

    with pytest.raises(UsageError, match=r"target\.通义千问\.name: expected a name that the report can show"):
        check_names(plan("通义千问"))


def test_names_that_the_report_can_show_are_taken(monkeypatch):
    monkeypatch.setattr(letters.font_manager, "findSystemFonts", list)

    assert check_names(plan("gpt-5.4")) is None
    assert check_names(plan("größer-модель")) is None


@pytest.mark.parametrize("name", ["हिन्दी", "ไทยดี", "العَرَبِيَّة", "e\u0301tude"])
def test_accents_and_vowel_signs_are_part_of_a_word(name):
    assert plan(name).target[1].name == name


@pytest.mark.parametrize("escape", ["\\u0007", "\\u001b", "\\u200b", "\\u202e", "\\ufeff", "\\ufe0f", "\\n", " "])
def test_what_nobody_can_see_is_no_part_of_a_name(escape):
    with pytest.raises(ScenarioError, match="expected a word of letters"):
        plan(f"a{escape}b")


class Ended:
    """How often somebody interrupted a run that has ended."""

    def __init__(self, count):
        self.count = count


@pytest.mark.parametrize(
    ("peak", "failure", "interrupts", "code"),
    [
        (None, None, 0, 0),
        (4, None, 0, 4),
        (15, None, 0, 2),
        (15, "It broke.", 0, 1),
        (15, "It broke.", 1, 130),
    ],
)
def test_a_run_exits_as_page_one_says_and_so_does_its_json(
    tmp_path, monkeypatch, capsys, peak, failure, interrupts, code
):
    """Once measured below the peak it needs, without one a profile; where it broke, that goes first."""
    monkeypatch.setattr("firsttoken.report.build.build_report", lambda _: tmp_path / "report.pdf")
    demand = {"requests_per_day": 31_000} | ({"peak_rps": peak} if peak else {})
    folder = make_run(tmp_path / "run", targets=("gpt-5.4",), levels=(16, 64), demand=demand)

    assert conclude(folder, failure=failure, interrupts=Ended(interrupts), as_json=True) == code
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == code
    assert [decision["target"] for decision in told["decisions"]] == ["gpt-5.4"]
    short = next(flag for flag in told["flags"] if flag["name"] == "UNSETTLED")
    assert (short["value"] < short["bound"], short["unit"], bool(short["evidence"])) == (True, "ms", True)


class ScriptedChild:
    """A load process that reports what it is given, and was asked to stop as often as it says."""

    def __init__(self, events):
        self.events = lambda: iter(events)
        self.asked_to_stop = 0
        self.is_stopped = False

    def finish_early(self):
        self.asked_to_stop += 1

    def stop(self):
        self.is_stopped = True


@pytest.mark.parametrize(
    ("events", "failure"),
    [
        ([{"event": "end", "failure": None}], None),
        ([{"event": "end", "failure": "chat.py:3: expected it to run"}], "chat.py:3: expected it to run"),
        ([], "runs/one: the load process died; `firsttoken report runs/one` shows what was recorded"),
    ],
)
def test_why_a_load_failed_is_its_own_sentence_or_that_it_died(monkeypatch, events, failure):
    child = ScriptedChild(events)
    monkeypatch.setattr(run, "Child", lambda module, *_arguments, **_keys: child)
    spec = LoadSpec(folder="runs/one", base_urls={}, command=["test"])

    with Interrupts(print) as interrupts:
        interrupts.count = 1  # an interrupt came before there was a load
        assert run.measure(spec, 0, 1, interrupts) == failure

    assert (child.asked_to_stop, child.is_stopped) == (1, True)
