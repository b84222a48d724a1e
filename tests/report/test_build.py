"""Tests of firsttoken/report/build.py: the PDF itself."""

import io
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest
import typst

import firsttoken.report.document as report_document
from firsttoken import kit
from firsttoken.decide.study import study_run
from firsttoken.error import ReportError
from firsttoken.report.build import _draw, build_pages, build_report, set_type
from firsttoken.report.chart import letters
from firsttoken.report.chart.canvas import canvas
from firsttoken.report.document import document
from firsttoken.report.first_page import count_words
from firsttoken.report.metric_table import SHOWN, ladder
from firsttoken.row import OUTCOMES
from tests.made_font import make_font
from tests.made_loads import make_open_run, make_search_run, make_spike_run
from tests.made_run import MODELS, Client, make_run
from tests.made_stage import Answers, Windows
from tests.report.studies import PEAK, hide_prices, make_study

ROOT = Path(__file__).parents[2]
PAGES = [
    "published_vs_measured",
    "latency_under_load",
    "degradation",
    "failures",
    "retry_cost",
    "bill",
    "timeline",
    "instrument",
]
CHARTS = {"attainment", *PAGES} - {"failures"}


@pytest.fixture(scope="module")
def pdf(study):
    """The report of the study, built where no socket can be opened."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a report opened a socket")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", refuse)
        return pypdf.PdfReader(build_report(study))


@pytest.fixture(scope="module")
def texts(pdf):
    """The text of every page, with ordinary spaces."""
    return [text_of(page) for page in pdf.pages]


def text_of(page):
    return " ".join(page.extract_text().split())


def page_titled(texts, title):
    [found] = [text for text in texts if title.upper() in text]
    return found


def test_pages_come_in_the_order_that_the_analysis_files_name(study):
    assert [page.slug for page in build_pages(study)[0]] == PAGES
    assert build_pages(study)[1] == []


def test_the_report_and_its_charts_lie_in_the_run_folder(study, pdf):
    assert (study.run.path / "report.pdf").is_file()
    charts = {path.stem for path in (study.run.path / "figures").glob("*.svg")}
    assert charts == CHARTS


def test_page_one_has_at_most_250_words_outside_its_chart(study, texts):
    chart = (study.run.path / "figures" / "attainment.svg").read_text()
    drawn = count_words(re.findall(r"<text[^>]*>([^<]*)</text>", chart))

    assert count_words(texts[:1]) - drawn <= 250


def test_page_one_fits_on_one_page_and_says_what_kind_of_report_it_is(texts):
    first = texts[0]

    assert "ILLUSTRATION" in first
    for word in ("NEED", "WHAT WOULD CHANGE IT", "NOT TESTED", "EVIDENCE", "verify RUN"):
        assert word.lower() in first.lower()


def test_the_numbers_in_the_pdf_are_those_of_the_summary(study, texts):
    latency, pace = page_titled(texts, "Latency under load"), page_titled(texts, "Degradation")
    for target, level, _ in ladder(study):
        for page, metric, q, unit in (
            (latency, "ttft_ms", 0.5, "s"),
            (latency, "tpot_ms", 0.5, "ms"),
            (pace, "system_tok_s", None, "tok/s"),
            (pace, "stream_tok_s", 0.5, "tok/s"),
        ):
            assert SHOWN[unit].write(study.result(target, metric, level=level, q=q).value) in page


def test_published_arithmetic_comes_out_of_the_bill(texts):
    bill = page_titled(texts, "Bill")

    assert "$120 on gpt-5.2-codex and $180 on gpt-5.4, $1,800 apart in 30 days" in bill


def test_the_last_pages_say_how_it_was_made_and_how_to_check_it(texts):
    assert "firsttoken run made" in texts[-1]
    assert "firsttoken verify runs/made-run" in texts[-1]


def test_all_type_is_embedded(pdf):
    fonts = {}
    for page in pdf.pages:
        fonts |= page["/Resources"]["/Font"]
    for font in fonts.values():
        [descendant] = font.get_object()["/DescendantFonts"]
        descriptor = descendant.get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & descriptor.keys()


def test_nothing_in_the_pdf_points_to_the_network(study, pdf):
    assert not any("/Annots" in page for page in pdf.pages)
    assert b"/URI" not in (study.run.path / "report.pdf").read_bytes()


def test_the_same_rows_give_the_same_bytes_in_another_place_process_and_time_zone(study, pdf, tmp_path):
    elsewhere = tmp_path / "another-place"
    shutil.copytree(study.run.path, elsewhere, ignore=shutil.ignore_patterns("report.pdf", "figures"))
    build = "import sys, pathlib, firsttoken.report.build as report; report.build_report(pathlib.Path(sys.argv[1]))"
    odd = os.environ | {"PYTHONHASHSEED": "11", "TZ": "Pacific/Auckland", "LC_ALL": "C"}

    subprocess.run([sys.executable, "-c", build, elsewhere], check=True, env=odd, timeout=120)

    for name in ("report.pdf", *(f"figures/{slug}.svg" for slug in CHARTS)):
        assert (elsewhere / name).read_bytes() == (study.run.path / name).read_bytes(), name


def lines_of(page):
    """The sentences of a page."""
    return [f"{page.title}: {page.question}", page.finding, page.caption, *page.notes]


def test_the_pages_as_a_person_reads_them(study, tmp_path, snapshot):
    """All of a ladder; of other loads those that a ladder does not have."""
    one = {"targets": ("gpt-5.4",)}
    studies = {
        "a ladder": study,
        "an open loop": study_run(make_open_run(tmp_path / "open", rates=(2.5, 14.0), **one)),
        "a search": study_run(make_search_run(tmp_path / "search", **one)),
        "a spike": study_run(make_spike_run(tmp_path / "spike", targets=("gpt-5.2-codex",))),
    }
    told = {}
    for kind, each in studies.items():
        pages = [page for page in build_pages(each)[0] if page.slug not in told]
        told |= {page.slug: [f"(of {kind})", *lines_of(page)] for page in pages}
    snapshot("pages", told)


SHORT = Windows(measure_s=8.0)


def drop_demand(scenario):
    del scenario["demand"]


@pytest.mark.parametrize(
    ("change", "made", "said"),
    [
        (None, {"answers": Answers(error_share=1.0), "levels": (1, 4), "windows": SHORT}, "Too few requests succeeded"),
        (hide_prices, {"levels": (4,), "windows": SHORT, "demand": PEAK}, "the bill is unknown"),
        (drop_demand, {"levels": (1, 4), "targets": ("gpt-5.4",)}, "no demand is stated"),
        (None, {"levels": (1, 4), "targets": ("gpt-5.4",), "client": Client(interrupted=True)}, "INCOMPLETE"),
    ],
    ids=["all failed", "one level, no prices", "one target, no demand", "interrupted"],
)
def test_a_report_is_made_of_whatever_a_run_left(change, made, said, tmp_path):
    study = make_study(tmp_path / "run", change, **made)

    assert said in " ".join(text_of(page) for page in pypdf.PdfReader(build_report(study)).pages)


def test_a_run_that_measured_nothing_still_yields_a_report(empty_study):
    first = text_of(pypdf.PdfReader(build_report(empty_study)).pages[0])

    assert "INCOMPLETE" in first
    assert "UNKNOWN" in first


def test_adding_a_file_to_analysis_adds_a_page(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "mine.py").write_text(
        '"""Mine?"""\n'
        "from firsttoken.analysis import Page\n"
        "ORDER = 15\n"
        "def build(study):\n"
        "    return Page('mine', 'My page', 'Mine?', f'{len(study.results)} results')\n"
    )

    slugs = [page.slug for page in build_pages(study)[0]]

    assert slugs[:3] == ["published_vs_measured", "mine", "latency_under_load"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('"""Mine?"""\n', r"analysis/mine\.py made no page: expected a function build\(study\), got none"),
        (
            "def build(study):\n    return 1 / 0\n",
            r"mine\.py made no page: ZeroDivisionError: .*\(line 2 of mine\.py\)",
        ),
        ("import no_such_thing\n", r"mine\.py made no page: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", r"mine\.py made no page: SystemExit: 3"),
        ("def build(study):\n    return 'a page'\n", r"mine\.py made no page: expected build\(study\) to give a Page"),
    ],
    ids=["no build", "a failing build", "a failing import", "a script", "no page"],
)
def test_an_analysis_file_that_fails_costs_its_own_page_only(source, said, study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "mine.py").write_text(source)

    pages, failures = build_pages(study)

    assert [page.slug for page in pages] == PAGES
    assert len(failures) == 1
    assert re.search(said, failures[0])
    assert document(study, pages, failures)[0]["validity"]["notes"][-1] == failures[0]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("first_page", "page one could not be made"),
        ("draw_attainment", "the chart of page one could not be made"),
        ("method", "the page on the method could not be made"),
        ("glossary_table", "the glossary could not be made"),
        ("_provenance", "the page on provenance could not be made"),
        ("_validity", "the page on validity could not be made"),
    ],
)
def test_a_part_of_the_report_that_fails_costs_its_own_place_only(part, said, study, tmp_path, monkeypatch):
    def fail(*_args):
        raise KeyError("weibull")

    monkeypatch.setattr(report_document, part, fail)

    text = " ".join(text_of(page) for page in pypdf.PdfReader(build_report(study, out=tmp_path / "a.pdf")).pages)

    assert f"{said}: KeyError: 'weibull'" in text
    assert "LATENCY UNDER LOAD" in text
    assert study.decisions["gpt-5.4"].why.split(". ")[0] in text


def test_a_chart_that_cannot_be_drawn_says_so_in_its_place(study, tmp_path):
    figure, [panel] = canvas(4.0)
    panel.set_title("never")
    panel.xaxis.set_major_formatter(lambda *_: 1 / 0)

    _draw(figure, tmp_path / "mine.svg")

    assert "This chart could not be drawn: ZeroDivisionError" in (tmp_path / "mine.svg").read_text()


@pytest.fixture
def named_in_chinese(tmp_path):
    """A small run of a target whose name the report's own typeface cannot write."""

    def rename(scenario):
        scenario["target"][0] |= {"name": "模型-a", "model": "gpt-5.4"}

    served = {"模型-a": MODELS["gpt-5.4"]}
    return make_study(tmp_path / "run", rename, targets=("模型-a",), levels=(1, 4), windows=SHORT, models=served)


