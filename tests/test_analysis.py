"""Tests of firsttoken/analysis.py: the one module that pages import, and the page that its document shows."""

import re
from pathlib import Path

import pytest

from firsttoken import analysis, kit
from firsttoken.report.build import build_pages
from firsttoken.report.page import cell
from tests.report.studies import make_study

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "pages.md"


@pytest.fixture(scope="module")
def example() -> str:
    """The page that the document shows."""
    [found] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.S)
    return found


def test_the_page_of_the_document_stands_in_the_report_with_its_chart_and_its_table(example, tmp_path, monkeypatch):
    study = make_study(tmp_path / "run", levels=(1, 16), targets=("gpt-5.4",))
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "whole_answer.py").write_text(example)
    monkeypatch.chdir(tmp_path)

    pages, failures = build_pages(study)

    assert failures == []
    assert [page.slug for page in pages][1:3] == ["latency_under_load", "whole_answer"]
    page = pages[2]
    median_ms = study.value("gpt-5.4", "e2e_ms", level=16.0, q=0.5)
    assert page.finding == f"The median answer takes {median_ms / 1000:.2f} s on gpt-5.4 at 16 users"
    assert [cell(row[2]).text for row in page.table.rows][1] == f"{median_ms / 1000:.2f}"
    [panel] = page.figure.axes
    assert [text.get_text() for text in panel.texts] == ["gpt-5.4"]


def test_a_page_with_one_chart_and_one_table_takes_about_forty_lines(example):
    body = [line for line in example.splitlines() if line.strip()]

    assert len(body) <= 45


def test_every_page_of_the_kit_has_a_place_of_its_own_and_at_most_120_lines():
    sources = {path.stem: path.read_text() for path in (ROOT / "analysis").glob("*.py")}
    orders = [int(re.search(r"^ORDER = (\d+)", source, re.M)[1]) for source in sources.values()]

    assert len(set(orders)) == len(orders)
    assert {name: len(source.splitlines()) for name, source in sources.items() if source.count("\n") > 120} == {}
    assert sources.keys() <= {path.stem for path in kit.list_files("analysis")}


def test_the_document_names_only_what_the_module_has():
    named = set(re.findall(r"`([a-z_]+)\(", DOCUMENT.read_text())) - {"build", "strips"}
    listed = {name for name in named if hasattr(analysis, name)}

    assert named - listed == set()
    assert all(hasattr(analysis, name) for name in analysis.__all__)


def test_the_value_of_a_metric_is_that_of_its_result_and_none_where_there_is_none(tmp_path):
    study = make_study(tmp_path / "run", levels=(4,), targets=("gpt-5.4",))

    assert study.value("gpt-5.4", "ttft_ms", level=4.0, q=0.5) == study.result("gpt-5.4", "ttft_ms", 4.0, q=0.5).value
    assert study.value("gpt-5.4", "ttft_ms", level=64.0, q=0.5) is None
