"""The analysis of a run: everything that is known of it once its rows have been read.

Rule: `study_run` is the one call that turns a run folder into results, flags and decisions; report, command line and
analysis pages ask the study and compute nothing again. Rows are read a level at a time, so that a run may be large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from firsttoken.catalogue import Model, Source, load_catalogue
from firsttoken.decide.client_cost import list_added
from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.flags.validity import flag_manifest
from firsttoken.decide.judge.confirmation import Confirmation
from firsttoken.decide.judge.exit_code import find_exit_code
from firsttoken.decide.judge.instrument import InstrumentAccuracy, read_instrument
from firsttoken.decide.judge.profile import TimeSlice
from firsttoken.decide.judge.ruling import TargetVerdict, Word
from firsttoken.decide.measure import connections, failures, held_back
from firsttoken.decide.measure.answerers import Counts
from firsttoken.decide.measure.connections import Connections, count_connections
from firsttoken.decide.measure.endings import Endings, read_endings
from firsttoken.decide.measure.failures import Failure, count_failures
from firsttoken.decide.measure.health import find_seconds
from firsttoken.decide.measure.held_back import HeldBack, find_held_back
from firsttoken.decide.measure.recovery import Recovery
from firsttoken.decide.measure.slo import SloLimits, read_slo
from firsttoken.decide.metrics.value import MetricKey, MetricValue
from firsttoken.decide.published import list_differences
from firsttoken.decide.target_reader import TargetReader, is_at
from firsttoken.decide.target_study import study_target
from firsttoken.decide.words.decision import Decision
from firsttoken.decide.words.evidence import word_flag
from firsttoken.decide.words.load_unit import USERS, LoadUnit, find_unit, rate_unit
from firsttoken.decide.words.placement import describe_placement
from firsttoken.old_paths import read_renamed
from firsttoken.results.folder import Run, open_run
from firsttoken.results.stage import Stage
from firsttoken.row import By
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.reading import reopen_scenario
from firsttoken.scenario.rules import find_prices
from firsttoken.stats.batch import BATCHES, batch_count


@dataclass(frozen=True, eq=False)
class Study:
    """The analysis of one run."""

    run: Run
    scenario: Scenario
    catalogue: Mapping[str, Model]
    slo: SloLimits
    prices: Mapping[str, Source | None]
    """Target -> the dated source of its prices; None where they are unknown."""
    results: list[MetricValue]
    flags: list[Flag]
    target_verdicts: Mapping[str, TargetVerdict]
    """Target -> what its levels say: their verdicts, the bracket, the need."""
    decisions: Mapping[str, Decision]
    unit: LoadUnit
    """What the levels count."""
    confirmations: Mapping[str, Confirmation]
    """Target -> what an open loop said of its answer, where one was asked."""
    recoveries: Mapping[str, Sequence[Recovery]]
    """Target -> what came after each spike; empty where the load had none."""
    load_profiles: Mapping[str, Sequence[TimeSlice]]
    """Target -> which share met the SLO along the load profile; empty where the load is constant."""

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            """What pages of the last release read by another name."""
            return read_renamed(self, name)

    @property
    def targets(self) -> list[str]:
        """Names of the targets, in the order of the scenario."""
        return [target.name for target in self.scenario.target]

    def levels(self, target: str) -> list[float]:
        """Levels of a target that were measured, ascending."""
        return [verdict.level for verdict in self.target_verdicts[target].levels]

    def repeats(self, target: str, level: float) -> list[int]:
        """Repeats of a target's level that were measured, ascending."""
        own = (each.repeat for each in self.results if (each.target, each.level) == (target, level))
        return sorted({repeat for repeat in own if repeat is not None})

    def result(
        self,
        target: str,
        metric: str,
        level: float | None = None,
        repeat: int | None = None,
        q: float | None = None,
    ) -> MetricValue | None:
        """One result, or None where there is none; without a repeat the one over all repeats."""
        key = MetricKey(target=target, level=level, repeat=repeat, metric=metric, q=q)
        return self._by_key.get(key)

    def value(
        self, target: str, metric: str, level: float | None = None, repeat: int | None = None, q: float | None = None
    ) -> float | None:
        """The value of such a metric alone; None where it is unknown or there is none."""
        result = self.result(target, metric, level, repeat, q)
        return None if result is None else result.value

    def instrument(self, target: str, level: float) -> InstrumentAccuracy:
        """How accurate the instrument was at a level of a target."""
        if (target, level) not in self._accuracies:
            stages = self.stages(target, level)
            self._accuracies[target, level] = read_instrument(self.run, target, level, stages, self.flags)
        return self._accuracies[target, level]

    @property
    def worst_lag_ms(self) -> float | None:
        """How late the load process came to its work, at worst, within any measure window."""
        windows = [stage.window for stage in self.run.stages if stage.window]
        lags = [line.hub_lag_max_ms for line in find_seconds(windows, self.run.health)]
        return max(lags, default=None)

    def is_short(self, target: str, level: float) -> bool:
        """Whether a window of a level is too short for its requests to estimate the effective sample size."""
        whole_ms = self.value(target, "e2e_ms", level=level, q=0.95)
        windows = [stage.window for stage in self.stages(target, level) if stage.window]
        return whole_ms is not None and any(batch_count(window, 1e6 * whole_ms) < BATCHES for window in windows)

    def stages(self, target: str, level: float) -> list[Stage]:
        """The stages that the results of a level rest on."""
        return [stage for stage in self.run.studied if is_at(stage, target, level)]

    def unit_of(self, by: By) -> LoadUnit:
        """The words of a stage or flag of the run that counts users or arrivals, whatever the ladder counts."""
        if by == self.unit.by:
            return self.unit
        return USERS if by == "users" else rate_unit(self.scenario.load.turns)

    @cached_property
    def failures(self) -> list[Failure]:
        """What failed in all stages, those that were done over included, the most frequent first."""
        return count_failures(self.run.attempts(*failures.COLUMNS, where=failures.WHERE))

    @cached_property
    def endings(self) -> Mapping[str, Endings]:
        """Target -> how its attempts ended that neither failed nor gave a plain answer."""
        return read_endings(self.run)

    @cached_property
    def connections(self) -> Mapping[str, Connections]:
        """Target -> how its connections were kept; targets that were asked nothing are not in it."""
        return count_connections(self.run.attempts(*connections.COLUMNS, where=connections.WHERE))

    @cached_property
    def placements(self) -> list[str]:
        """How attempts were spread over the addresses of each target's name, where that is of interest."""
        said = (
            describe_placement(target.name, target.client, self._peers(target.name), self._endpoint(target.name))
            for target in self.scenario.target
            if target.base_url
        )
        return [sentence for sentence in said if sentence is not None]

    def _peers(self, target: str) -> Counts:
        name = target.replace("'", "''")
        return self.run.count_values("peer", where=f"target = '{name}'")["peer"]

    def _endpoint(self, target: str) -> Mapping[str, str]:
        return self.run.manifest.endpoints.get(target, {})

    @cached_property
    def held_back(self) -> HeldBack:
        """Target and level -> which share of its answers came compressed or in one burst."""
        return find_held_back(self.run.attempts(*held_back.COLUMNS, where=held_back.WHERE))

    @property
    def every_flag(self) -> list[Flag]:
        """The flags of all levels, of what confirms them, and of the run."""
        return [*self.flags, *(flag for each in self.confirmations.values() for flag in each.flags)]

    @cached_property
    def void_stages(self) -> list[Stage]:
        """The stages that count for nothing."""
        void = {(flag.target, flag.level, flag.by) for flag in self.every_flag if flag.is_void}
        return [stage for stage in self.run.stages if (stage.target, stage.level, stage.by) in void]

    @property
    def worker_lost(self) -> bool:
        """Whether a load process, or some of its rows, was lost."""
        return any(flag.name == "WORKER_LOST" for flag in self.every_flag)

    @property
    def words(self) -> list[Word]:
        """What page one says of each target."""
        return [decision.verdict for decision in self.decisions.values()]

    @property
    def exit_code(self) -> int:
        """The exit code of the run, had it come to its end."""
        return find_exit_code(self.words, worker_lost=self.worker_lost)

    @cached_property
    def _accuracies(self) -> dict[tuple[str, float], InstrumentAccuracy]:
        """What `instrument` has read so far: every chart asks for all of it."""
        return {}

    @cached_property
    def _by_key(self) -> dict[MetricKey, MetricValue]:
        return {each.key: each for each in self.results}