def use_fonts(monkeypatch, *paths):
    monkeypatch.setattr(letters.font_manager, "findSystemFonts", lambda: [str(path) for path in paths])


def test_a_name_in_another_script_is_set_in_a_font_of_this_machine(named_in_chinese, tmp_path, monkeypatch):
    use_fonts(monkeypatch, make_font(tmp_path / "Made-Regular.ttf", "模型", "Made Script"))

    pdf = build_report(named_in_chinese)
    again = build_report(named_in_chinese, out=tmp_path / "again.pdf")

    texts = [text_of(page) for page in pypdf.PdfReader(pdf).pages]
    assert "模型-a" in texts[0]
    assert "模型-a" in page_titled(texts, "Latency under load")
    chart = (named_in_chinese.run.path / "figures" / "attainment.svg").read_text("utf-8")
    assert re.search(r"font-family: 'Made Script'[^>]*>模型</text>", chart)
    assert pdf.read_bytes() == again.read_bytes()


def test_a_name_that_no_font_here_can_write_is_spelled_and_never_left_out(named_in_chinese, monkeypatch):
    use_fonts(monkeypatch)

    first = text_of(pypdf.PdfReader(build_report(named_in_chinese)).pages[0])

    assert "[U+6A21][U+578B]-a" in first
    assert "[U+6A21]" in (named_in_chinese.run.path / "figures" / "attainment.svg").read_text("utf-8")


