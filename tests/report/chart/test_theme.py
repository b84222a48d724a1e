"""Tests of firsttoken/report/chart/theme.py."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest

from firsttoken.report.chart import theme
from firsttoken.report.chart.short_names import shorten_names
from firsttoken.report.chart.theme import End, Point


def test_names_that_do_not_touch_stay_where_their_lines_end():
    assert theme.spread([10, 30, 60], 10) == [10, 30, 60]


def test_names_that_would_touch_move_apart_by_equal_parts():
    assert theme.spread([20, 20], 10) == [15, 25]
    assert theme.spread([20, 21, 22], 10) == [11, 21, 31]


def test_names_keep_their_order_and_distance_however_crowded():
    wanted = sorted(np.random.default_rng(3).uniform(0, 100, 12))

    places = theme.spread(wanted, 10)

    assert all(after - before > 10 - 1e-9 for before, after in pairwise(places))


def test_the_ticks_of_a_load_axis_are_the_levels_that_were_run():
    figure, [panel] = theme.canvas(5)
    theme.load_axis(panel, [64, 1, 16, 4])
    figure.draw_without_rendering()

    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["1", "4", "16", "64"]


def test_a_load_axis_of_one_level_has_room_on_both_sides():
    _, [panel] = theme.canvas(5)
    theme.load_axis(panel, [4])

    low, high = panel.get_xlim()
    assert low < 4 < high


def test_an_unknown_or_infinite_value_breaks_a_curve():
    _, [panel] = theme.canvas(5)
    theme.curve(panel, [Point(1, 2.0, 1.0, 3.0), Point(2, None), Point(4, math.inf), Point(8, 5.0)], "#000000")

    assert np.isnan(panel.lines[0].get_ydata()).tolist() == [False, True, True, False]


def test_a_curve_without_a_value_has_no_end_to_label():
    assert theme.end_of([Point(1, None), Point(2, math.inf)], "model", "#000000") == []
    assert theme.end_of([Point(1, 3.0), Point(2, None)], "model", "#000000") == [End(1, 3.0, "model", "#000000")]


def test_a_target_keeps_its_colour_and_no_two_of_eight_share_one():
    names = [f"model-{number}" for number in range(8)]

    assert len(set(theme.colours(names).values())) == 8
    assert len(set(theme.markers(names).values())) == 8


def test_the_same_drawing_gives_the_same_bytes_and_no_date(tmp_path):
    def draw(name):
        figure, [panel] = theme.canvas(5)
        theme.load_axis(panel, [1, 4])
        theme.curve(panel, [Point(1, 2.0, 1.0, 3.0), Point(4, 5.0, 4.0, 6.0)], theme.SERIES[0])
        theme.label_ends(panel, [End(4, 5.0, "a model for $5", theme.SERIES[0])])
        return theme.save(figure, tmp_path / name).read_bytes()

    first, second = draw("first.svg"), draw("second.svg")

    assert first == second
    assert b"date" not in first.lower()


def test_words_in_a_drawing_stay_words_and_a_dollar_is_no_formula(tmp_path):
    figure, [panel] = theme.canvas(5)
    panel.set_title("from $1 to $2")

    text = theme.save(figure, tmp_path / "chart.svg").read_text()

    assert re.search(r"<text[^>]*font-family: 'Inter'[^>]*>from \$1 to \$2</text>", text)


@pytest.mark.parametrize(("limit", "side"), [(50.0, "bottom"), (98.0, "top")])
def test_a_limit_is_named_where_there_is_room(limit, side):
    _, [panel] = theme.canvas(5)
    panel.set_ylim(0, 100)
    theme.rule(panel, "slo", limit)

    assert panel.texts[0].get_va() == side


def test_a_panel_grows_to_show_a_limit_above_its_curves():
    _, [panel] = theme.canvas(5)
    panel.set_ylim(0, 100)
    theme.rule(panel, "slo", 200.0)

    assert panel.get_ylim() == pytest.approx((0, 220))
    assert panel.lines


def test_a_limit_far_above_the_curves_does_not_flatten_them():
    _, [panel] = theme.canvas(5)
    panel.set_ylim(0, 100)
    theme.rule(panel, "slo", 1000.0)

    assert panel.get_ylim() == (0, 100)
    assert not panel.lines
    assert panel.texts[0].get_text() == "slo, above this chart"


def ends(count, name="model"):
    return [End(4, float(place), f"{name}-{place}", theme.SERIES[place % 8]) for place in range(count)]


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
    figure, panels = theme.canvas(7, columns=columns)
    for panel in panels:
        panel.set_ylim(0, 10)
        theme.label_ends(panel, names)

    legends = [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]
    assert legends == ([list(shorten_names([end.text for end in names]).values())] if above else [])
    assert all(bool(panel.texts) != above for panel in panels)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [2, 6, 12])
def test_charts_of_many_long_names_keep_their_room(count, tmp_path):
    figure, panels = theme.canvas(7.5, columns=3)
    for panel in panels:
        panel.set_ylim(0, 10)
        theme.load_axis(panel, [1, 4, 16, 64])
        theme.label_ends(panel, ends(count, "gpt-5.4-eu-west-provisioned-throughput"))
    theme.save(figure, tmp_path / "chart.svg")

    assert all(panel.get_position().width > 0.2 and panel.get_position().height > 0.4 for panel in panels)


def test_an_error_bar_taller_than_its_panel_is_cut_and_says_so():
    _, [panel] = theme.canvas(5)
    panel.set_ylim(0, 10)
    theme.error_bar(panel, 110.0)

    reach = [bar.get_segments()[0][:, 1] for bar in panel.containers[0].lines[2]]
    assert max(max(ends) for ends in reach) <= 10
    assert min(min(ends) for ends in reach) >= -1
    assert panel.texts[0].get_text() == "instrument: ± 110, more than this chart shows"
    assert panel.get_ylim() == (0, 10)


def test_an_error_bar_that_fits_is_drawn_to_scale():
    _, [panel] = theme.canvas(5)
    panel.set_ylim(0, 10)
    theme.error_bar(panel, 2.0)

    assert max(panel.containers[0].lines[2][0].get_segments()[0][:, 1]) == 2.0
    assert panel.texts[0].get_text() == "instrument"