def study_run(path: Path | str) -> Study:
    """Read the run folder at path and analyse it.

    Its prices are those of its own models.toml, the catalogue that was in force, where it has one. Raises
    RunFolderError where it is no run, ScenarioError where its scenario.toml does not decode, and CatalogueError
    where its models.toml does not.
    """
    run = open_run(path)
    scenario = reopen_scenario(run.path / "scenario.toml")
    own = run.path / "models.toml"
    catalogue = load_catalogue(own if own.exists() else None)
    prices = {target.name: find_prices(target, catalogue) for target in scenario.target}
    slo = read_slo(scenario.slo, watched=scenario.load.search is not None)
    unit = find_unit(run.stages, scenario.load)
    studies = {
        target.name: study_target(
            scenario,
            target,
            prices[target.name],
            TargetReader(run, scenario, target, prices[target.name], slo).study(unit),
            run.manifest.started_utc,
        )
        for target in scenario.target
    }
    flags = [flag for study in studies.values() for flag in study.flags]
    flags += map(word_flag, flag_manifest(run.manifest))
    study = Study(
        run=run,
        scenario=scenario,
        catalogue=catalogue,
        slo=slo,
        prices=prices,
        results=[result for study in studies.values() for result in study.results],
        flags=flags,
        target_verdicts={name: study.target_verdict for name, study in studies.items()},
        decisions={name: study.decision for name, study in studies.items()},
        unit=unit,
        recoveries={name: study.recoveries for name, study in studies.items()},
        load_profiles={name: study.load_profile for name, study in studies.items()},
        confirmations={name: study.confirmation for name, study in studies.items() if study.confirmation},
    )
    return replace(study, results=[*study.results, *list_added(study), *list_differences(study)])
