"""A study: everything that is known of a run once its rows have been read.

Rule: `study_run` is the one call that turns a run folder into figures, flags and decisions; report, command line and
analysis pages ask the study and compute nothing again. Rows are read a level at a time, so that a run may be large.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from firsttoken.catalogue import Model, Source, load_catalogue
from firsttoken.decide.attempts import COLUMNS, take_columns
from firsttoken.decide.decision import Decision
from firsttoken.decide.figure import Figure
from firsttoken.decide.instrument import Reading, read_instrument
from firsttoken.decide.level_study import LevelStudy, study_level
from firsttoken.decide.observation import Observation, observe
from firsttoken.decide.promise import Promise, read_promise
from firsttoken.decide.ruling import Ruling, exit_code
from firsttoken.decide.target_study import study_target
from firsttoken.decide.validity import Flag
from firsttoken.results.folder import Run, open_run
from firsttoken.results.stage import Stage
from firsttoken.scenario import Scenario, Target, find_prices, load_scenario, parse_duration

FigureKey = tuple[str, str, float | None, int | None, float | None]


@dataclass(frozen=True, eq=False)
class Study:
    """One run, studied."""

    run: Run
    scenario: Scenario
    catalogue: Mapping[str, Model]
    promise: Promise
    prices: Mapping[str, Source | None]
    """Target -> the dated source of its prices; None where they are unknown."""
    figures: list[Figure]
    flags: list[Flag]
    rulings: Mapping[str, Ruling]
    """Target -> what its levels say: their verdicts, the bracket, the need."""
    decisions: Mapping[str, Decision]

    @property
    def targets(self) -> list[str]:
        """Names of the targets, in the order of the scenario."""
        return [target.name for target in self.scenario.target]

    def levels(self, target: str) -> list[float]:
        """Levels of a target that were measured, ascending."""
        return [verdict.level for verdict in self.rulings[target].levels]

    def repeats(self, target: str, level: float) -> list[int]:
        """Repeats of a target's level that were measured, ascending."""
        own = (each.repeat for each in self.figures if (each.target, each.level) == (target, level))
        return sorted({repeat for repeat in own if repeat is not None})

    def figure(
        self,
        target: str,
        metric: str,
        level: float | None = None,
        repeat: int | None = None,
        q: float | None = None,
    ) -> Figure | None:
        """One figure, or None where there is none; without a repeat the one over all repeats."""
        return self._by_key.get((target, metric, level, repeat, q))

    def instrument(self, target: str, level: float) -> Reading:
        """How right the instrument was at a level of a target."""
        return read_instrument(self.run, target, level, self.flags)

    @property
    def exit_code(self) -> int:
        """0: the promise holds; 2: it does not; 4: the measurement cannot tell."""
        at = self.scenario.slo.users
        return exit_code(self.rulings.values(), None if at is None else float(at))

    @cached_property
    def _by_key(self) -> dict[FigureKey, Figure]:
        return {(each.target, each.metric, each.level, each.repeat, each.q): each for each in self.figures}


def study_run(path: Path | str) -> Study:
    """Read the run folder at path and study it.

    Its prices are those of its own models.toml, the catalogue that was in force, where it has one. Raises
    RunFolderError where it is no run, ScenarioError where its scenario.toml does not decode, and CatalogueError
    where its models.toml does not.
    """
    run = open_run(path)
    scenario = load_scenario(run.path / "scenario.toml")
    own = run.path / "models.toml"
    catalogue = load_catalogue(own if own.exists() else None)
    prices = {target.name: find_prices(target, catalogue) for target in scenario.target}
    promise = read_promise(scenario.slo)
    studies = {
        target.name: study_target(
            scenario,
            target,
            prices[target.name],
            list(_study_levels(run, target, prices[target.name], promise, parse_duration(scenario.load.think))),
            run.manifest.started_utc,
        )
        for target in scenario.target
    }
    return Study(
        run=run,
        scenario=scenario,
        catalogue=catalogue,
        promise=promise,
        prices=prices,
        figures=[figure for study in studies.values() for figure in study.figures],
        flags=[flag for study in studies.values() for flag in study.flags],
        rulings={name: study.ruling for name, study in studies.items()},
        decisions={name: study.decision for name, study in studies.items()},
    )


def _study_levels(
    run: Run, target: Target, source: Source | None, promise: Promise, think_s: float
) -> Iterator[LevelStudy]:
    """Every level of a target in ascending order, one in memory at a time."""
    stages = [stage for stage in run.stages if stage.target == target.name]
    for level in sorted({stage.level for stage in stages}):
        own = [_observe(run, stage, target, source, promise) for stage in stages if stage.level == level]
        yield study_level(own, run.health, think_s)


def _observe(run: Run, stage: Stage, target: Target, source: Source | None, promise: Promise) -> Observation:
    columns = run.attempts(*COLUMNS, where=f"stage = {stage.stage}", order="request_id, attempt")
    return observe(stage, take_columns(columns), promise, source, run.missing.get(stage.stage, 0))
