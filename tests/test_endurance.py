"""Very many rows give the results that few would: whatever is read at once, and however little memory there is.

The benchmark of the same name measures a million of them; here are enough to be read in parts.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from analysis.timeline import MOST_BINS, MOST_DOTS
from firsttoken.decide.measure.streams import read_streams
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.study import Study, study_run
from firsttoken.decide.timeline import read_timeline
from firsttoken.decide.verify import compare_values
from firsttoken.results.database import connect
from firsttoken.results.folder import open_run
from firsttoken.results.invariants import RULES
from tests.made_rows import PACE_MS, make_rows

REQUESTS, LEVELS = 19_200, (8, 32, 64)
TARGET, LEVEL = "gpt-5.4", 32.0


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    study = study_run(make_rows(tmp_path_factory.mktemp("rows") / "run", REQUESTS, LEVELS))
    yield study
    study.run.close()


def measure_again(folder: Path) -> list[MetricValue]:
    study = study_run(folder)
    study.run.close()
    return study.results


def test_the_rows_are_those_of_a_run(study: Study) -> None:
    assert study.run.notes == []
    assert [name for name, rule in RULES.items() if study.run.sql(f"FROM attempts WHERE {rule}")[1]] == []
    _, [(attempts, requests)] = study.run.sql("SELECT count(*), count(DISTINCT request_id) FROM attempts")
    assert (attempts, requests) == (1.02 * REQUESTS, REQUESTS)
    assert [flag.name for flag in study.every_flag if flag.is_void] == []


def test_gaps_that_are_read_in_small_parts_give_the_same_results(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firsttoken.decide.measure.window_data.read_streams", partial(read_streams, at_once=40_000))

    assert compare_values(measure_again(study.run.path), study.results) == []


def test_a_database_with_little_memory_gives_the_same_results(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firsttoken.results.database.connect", partial(connect, "64MB"))

    assert compare_values(measure_again(study.run.path), study.results) == []


def test_rows_that_were_gathered_from_journals_give_the_same_results(study: Study, tmp_path: Path) -> None:
    folder = make_rows(tmp_path / "run", REQUESTS, LEVELS, journals=True)

    assert not (folder / "attempts.parquet").exists()
    assert compare_values(measure_again(folder), study.results) == []


def test_tokens_a_second_and_late_tokens_are_those_of_all_gaps_at_once(study: Study) -> None:
    stages = [stage for stage in study.run.stages if (stage.target, stage.level) == (TARGET, LEVEL)]
    rates = [count_plainly(study, stage.stage, stage.window) for stage in stages if stage.window]

    for repeat, (per_second, _, _) in enumerate(rates):
        result = study.result(TARGET, "system_tok_s", LEVEL, repeat)
        assert result and result.value == pytest.approx(per_second, rel=1e-12)
    late, told = sum(late for _, late, _ in rates), sum(told for _, _, told in rates)
    share = study.result(TARGET, "late_share", LEVEL)
    assert share and share.value == pytest.approx(late / told, rel=1e-9) and late > 0


def count_plainly(study: Study, stage: int, window: tuple[int, int]) -> tuple[float, float, float]:
    """Tokens a second in a window, tokens of measured answers that came late, and all of them: attempt by attempt."""
    rows = study.run.attempts(
        "first_token_ns", "gaps_us", "output_tokens", "phase", where=f"stage = {stage} AND first_token_ns IS NOT NULL"
    )
    events = np.array([len(gaps) + 1 for gaps in rows["gaps_us"]])
    told = ~np.isnan(rows["output_tokens"])
    usual = rows["output_tokens"][told].sum() / events[told].sum()
    weights = np.where(told, rows["output_tokens"] / events, usual)
    arrived = late = 0.0
    for first, gaps, weight, judged in zip(
        rows["first_token_ns"], rows["gaps_us"], weights, told & (rows["phase"] == "measure"), strict=True
    ):
        came_us = np.cumsum([0, *gaps])
        at = first + 1000 * came_us
        arrived += weight * ((at >= window[0]) & (at < window[1])).sum()
        due = came_us / 1000 / PACE_MS - np.arange(len(at)) * weight
        late += np.clip(due, 0, weight).sum() if judged else 0.0
    measured = told & (rows["phase"] == "measure")
    return arrived / ((window[1] - window[0]) / 1e9), late, float(rows["output_tokens"][measured].sum())


def test_what_stays_of_the_rows_for_a_chart_is_the_size_of_a_chart(study: Study) -> None:
    run = open_run(study.run.path)
    timeline = read_timeline(run, MOST_BINS, MOST_DOTS)
    run.close()

    assert timeline.attempts == 1.02 * REQUESTS
    assert len(timeline.edges) <= MOST_BINS + 2
    assert sum(len(stage.sent) for stage in timeline.stages.values()) <= MOST_DOTS
