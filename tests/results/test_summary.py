"""summary.json keeps every figure, the infinite ones too."""

import json
import math
from pathlib import Path

import msgspec
import pytest

from firsttoken.error import RunFolderError
from firsttoken.results.summary import read_summary, write_summary
from firsttoken.row import DEFINITIONS


class Figure(msgspec.Struct, frozen=True):
    target: str
    metric: str
    value: float | None
    lo: float | None = None
    hi: float | None = None
    flags: tuple[str, ...] = ()


def test_figures_come_back_as_they_were(tmp_path: Path) -> None:
    figures = [
        Figure("a", "ttft_ms", 0.1 + 0.2, 1e-9, 3.0, ("CENSORED",)),
        Figure("a", "felt_ttft_ms", math.inf, 5.0, math.inf),
        Figure("inf", "dollars", None),
    ]

    write_summary(tmp_path, figures)

    assert read_summary(tmp_path, Figure) == (figures, DEFINITIONS)


def test_it_is_plain_json_that_any_parser_takes_one_figure_a_line(tmp_path: Path) -> None:
    path = write_summary(tmp_path, [Figure("a", "x", math.inf), Figure("b", "x", 1.0)])

    entries = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert [entry["value"] for entry in entries] == ["inf", 1.0]
    assert len(path.read_text().splitlines()) == 4


def test_no_figures_are_an_empty_list(tmp_path: Path) -> None:
    write_summary(tmp_path, [])

    assert read_summary(tmp_path, Figure).values == []


def test_entries_that_do_not_say_by_which_rules_they_were_computed_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text('[{"target": "a", "metric": "x", "value": 1.0}]')

    assert read_summary(tmp_path, Figure) == ([Figure("a", "x", 1.0)], None)


def test_a_summary_that_two_versions_wrote_is_of_neither(tmp_path: Path) -> None:
    entries = [{"target": "a", "metric": "x", "value": 1.0, "definitions": each} for each in (1, 2)]
    (tmp_path / "summary.json").write_text(json.dumps(entries))

    assert read_summary(tmp_path, Figure).definitions is None


def test_nan_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a number or None as hi, got nan"):
        write_summary(tmp_path, [Figure("a", "x", 1.0, hi=math.nan)])


def test_a_missing_summary_says_who_writes_it(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"expected .*summary.json, got: No such file.*`firsttoken report`"):
        read_summary(tmp_path, Figure)


@pytest.mark.parametrize("content", ["[{", "{}", '[{"target": 3}]'])
def test_a_summary_that_is_none_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "summary.json").write_text(content)

    with pytest.raises(RunFolderError, match="expected a list of values"):
        read_summary(tmp_path, Figure)


def test_a_folder_that_is_gone_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="expected to write"):
        write_summary(tmp_path / "gone", [])
