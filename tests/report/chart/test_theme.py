"""Tests of firsttoken/report/chart/theme.py."""

from firsttoken.report.chart.theme import colours, markers


def test_a_target_keeps_its_colour_and_no_two_of_eight_share_one():
    names = [f"model-{number}" for number in range(8)]

    assert len(set(colours(names).values())) == 8
    assert len(set(markers(names).values())) == 8
