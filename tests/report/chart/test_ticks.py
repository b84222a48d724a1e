"""The numbers along the foot of a chart."""

from itertools import pairwise

from firsttoken.report.chart import theme


def test_numbers_at_the_foot_of_a_narrow_panel_do_not_touch(tmp_path):
    figure, panels = theme.canvas(5, columns=4)
    for panel in panels:
        theme.load_axis(panel, [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96])
    theme.save(figure, tmp_path / "chart.svg")

    for panel in panels:
        ticks = list(panel.xaxis.get_major_locator().tick_values(0, 1))
        places = [panel.transData.transform((tick, 1))[0] / figure.dpi * 72 for tick in ticks]
        assert ticks[0] == 1
        assert ticks[-1] == 96
        assert all(after - before > 12 for before, after in pairwise(places))
