"""The rows of one target, read a level at a time, so that a run may be large: what a study is put together from.

Rule: only what a level needs is in memory at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

from firsttoken.catalogue import Source
from firsttoken.decide.judge.confirmation import confirm
from firsttoken.decide.judge.level_study import LevelStudy, study_level
from firsttoken.decide.measure.answerers import COLUMNS as ANSWERER_COLUMNS
from firsttoken.decide.measure.answerers import NO_ANSWERERS, Answerers
from firsttoken.decide.measure.attempts import COLUMNS, take_columns
from firsttoken.decide.measure.slo import SloLimits
from firsttoken.decide.measure.window_data import Reported, WindowData, read_window
from firsttoken.decide.measure.workload import read_workload
from firsttoken.decide.metrics.table import measure
from firsttoken.decide.metrics.value import MetricKey
from firsttoken.decide.target_study import Parts
from firsttoken.decide.words.confirmation import word_confirmation
from firsttoken.decide.words.evidence import word_flag
from firsttoken.decide.words.load_unit import LoadUnit, rate_unit
from firsttoken.results.columns import UNREAD_LIMITS, ended_in
from firsttoken.results.folder import Run
from firsttoken.results.stage import Stage
from firsttoken.row import SUCCESS, UNKNOWN_FINISH
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.target import Target
from firsttoken.stats.estimate import Estimate


def is_at(stage: Stage, target: str, level: float) -> bool:
    """Whether a stage is one of a level of a target; what confirms an answer is of no level."""
    return (stage.target, stage.level, stage.confirms) == (target, level, False)


@dataclass(frozen=True, eq=False)
class TargetReader:
    """Reads the stages of one target, one level in memory at a time."""

    run: Run
    scenario: Scenario
    target: Target
    source: Source | None
    slo: SloLimits

    def study(self, unit: LoadUnit) -> Parts:
        """The levels, which count `unit`, and beside them what confirms and what was done over."""
        own = [stage for stage in self.run.stages if stage.target == self.target.name]
        levels = sorted({stage.level for stage in own if stage.done_over_by is None and not stage.confirms})
        confirming = [stage for stage in own if stage.confirms and stage.done_over_by is None]
        aside: list[Mapping[MetricKey, Estimate]] = [
            measure(self._read_window(stage)) for stage in own if stage.done_over_by is not None
        ]
        confirmation = None
        if confirming:
            rate = confirming[-1].level
            level = self._study([stage for stage in confirming if stage.level == rate])
            confirmed = confirm(self.target.name, rate, level)
            confirmation = word_confirmation(confirmed, rate_unit(self.scenario.load.turns))
            aside += level.spent
        studied = [self._study([s for s in self.run.studied if is_at(s, self.target.name, at)]) for at in levels]
        return Parts(unit, studied, confirmation, aside)

    def _study(self, stages: list[Stage]) -> LevelStudy:
        data = [self._read_window(stage) for stage in stages]
        level = study_level(data, self.run.health, read_workload(self.scenario, self.target, self._first))
        return replace(level, flags=[word_flag(flag) for flag in level.flags])

    @cached_property
    def _first(self) -> Answerers:
        """Who answered in the first stage that was measured."""
        own = (stage for stage in self.run.studied if stage.target == self.target.name and stage.window)
        first = next(own, None)
        return NO_ANSWERERS if first is None else read_reported(self.run, first).answerers

    def _read_window(self, stage: Stage) -> WindowData:
        columns = self.run.attempts(*COLUMNS, where=f"stage = {stage.stage}", order="request_id, attempt")
        missing = self.run.missing.get(stage.stage, 0)
        read_gaps = partial(self.run.gaps, where=f"stage = {stage.stage}")
        reported = read_reported(self.run, stage)
        return read_window(stage, take_columns(columns), read_gaps, self.slo, self.source, missing, reported)


def read_reported(run: Run, stage: Stage) -> Reported:
    """What the rows of a stage report beside their numbers."""
    measured = f"stage = {stage.stage} AND phase = 'measure'"
    answered = f"{measured} AND {ended_in(SUCCESS)}"
    answerers = run.count_values(*ANSWERER_COLUMNS.values(), where=answered)
    unknown = f"{answered} AND list_contains(checks, '{UNKNOWN_FINISH}')"
    return Reported(
        Answerers(**{field: answerers[column] for field, column in ANSWERER_COLUMNS.items()}),
        run.count_values("finish_reason", where=unknown)["finish_reason"],
        run.set_aside(measured),
        run.count_values(UNREAD_LIMITS, where=f"stage = {stage.stage}")[UNREAD_LIMITS],
    )
