"""Everything that a report says, as plain data for Typst, and every chart that it shows.

Rule: texts, not numbers. A template of reports/ decides where they are placed and adds only headings.
"""

import shlex
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

from matplotlib.figure import Figure

from firsttoken.decide.flags.flag import Flag, Voids
from firsttoken.decide.flags.validity import RULES
from firsttoken.decide.study import Study
from firsttoken.report.chart.attainment import draw_attainment
from firsttoken.report.chart.canvas import canvas
from firsttoken.report.chart.marks import draw_empty
from firsttoken.report.chart.profile import draw_load_profile
from firsttoken.report.first_page import FirstPage, first_page
from firsttoken.report.glossary import glossary_table, peers_table, read_words
from firsttoken.report.guard import guarded
from firsttoken.report.method import method
from firsttoken.report.page import Column, Page, Table, cell
from firsttoken.report.sentences import write_source
from firsttoken.row import Manifest
from firsttoken.scenario.target import Target

Data = dict[str, object]
Pairs = list[tuple[str, str]]
Blocks = list[tuple[str, Pairs]]
"""Headed lists of names and values."""

FIRST_CHART = "attainment"
LOST = "This part could not be made; the page on validity says why."
READERS = ("duckdb", "numpy", "scipy", "matplotlib", "typst")
"""Packages that a result or a chart may depend on, beside those that the manifest names."""


def document(study: Study, pages: list[Page], failures: Sequence[str] = ()) -> tuple[Data, dict[str, Figure]]:
    """The data of a report and its drawings by slug; the drawing of a slug is expected at figures/SLUG.svg.

    failures: a sentence for every page that could not be made.
    """
    manifest, failed = study.run.manifest, list(failures)
    first = guarded("page one", lambda: first_page(study), _bare_first_page(study), failed)
    first_chart = guarded("the chart of page one", lambda: _first_chart(study), _no_chart(), failed)
    results = {FIRST_CHART: first_chart} | {page.slug: page.figure for page in pages if page.figure}
    began = datetime.fromisoformat(manifest.started_utc)
    no_pairs, no_blocks = Pairs(), Blocks()
    data: Data = {
        "title": manifest.name,
        "run_id": manifest.run_id,
        "foot": f"FirstToken {manifest.versions.get('firsttoken', '')} · measured {write_date(began)}",
        "first": _first(first),
        "pages": [_page(page) for page in pages],
        "method": guarded("the page on the method", lambda: method(study, failed), [("Method", LOST)], failed),
        "glossary": guarded("the glossary", lambda: _table(glossary_table()), _blank(4), failed),
        "peers": guarded("the table of other tools", lambda: _table(peers_table()), _blank(5), failed),
        "words": guarded("the list of words", _words, no_pairs, failed),
        "provenance": guarded("the page on provenance", lambda: _provenance(study, began), no_blocks, failed),
        "command": shlex.join(manifest.command),
        "verify": shlex.join(["firsttoken", "verify", _folder(manifest)]),
    }
    nothing: Data = {"finding": "unknown", "flags": None, "rules": [], "notes": failed, "left_out": []}
    data["validity"] = guarded("the page on validity", lambda: _validity(study, first, failed), nothing, failed)
    return data, results


def _first_chart(study: Study) -> Figure:
    return draw_load_profile(study, 10.0) if study.unit.shape else draw_attainment(study)


def _no_chart() -> Figure:
    figure, [panel] = canvas(4.0)
    draw_empty(panel, LOST)
    return figure


def _bare_first_page(study: Study) -> FirstPage:
    """What stands in for a page one that could not be made: the decisions alone."""
    return FirstPage(
        label="Launch report",
        title=study.run.manifest.name,
        warning="This page could not be made; the page on validity says why.",
        decisions=[(each.verdict, each.target, each.why) for each in study.decisions.values()],
        scope=[],
        slo=Table([Column("Need", words=True)], []),
        chart_title="Requests that met the SLO",
        flips=["Unknown."],
        not_tested=["Unknown."],
        evidence=f"run {study.run.manifest.run_id}.",
        left_out=[],
    )


def _blank(columns: int) -> Data:
    """A table without a row."""
    return _table(Table([Column("")] * columns, []))


