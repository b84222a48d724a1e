"""Tests of firsttoken/report/chart/canvas.py."""

import re

from firsttoken.report.chart.axes import load_axis
from firsttoken.report.chart.canvas import canvas, save
from firsttoken.report.chart.curves import End, Point, draw_curve, label_ends
from firsttoken.report.chart.theme import SERIES


def test_the_same_drawing_gives_the_same_bytes_and_no_date(tmp_path):
    def draw(name):
        figure, [panel] = canvas(5)
        load_axis(panel, [1, 4])
        draw_curve(panel, [Point(1, 2.0, 1.0, 3.0), Point(4, 5.0, 4.0, 6.0)], SERIES[0])
        label_ends(panel, [End(4, 5.0, "a model for $5", SERIES[0])])
        return save(figure, tmp_path / name).read_bytes()

    first, second = draw("first.svg"), draw("second.svg")

    assert first == second
    assert b"date" not in first.lower()


def test_words_in_a_drawing_stay_words_and_a_dollar_is_no_formula(tmp_path):
    figure, [panel] = canvas(5)
    panel.set_title("from $1 to $2")

    text = save(figure, tmp_path / "chart.svg").read_text()

    assert re.search(r"<text[^>]*font-family: 'Inter'[^>]*>from \$1 to \$2</text>", text)
