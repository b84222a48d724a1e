"""Files that users wrote against the last release: their imports are found, with a warning that names today's."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from firsttoken.decide.timeline import StageTrace
from firsttoken.old_paths import MOVED, RENAMED, OldImportWarning
from firsttoken.scenario.load import Load
from tests.made_run import make_run

PAGE = '''
"""Does the pace hold?"""

from matplotlib.figure import Figure as Drawing

from firsttoken.decide.study import Study
from firsttoken.decide.units import write_value
from firsttoken.report import theme
from firsttoken.report.page import Cells, Column, Page, Table, run_alone
from firsttoken.report.series import curve_of, ladder, number_cell, shows_any

ORDER = 35


def build(study: Study) -> Page | None:
    if not shows_any(study, "stream_tok_s", 0.5):
        return None
    rows: list[Cells] = []
    for target, level, name in ladder(study):
        pace = study.figure(target, "stream_tok_s", level=level, q=0.5)
        rows.append((name, study.unit.number(level), number_cell(pace, "tok/s")))
    return Page(
        slug="pace",
        title="Pace",
        question="Does the pace hold?",
        finding=f"Written as {write_value(1.5, 'ms')}",
        figure=_draw(study),
        caption="One stream.",
        table=Table([Column("Target", words=True), Column(*study.unit.head), Column("tok/s")], rows),
        notes=(),
    )


def _draw(study: Study) -> Drawing:
    figure, [panel] = theme.canvas(6.0)
    colour, marker = theme.colours(study.targets), theme.markers(study.targets)
    for target in study.targets:
        theme.curve(panel, curve_of(study, target, "stream_tok_s", 0.5), colour[target], marker[target])
    theme.level_axis(panel, [1.0, 4.0], study.unit.axis)
    return figure


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
'''
"""A page as the examples of the last release were written."""
LOCUSTFILE = """
from locust import task

from firsttoken.load.users import StreamingUser


class Chat(StreamingUser):
    @task
    def converse(self) -> None:
        self.ask()


print(StreamingUser.__module__)
"""


def run_file(path: Path, *arguments: object, **options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, path, *map(str, arguments)], capture_output=True, text=True, check=True, **options
    )


@pytest.mark.parametrize("old", MOVED)
def test_every_old_path_leads_to_a_module_of_today(old: str) -> None:
    assert importlib.util.find_spec(MOVED[old]) is not None


def test_a_page_of_the_last_release_still_makes_its_page_and_each_moved_import_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "pace.py").write_text(PAGE.lstrip())
    run = make_run(tmp_path / "run", targets=["gpt-5.4"], levels=[1, 4])

    done = run_file(tmp_path / "pace.py", run)

    assert "Does the pace hold?" in done.stdout
    warned = [line for line in done.stderr.splitlines() if "OldImportWarning" in line]
    assert [line.split(": ")[2].split()[0] for line in warned] == [
        "firsttoken.decide.units",
        "firsttoken.report.series",
        "Study.figure",
        "firsttoken.report.theme",
    ]
    assert warned[0].startswith(f"{tmp_path / 'pace.py'}:6: ")
    assert warned[0].endswith(
        "firsttoken.decide.units has moved: import from firsttoken.analysis, or what that lacks from "
        "firsttoken.decide.words.units; the old path works until the next release"
    )


def test_a_locustfile_of_the_last_release_has_the_user_of_today(tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text(LOCUSTFILE)

    done = run_file(tmp_path / "chat.py")

    assert done.stdout == "firsttoken.load.behaviour.streaming_user\n"
    assert "firsttoken.load.users has moved: import from firsttoken.locust; the old path works" in done.stderr


def test_a_name_that_is_gone_is_an_import_error_without_a_warning(tmp_path: Path) -> None:
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec("from firsttoken.decide.units import nothing")


@pytest.mark.parametrize(("old", "name"), [(old, name) for old, names in RENAMED.items() for name in names])
def test_every_name_that_was_changed_is_found_under_its_old_one(old: str, name: str) -> None:
    with pytest.warns(OldImportWarning):
        assert getattr(importlib.import_module(old), name) is not None


def test_how_a_page_of_the_last_release_writes_a_value_under_its_unit_is_how_tables_write_it() -> None:
    exec("from firsttoken.report.series import BARE", names := {})
    bare = names["BARE"]

    assert [bare["s"](1500.0), bare["%"](0.25), bare["per second"](2.0)] == ["1.50", "25", "2.00"]
    assert bare[""](1234) == "1,234"


def test_a_drift_that_a_page_of_the_last_release_reads_is_none_and_the_warning_says_where_it_is_now() -> None:
    nothing = np.zeros(0)
    stage = StageTrace(target="a", attempts=0, limited=0, failed=0, sent=nothing, ttft=nothing)

    with pytest.warns(OldImportWarning, match="ttft_drift"):
        assert stage.drift is None  # type: ignore[attr-defined]  # what only pages of the last release read
    with pytest.raises(AttributeError, match="has no attribute 'slope'"):
        stage.slope  # type: ignore[attr-defined]  # noqa: B018


def test_a_load_profile_has_the_name_that_pages_of_the_last_release_read() -> None:
    load = Load(users=[1], measure="60s")

    with pytest.warns(OldImportWarning, match="Load.course is Load.profile now"):
        assert load.course is None  # type: ignore[attr-defined]  # what only pages of the last release read