def test_no_library_says_a_word_while_a_report_is_made(named_in_chinese, tmp_path):
    (tmp_path / "config").mkdir()
    alone = os.environ | {"XDG_DATA_HOME": str(tmp_path), "MPLCONFIGDIR": str(tmp_path / "config")}
    command = [sys.executable, "-m", "firsttoken", "report", str(named_in_chinese.run.path)]

    done = subprocess.run(command, capture_output=True, text=True, env=alone, timeout=120, check=True)

    assert done.stderr == ""
    assert done.stdout == f"{named_in_chinese.run.path / 'report.pdf'}\n"


def test_a_document_that_cannot_be_set_is_named_with_its_error(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "launch.typ").write_text("#no-such-thing()")

    with pytest.raises(ReportError, match=r"launch\.typ.*unknown variable: no-such-thing"):
        set_type(tmp_path / "launch.typ", tmp_path / "figures", {}, "2026-01-05T10:00:00Z")


def test_a_place_that_cannot_be_written_is_named(study, tmp_path):
    with pytest.raises(ReportError, match=r"nowhere/report\.pdf.*expected to write the report, got: No such file"):
        build_report(study, out=tmp_path / "nowhere" / "report.pdf")


def spoil(folder):
    """Give a made run every outcome, answers without usage, unknown finish reasons and words in many scripts."""
    journal = folder / "attempts" / "worker-0.jsonl"
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    outcomes = itertools.cycle(OUTCOMES)
    for place, row in enumerate(row for row in rows if "outcome" in row):
        if place % 3 == 0:
            row["outcome"] = next(outcomes)
        if place % 2 == 0:
            for count in ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "token_source"):
                row.pop(count, None)
        if place % 5 == 0:
            row |= {"finish_reason": "模型 wound_down \u202e\x07", "checks": ["unknown_finish", "buffered"]}
        if place % 7 == 0:
            row |= {"error": "错误: нельзя 🙂 <b>&amp;</b> \x1b[31m" + "x" * 300, "http_status": 418}
    journal.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("make", [make_run, make_open_run, make_search_run, make_spike_run])
