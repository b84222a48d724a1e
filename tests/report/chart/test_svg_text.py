"""Tests of firsttoken/report/chart/svg_text.py."""

import re

import pytest

from firsttoken.report.chart.letters import Face
from firsttoken.report.chart.svg_text import measure_width, set_runs, split_runs
from tests.made_font import make_font


@pytest.fixture
def made(tmp_path):
    """A font that has 模 and 型, each as wide as its size."""
    return Face(make_font(tmp_path / "Made.ttf", "模型"), "Made Script", "Regular", frozenset("模型"))


def text(words, anchor="start"):
    style = f"font-size: 10px; font-family: 'Inter'; text-anchor: {anchor}; fill: #000"
    return f'<text style="{style}" x="100.0" y="7" transform="rotate(-0 100 7)">{words}</text>'


def texts_of(svg):
    found = re.findall(r'<text style="([^"]*)" x="([^"]*)"[^>]*>([^<]*)</text>', svg)
    return [(words, re.search("font-family: '([^']*)'", style)[1], round(float(x), 1)) for style, x, words in found]


def test_a_drawing_in_the_reports_own_letters_stays_as_it_is(made):
    drawing = f"<svg>{text('gpt-5.4 &amp; co')}</svg>"

    assert set_runs(drawing, [made]) == drawing
    assert set_runs(drawing, []) == drawing


def test_each_run_of_letters_is_a_text_in_the_font_that_has_it(made):
    told = texts_of(set_runs(text("模型, &lt;a&gt;"), [made]))

    assert [(words, family) for words, family, _ in told] == [("模型", "Made Script"), (", &lt;a&gt;", "Inter")]


def test_runs_stand_side_by_side_from_the_beginning(made):
    [first, second] = texts_of(set_runs(text("模型, a"), [made]))

    assert first[2] == 100.0
    assert second[2] == pytest.approx(120.8, abs=0.2)


def test_runs_that_end_somewhere_end_there(made):
    [first, second] = texts_of(set_runs(text("a 模型", "end"), [made]))

    assert second[2] == 100.0
    assert first[2] == pytest.approx(79.2, abs=0.2)


def test_runs_round_a_middle_stand_round_it(made):
    [first, second] = texts_of(set_runs(text("模型模型", "middle").replace("模型模型", "模型aa"), [made]))

    width = measure_width((None, "aa"), 10)
    assert first[2] == pytest.approx(100 - (20 + width) / 2, abs=1.0)
    assert second[2] > 100


def test_an_accent_stays_with_its_letter(made):
    assert [letters for _, letters in split_runs("模\u0301a", [made])] == ["模\u0301", "a"]


def test_an_empty_text_stays(made):
    assert set_runs(text(""), [made]) == text("")
