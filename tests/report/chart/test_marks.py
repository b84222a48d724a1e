"""Tests of firsttoken/report/chart/marks.py."""

import pytest

from firsttoken.report.chart.canvas import canvas
from firsttoken.report.chart.marks import draw_error_bar, draw_limit


@pytest.mark.parametrize(("limit", "side"), [(50.0, "bottom"), (98.0, "top")])
def test_a_limit_is_named_where_there_is_room(limit, side):
    _, [panel] = canvas(5)
    panel.set_ylim(0, 100)
    draw_limit(panel, "slo", limit)

    assert panel.texts[0].get_va() == side


def test_a_panel_grows_to_show_a_limit_above_its_curves():
    _, [panel] = canvas(5)
    panel.set_ylim(0, 100)
    draw_limit(panel, "slo", 200.0)

    assert panel.get_ylim() == pytest.approx((0, 220))
    assert panel.lines


def test_a_limit_far_above_the_curves_does_not_flatten_them():
    _, [panel] = canvas(5)
    panel.set_ylim(0, 100)
    draw_limit(panel, "slo", 1000.0)

    assert panel.get_ylim() == (0, 100)
    assert not panel.lines
    assert panel.texts[0].get_text() == "slo, above this chart"


def test_an_error_bar_taller_than_its_panel_is_cut_and_says_so():
    _, [panel] = canvas(5)
    panel.set_ylim(0, 10)
    draw_error_bar(panel, 110.0)

    reach = [bar.get_segments()[0][:, 1] for bar in panel.containers[0].lines[2]]
    assert max(max(ends) for ends in reach) <= 10
    assert min(min(ends) for ends in reach) >= -1
    assert panel.texts[0].get_text() == "instrument: ± 110, beyond this chart"
    assert panel.get_ylim() == (0, 10)


def test_an_error_bar_that_fits_is_drawn_to_scale():
    _, [panel] = canvas(5)
    panel.set_ylim(0, 10)
    draw_error_bar(panel, 2.0)

    assert max(panel.containers[0].lines[2][0].get_segments()[0][:, 1]) == 2.0
    assert panel.texts[0].get_text() == "instrument"
