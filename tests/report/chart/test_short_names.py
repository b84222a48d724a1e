"""Names that a chart has no room for."""

import pytest

from firsttoken.report.chart.short_names import shorten_middle, shorten_names


@pytest.mark.parametrize(
    ("name", "most", "short"),
    [("gpt-5.4", 22, "gpt-5.4"), ("a" * 10 + "b" * 10, 9, "aaaa…bbbb"), ("abcdefghij", 6, "abc…ij")],
)
def test_a_long_name_is_cut_in_its_middle(name, most, short):
    assert shorten_middle(name, most) == short
    assert len(short) <= most


def test_no_two_names_become_the_same_by_being_cut():
    names = [f"gpt-5.4-eu-west-{number}-provisioned-throughput" for number in range(12)]

    short = shorten_names(names)

    assert len(set(short.values())) == 12
    assert max(map(len, short.values())) < len(names[0])