def _words() -> Pairs:
    return [(word.name, word.meaning) for word in read_words()]


def write_date(moment: datetime) -> str:
    """A day as people write it: "5 January 2026"."""
    return f"{moment.day} {moment:%B %Y}"


def _first(first: FirstPage) -> Data:
    return first._asdict() | {"slo": _table(first.slo), "chart": f"figures/{FIRST_CHART}.svg"}


def _page(page: Page) -> Data:
    return {
        "title": page.title,
        "question": page.question,
        "finding": page.finding,
        "figure": f"figures/{page.slug}.svg" if page.figure else None,
        "caption": page.caption,
        "table": _table(page.table) if page.table else None,
        "notes": page.notes,
    }


def _table(table: Table) -> Data:
    return {
        "columns": [column._asdict() for column in table.columns],
        "rows": [[cell(value)._asdict() for value in row] for row in table.rows],
    }


ANSWERS: dict[Voids, str] = {"nothing": "stands", "pass": "cannot pass", "both": "void"}
"""What a flag voids -> what is left of the answer."""


def _validity(study: Study, first: FirstPage, failures: Sequence[str]) -> Data:
    """What was found wrong or remarkable, every rule that was checked, and what page one left out."""
    flags = study.every_flag
    void = sorted({f"{flag.target} at {_name_load(study, flag)}" for flag in flags if flag.is_void})
    remarks = sum(not flag.is_void for flag in flags)
    finding = "All results valid" if not void else f"Void: {', '.join(void)}"
    heads = ("Flag", "Target", "Load", "Answer", "Evidence")
    columns = tuple(Column(head, words=True, wide=head == "Evidence") for head in heads)
    rows = tuple(
        (flag.name, flag.target or "all", _name_load(study, flag), ANSWERS[flag.voids], flag.evidence) for flag in flags
    )
    raised = {flag.name for flag in flags}
    return {
        "finding": finding + (f"; {remarks} {'note' if remarks == 1 else 'notes'}" if remarks else ""),
        "flags": _table(Table(columns, rows)) if rows else None,
        "rules": [
            (name, f"{'Raised' if name in raised else 'Not raised'}: {rule.rule}.") for name, rule in RULES.items()
        ],
        "notes": [*study.run.notes, *failures],
        "left_out": first.left_out,
    }


def _name_load(study: Study, flag: Flag) -> str:
    return "the run" if flag.level is None else study.unit_of(flag.by).write(flag.level)


def _provenance(study: Study, began: datetime) -> Blocks:
    """Headed lists of names and values: the run, its targets, the machine, the software."""
    manifest = study.run.manifest
    run = [
        ("Run", manifest.run_id),
        ("State", manifest.state),
        ("Began", f"{write_date(began)}, {began:%H:%M:%S} UTC"),
        ("Lasted", "unknown" if manifest.ended_ns is None else f"{manifest.ended_ns / 1e9:,.0f} s"),
        ("Seed", str(manifest.seed)),
        *([("Workers", str(manifest.workers))] if manifest.workers > 1 else []),
    ]
    return [
        ("The run", run),
        ("The targets", [(target.name, _endpoint(study, target)) for target in study.scenario.target]),
        ("The machine", [_machine(name, value) for name, value in manifest.host.items()]),
        ("The software", list(manifest.versions.items())),
        ("What read the rows and set this report", [(name, version(name)) for name in READERS]),
    ]


def _folder(manifest: Manifest) -> str:
    """Where the command that made the run put it."""
    for word, after in zip(manifest.command, [*manifest.command[1:], ""], strict=True):
        if word == "--out":
            return after
        if word.startswith("--out="):
            return word.removeprefix("--out=")
    return f"runs/{manifest.run_id}"


def _machine(name: str, value: str | int) -> tuple[str, str]:
    if name.endswith("_mb"):
        return name.removesuffix("_mb"), f"{value:,} MB"
    return name, str(value)


def _endpoint(study: Study, target: Target) -> str:
    endpoint = study.run.manifest.endpoints.get(target.name, {})
    place = target.base_url or f"the built-in simulator, {endpoint.get('base_url', 'address unknown')}"
    priced = write_source(study.prices[target.name])
    return f"{target.model} by the {target.api} API at {place}. Prices: {priced}."