def test_no_outcome_or_missing_count_costs_a_page(make, tmp_path):
    study = study_run(spoil(make(tmp_path / "run")))

    pages, failures = build_pages(study)

    assert failures == []
    assert {"failures", "retry_cost", "timeline"} <= {page.slug for page in pages}
    text = " ".join(text_of(page) for page in pypdf.PdfReader(build_report(study)).pages)
    assert "WHAT FAILED" in text
    assert "could not be" not in text


def keys_of(data, before=""):
    """Every key of nested plain data, dotted; a table has none."""
    for key, value in data.items():
        yield f"{before}{key}"
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict) and "columns" not in each:
                yield from keys_of(each, f"{before}{key}.")


def test_the_data_of_the_report_lies_in_the_run_folder_and_every_key_is_described(study, pdf):
    data = json.loads((study.run.path / "report.json").read_text("utf-8"))
    described = re.findall(r"^\| `([\w.]+)` \| \w", (ROOT / "reports" / "README.md").read_text(), re.M)

    assert data["title"] == "made"
    assert set(keys_of(data)) == set(described)
    assert data["pages"][0]["finding"] in {page.finding for page in build_pages(study)[0]}


def test_a_file_in_reports_is_a_kind(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "brief.typ").write_text(
        '#import "house.typ": *\n#show: house.with(data)\nIn short: #data.first.decisions.first().at(2)\n'
        "#chart(data.first.chart, data.first.chart_title)\n"
    )

    made = build_report(study, kind="brief", out=tmp_path / "brief.pdf")

    [page] = pypdf.PdfReader(made).pages
    assert text_of(page).startswith("In short: ")
    assert study.decisions["gpt-5.2-codex"].why.split(".")[0] in text_of(page)


@pytest.mark.parametrize("kind", ["brif", "house", "README"])
def test_an_unknown_kind_is_refused_with_those_that_there_are(kind, study):
    with pytest.raises(kit.KitError, match=rf"reports/: expected one of launch, got {kind}$"):
        build_report(study, kind=kind)


def test_what_init_lays_is_set_in_an_editor_from_the_data_of_a_run(study, pdf, tmp_path):
    kit.init_directory(tmp_path)
    shutil.copytree(study.run.path, tmp_path / "runs" / "mine")

    seen = typst.compile(tmp_path / "reports" / "launch.typ", root=tmp_path, sys_inputs={"run": "/runs/mine"})

    assert len(pypdf.PdfReader(io.BytesIO(seen)).pages) == len(pdf.pages)
