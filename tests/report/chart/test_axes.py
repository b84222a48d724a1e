"""Tests of firsttoken/report/chart/axes.py."""

from itertools import pairwise

from firsttoken.report.chart.axes import load_axis
from firsttoken.report.chart.canvas import canvas, save


def test_the_ticks_of_a_load_axis_are_the_levels_that_were_run():
    figure, [panel] = canvas(5)
    load_axis(panel, [64, 1, 16, 4])
    figure.draw_without_rendering()

    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["1", "4", "16", "64"]


def test_a_load_axis_of_one_level_has_room_on_both_sides():
    _, [panel] = canvas(5)
    load_axis(panel, [4])

    low, high = panel.get_xlim()
    assert low < 4 < high


def test_numbers_at_the_foot_of_a_narrow_panel_do_not_touch(tmp_path):
    figure, panels = canvas(5, columns=4)
    for panel in panels:
        load_axis(panel, [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96])
    save(figure, tmp_path / "chart.svg")

    for panel in panels:
        ticks = list(panel.xaxis.get_major_locator().tick_values(0, 1))
        places = [panel.transData.transform((tick, 1))[0] / figure.dpi * 72 for tick in ticks]
        assert ticks[0] == 1
        assert ticks[-1] == 96
        assert all(after - before > 12 for before, after in pairwise(places))
