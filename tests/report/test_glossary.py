"""Tests of firsttoken/report/glossary.py."""

from firsttoken.decide.metrics.table import METRICS, TERMS
from firsttoken.report.glossary import FILE, glossary_table, peers_table, read_words


def test_every_term_of_the_metrics_is_printed_in_their_order():
    assert [row[0].text for row in glossary_table().rows] == [term.name for term in TERMS]


def test_no_metric_is_listed_a_second_time():
    assert not [name for name in METRICS if f'"{name}"' in FILE.read_text()]
    assert {"Measured", "n"} <= {word.name for word in read_words()}


def test_a_term_has_a_formula_and_says_what_it_is_taken_over():
    for name, unit, formula, over in glossary_table().rows:
        assert formula, name
        assert over, name
        assert unit, name


def test_the_metrics_that_tools_disagree_on_stand_beside_each_other():
    rows = {row[0]: row[1:] for row in peers_table().rows}

    assert {"TTFT", "TPOT", "Stream tok/s", "Goodput"} <= rows.keys()
    assert "role chunk" in rows["TTFT"][0]
    assert rows["TPOT"][1] == "called ITL"
