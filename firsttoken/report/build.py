"""From a study to a PDF: the pages of analysis/, the charts as SVG, the words as JSON, set by Typst.

Rule: the same rows give the same bytes, on any day and without a network. The document's date is the run's, its type
comes with the package, and neither the clock nor the machine that builds it leaves a trace.
"""

import importlib.util
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import msgspec
import typst
from matplotlib.figure import Figure

from firsttoken import kit
from firsttoken.decide.study import Study, study_run
from firsttoken.error import ReportError
from firsttoken.report.chart.canvas import canvas, save
from firsttoken.report.chart.letters import FONTS, Face, find_letters, spell, spell_all
from firsttoken.report.chart.marks import draw_empty
from firsttoken.report.chart.svg_text import set_runs
from firsttoken.report.chart.theme import prepare
from firsttoken.report.document import Data, document
from firsttoken.report.guard import describe_error
from firsttoken.report.page import Builder, Page, list_names

HOUSE_STYLE = "house.typ"
"""The file of reports/ that every kind is set with."""
DATA = "report.json"
LAST = 1000
"""The place of an analysis file that names no ORDER: after all that do, by name."""


def build_report(run: Path | Study, kind: str = "launch", out: Path | None = None) -> Path:
    """Write the report of a run as PDF, its data as RUN/report.json, its charts as RUN/figures/*.svg; return the PDF.

    `kind` is the stem of a file of reports/; `out` defaults to RUN/report.pdf. A file of analysis/ that fails costs
    its own page, and the page on validity says so. Raises RunFolderError where `run` is no run folder, KitError where
    there is no such kind, and ReportError where a file of reports/ is not what it should be, or the PDF cannot be
    written.
    """
    if out is not None and out.suffix.lower() != ".pdf":
        raise ReportError(f"--out {out}: expected the name of a PDF, such as report.pdf, got another")
    template = kit.find("reports", kind)
    study = run if isinstance(run, Study) else study_run(run)
    prepare(list_names(study))
    out, charts = out or study.run.path / "report.pdf", study.run.path / "figures"
    data, figures = document(study, *build_pages(study))
    partial = out.with_name(f"{out.name}.partial")
    try:
        charts.mkdir(exist_ok=True)
        for slug, figure in figures.items():
            _draw(figure, charts / f"{slug}.svg")
        data, faces = _letter(data, [charts / f"{slug}.svg" for slug in figures])
        (study.run.path / DATA).write_bytes(msgspec.json.format(msgspec.json.encode(data)))
        partial.write_bytes(set_type(template, charts, data, study.run.manifest.started_utc, faces))
        partial.replace(out)
    except OSError as error:
        place = str(error.filename).removesuffix(".partial")
        raise ReportError(f"{place}: expected to write the report, got: {error.strerror}") from error
    return out


def _letter(data: Data, drawings: Sequence[Path]) -> tuple[Data, tuple[Face, ...]]:
    """The data and the charts with every letter readable, and the fonts that it takes."""
    words = msgspec.to_builtins(data)
    letters = find_letters([msgspec.json.encode(words).decode(), *(path.read_text("utf-8") for path in drawings)])
    for path in drawings if letters.faces or letters.missing else []:
        path.write_text(set_runs(spell(path.read_text("utf-8"), letters.missing), letters.faces), "utf-8")
    return spell_all(words, letters.missing) | {"fonts": letters.families}, letters.faces


def build_pages(study: Study) -> tuple[list[Page], list[str]]:
    """A page of every file in analysis/ that has something to say, by its ORDER, then by name.

    And a sentence for every file that made none because it could not: a load that was paid for is never left without
    a report because of one file.
    """
    made: list[tuple[float, str, Page]] = []
    failures: list[str] = []
    for path in kit.list_files("analysis"):
        try:
            order, page = _build_page(path, study)
        except (Exception, SystemExit) as error:  # noqa: BLE001 # if a user's file fails, the other pages stay
            failures.append(f"analysis/{path.name} made no page: {describe_error(error)}")
            continue
        if page is not None:
            made.append((order, path.stem, page))
    return [page for _, _, page in sorted(made, key=lambda each: each[:2])], failures


def set_type(template: Path, charts: Path, data: Data, started_utc: str, faces: Sequence[Face] = ()) -> bytes:
    """The PDF that Typst sets from a template of reports/, the house style, `data` (as report.json) and the charts.

    faces: fonts of this machine for letters that the report's own typeface lacks; no other of its fonts is used.
    """
    with TemporaryDirectory(prefix="firsttoken-report-") as folder:
        desk = Path(folder)
        shutil.copyfile(template, desk / template.name)
        shutil.copyfile(kit.find("reports", HOUSE_STYLE), desk / HOUSE_STYLE)
        shutil.copytree(charts, desk / "figures")
        (desk / "fonts").mkdir()
        for face in faces:
            shutil.copyfile(face.path, desk / "fonts" / face.path.name)
        (desk / DATA).write_bytes(msgspec.json.encode(data))
        try:
            return typst.compile(
                desk / template.name,
                font_paths=[FONTS, desk / "fonts"],
                ignore_system_fonts=True,
                timestamp=datetime.fromisoformat(started_utc).replace(microsecond=0),
            )
        except typst.TypstError as error:
            raise ReportError(
                f"{template}: expected a document that Typst can compile, got: {error.message}"
            ) from error


def _draw(figure: Figure, path: Path) -> None:
    """Save a chart; where that fails, a chart that says so stands in its place."""
    try:
        save(figure, path)
    except Exception as error:  # noqa: BLE001 # a chart is drawn as it is saved, by the page's own code
        instead, [panel] = canvas(4.0)
        draw_empty(panel, f"This chart could not be drawn: {describe_error(error)}")
        save(instead, path)


def _load_module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"analysis.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ReportError(f"{path}: expected a Python file, got something else")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # a dataclass looks its module up by name
    spec.loader.exec_module(module)
    return module


def _build_page(path: Path, study: Study) -> tuple[float, Page | None]:
    """The place and the page of one file of analysis/; raises what that file raises."""
    module = _load_module(path)
    build: Builder | None = getattr(module, "build", None)
    if build is None:
        raise ReportError("expected a function build(study), got none; see analysis/degradation.py")
    page = build(study)
    if page is not None and not isinstance(page, Page):
        raise ReportError(f"expected build(study) to give a Page or None, got {page!r}")
    return float(getattr(module, "ORDER", LAST)), page
