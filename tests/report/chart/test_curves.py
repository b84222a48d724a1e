"""Tests of firsttoken/report/chart/curves.py."""

import math
from itertools import pairwise

import numpy as np
import pytest

from firsttoken.report.chart.axes import load_axis
from firsttoken.report.chart.canvas import canvas, save
from firsttoken.report.chart.curves import End, Point, draw_curve, end_of, label_ends, spread
from firsttoken.report.chart.short_names import shorten_names
from firsttoken.report.chart.theme import SERIES


def test_names_that_do_not_touch_stay_where_their_lines_end():
    assert spread([10, 30, 60], 10) == [10, 30, 60]


def test_names_that_would_touch_move_apart_by_equal_parts():
    assert spread([20, 20], 10) == [15, 25]
    assert spread([20, 21, 22], 10) == [11, 21, 31]


def test_names_keep_their_order_and_distance_however_crowded():
    wanted = sorted(np.random.default_rng(3).uniform(0, 100, 12))

    places = spread(wanted, 10)

    assert all(after - before > 10 - 1e-9 for before, after in pairwise(places))


def test_an_unknown_or_infinite_value_breaks_a_curve():
    _, [panel] = canvas(5)
    draw_curve(panel, [Point(1, 2.0, 1.0, 3.0), Point(2, None), Point(4, math.inf), Point(8, 5.0)], "#000000")

    assert np.isnan(panel.lines[0].get_ydata()).tolist() == [False, True, True, False]


def test_a_curve_without_a_value_has_no_end_to_label():
    assert end_of([Point(1, None), Point(2, math.inf)], "model", "#000000") == []
    assert end_of([Point(1, 3.0), Point(2, None)], "model", "#000000") == [End(1, 3.0, "model", "#000000")]


def ends(count, name="model"):
    return [End(4, float(place), f"{name}-{place}", SERIES[place % 8]) for place in range(count)]


@pytest.mark.parametrize(
    ("columns", "names", "above"),
    [
        (2, ends(3), False),
        (2, ends(9), True),
        (2, ends(2, "a-deployment-with-a-long-name"), True),
        (1, ends(9), False),
    ],
)
def test_names_that_would_take_the_room_of_panels_stand_above_them_once(columns, names, above):
    figure, panels = canvas(7, columns=columns)
    for panel in panels:
        panel.set_ylim(0, 10)
        label_ends(panel, names)

    legends = [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]
    assert legends == ([list(shorten_names([end.text for end in names]).values())] if above else [])
    assert all(bool(panel.texts) != above for panel in panels)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [2, 6, 12])
def test_charts_of_many_long_names_keep_their_room(count, tmp_path):
    figure, panels = canvas(7.5, columns=3)
    for panel in panels:
        panel.set_ylim(0, 10)
        load_axis(panel, [1, 4, 16, 64])
        label_ends(panel, ends(count, "gpt-5.4-eu-west-provisioned-throughput"))
    save(figure, tmp_path / "chart.svg")

    assert all(panel.get_position().width > 0.2 and panel.get_position().height > 0.4 for panel in panels)
