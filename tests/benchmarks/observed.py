"""A run of one stage as the decisions see it."""

from functools import partial

from firsttoken.decide.measure.attempts import COLUMNS, take_columns
from firsttoken.decide.measure.slo import read_slo
from firsttoken.decide.measure.window_data import WindowData, read_window
from firsttoken.results.folder import Run
from firsttoken.scenario.slo import Slo


def read_stage_window(run: Run) -> WindowData:
    """The only stage of a run, without an SLO."""
    (stage,) = run.stages
    rows = run.attempts(*COLUMNS, where=f"stage = {stage.stage}", order="request_id, attempt")
    read_gaps = partial(run.gaps, where=f"stage = {stage.stage}")
    return read_window(stage, take_columns(rows), read_gaps, read_slo(Slo()), None)
