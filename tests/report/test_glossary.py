"""Tests of firsttoken/report/glossary.py."""

from firsttoken.decide.metrics.metric import UNITS
from firsttoken.report.glossary import glossary_table, peers_table, read_glossary


def test_every_metric_of_a_summary_is_defined_once():
    defined = [metric for term in read_glossary().term for metric in term.metrics]

    assert sorted(defined) == sorted(UNITS)


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
