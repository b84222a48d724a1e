"""Tests of firsttoken/report/document.py."""

import re
from datetime import UTC, datetime
from importlib.metadata import version

import msgspec

from firsttoken.report.build import build_pages
from firsttoken.report.document import document, write_date
from tests.made_run import Client
from tests.report.studies import make_study

RAW_FLOAT = re.compile(r"\d\.\d{4,}|\de[+-]\d|\bnan\b|\binf\b|\bNone\b")


def test_every_word_of_a_report_is_ready_to_read(study):
    data, _ = document(study, *build_pages(study))

    assert RAW_FLOAT.findall(msgspec.json.encode(data).decode()) == []


def test_every_chart_that_is_shown_is_drawn(study):
    data, figures = document(study, *build_pages(study))

    shown = [data["first"]["chart"], *(page["figure"] for page in data["pages"] if page["figure"])]
    assert shown == [f"figures/{slug}.svg" for slug in figures]


def test_flags_and_notes_stand_on_the_page_on_validity(tmp_path):
    study = make_study(tmp_path / "run", levels=(1, 4), client=Client(hub_lag_ms=60.0))

    data, _ = document(study, [])
    validity = data["validity"]

    assert validity["finding"].startswith("Void: gpt-5.2-codex at 1 user")
    assert {row[0]["text"] for row in validity["flags"]["rows"]} >= {"CLIENT_LIMITED"}
    assert validity["notes"] == study.run.notes
    assert dict(validity["rules"])["CLIENT_LIMITED"].startswith("Raised: ")
    assert dict(validity["rules"])["CENSORED"].startswith("Not raised: ")


def test_how_to_check_the_run_names_the_folder_that_the_command_named(study):
    manifest = study.run.manifest

    def verify_line(*command):
        study.run.manifest = msgspec.structs.replace(manifest, command=list(command))
        return document(study, [])[0]["verify"]

    try:
        assert verify_line("firsttoken", "run", "night") == "firsttoken verify runs/made-run"
        assert verify_line("firsttoken", "run", "night", "--out", "my runs/a") == "firsttoken verify 'my runs/a'"
        assert verify_line("firsttoken", "run", "night", "--out=b") == "firsttoken verify b"
    finally:
        study.run.manifest = manifest


def test_a_day_is_written_as_people_write_it():
    assert write_date(datetime(2026, 1, 5, tzinfo=UTC)) == "5 January 2026"


def test_the_provenance_names_the_packages_that_a_figure_depends_on(study):
    data, _ = document(study, [])
    packages = dict(dict(data["provenance"])["What read the rows and set this report"])

    assert {"duckdb", "scipy", "matplotlib", "typst"} <= packages.keys()
    assert packages["duckdb"] == version("duckdb")
