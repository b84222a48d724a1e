"""Tests of analysis/bill.py."""

import re

from analysis.bill import build
from tests.made_stage import Answers, Windows
from tests.report.studies import PEAK, hide_prices, make_study


def rows_of(page):
    return [[cell if isinstance(cell, str) else cell.text or cell.detail for cell in row] for row in page.table.rows]


def test_the_bill_is_of_input_and_output_and_says_what_output_alone_is(study):
    page = build(study)

    assert re.findall(r"\$[\d,]*\d", page.finding) == ["$6,412", "$10,556", "$4,144", "$3,600", "$5,400"]
    words = [text.get_text() for text in page.figure.axes[0].texts]
    assert words == ["output $120", "input $93.75", "output $180", "input $172"]


def test_every_dated_source_is_shown_and_only_the_named_one_is_billed(study):
    used, other, *_ = rows_of(build(study))

    assert used[1:8] == [
        "A published comparison of GPT-5.2 Codex and GPT-5.4, 2026",
        "3.00",
        "unknown",
        "unknown",
        "12.00",
        "unknown",
        "93.75",
    ]
    assert other[2:] == ["1.75", "unknown", "unknown", "14.00", "unknown", "–", "–", "–"]


def test_the_tiers_of_a_source_are_columns_and_what_it_does_not_state_is_unknown(study):
    page = build(study)
    by_source = {row[1]: row for row in rows_of(page)}
    heads = [column.title for column in page.table.columns]
    tiers = heads.index("Cached"), heads.index("Cache write"), heads.index("Long context")
    listed = by_source["OpenAI, developers.openai.com/api/docs/models/gpt-5.4, 2026"]

    assert [listed[place] for place in tiers] == ["0.25", "unknown", "2, 1.5"]
    [row] = [row for row in page.table.rows if getattr(row[1], "detail", "") == listed[1]]
    assert row[tiers[2]].detail == "over 272k"


def test_an_unknown_price_makes_an_unknown_bill_never_0(tmp_path):
    page = build(make_study(tmp_path / "run", hide_prices, levels=(1,), demand=PEAK))

    assert page.finding == "10,000,000 output tokens a day: the bill is unknown, as no target has a known price"
    assert rows_of(page)[0] == ["gpt-5.2-codex", *["unknown"] * 9]
    assert [text.get_text() for text in page.figure.axes[0].texts] == ["price unknown"] * 2


def test_one_price_known_bills_one_target(tmp_path):
    def hide_price(scenario):
        scenario["target"][1]["prices"] = "unknown"

    page = build(make_study(tmp_path / "run", hide_price, levels=(1,), demand=PEAK))

    assert "cost $6,412 on gpt-5.2-codex in 30 days; output alone is $3,600" in page.finding


def test_lengths_that_nobody_measured_are_said_to_be_assumed(tmp_path):
    page = build(
        make_study(tmp_path / "run", targets=("gpt-5.4",), levels=(1,), answers=Answers(error_share=1.0), demand=PEAK)
    )

    assert page.notes[-1] == "gpt-5.4: no answer reported its usage; the lengths are the requested ones."


def test_no_demand_no_page(tmp_path):
    def drop_demand(scenario):
        del scenario["demand"]

    assert build(make_study(tmp_path / "run", drop_demand, levels=(1,))) is None


def test_a_bill_of_lengths_that_nobody_counted_says_so_in_its_headline(tmp_path):
    page = build(
        make_study(
            tmp_path / "run", levels=(4,), answers=Answers(error_share=1.0), windows=Windows(measure_s=5.0), demand=PEAK
        )
    )

    assert page.finding.endswith("the lengths are the requested ones, as no answer reported its usage")
