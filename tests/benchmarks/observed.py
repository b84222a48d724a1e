"""A run of one stage as the decisions see it."""

from __future__ import annotations

from functools import partial

from firsttoken.decide.measure.attempts import COLUMNS, take_columns
from firsttoken.decide.measure.slo import read_promise
from firsttoken.decide.measure.window_data import Observation, observe
from firsttoken.results.folder import Run
from firsttoken.scenario.format import Slo


def observe_stage(run: Run) -> Observation:
    """The only stage of a run, without a promise."""
    (stage,) = run.stages
    rows = run.attempts(*COLUMNS, where=f"stage = {stage.stage}", order="request_id, attempt")
    read_gaps = partial(run.gaps, where=f"stage = {stage.stage}")
    return observe(stage, take_columns(rows), read_gaps, read_promise(Slo()), None)
