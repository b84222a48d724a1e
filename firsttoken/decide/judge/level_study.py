"""The study of one level of one target: its repeats to results, flags and a verdict.

Rule: a result over repeats rests on the rows of all repeats, and one void repeat makes the whole level void.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from firsttoken.decide.flags.flag import Flag, WindowFacts
from firsttoken.decide.flags.sample_size import find_undersampled
from firsttoken.decide.flags.validity import find_flags, raise_flag
from firsttoken.decide.judge.capacity import LevelVerdict, judge_level
from firsttoken.decide.judge.profile import TimeSlice, follow_load_profile
from firsttoken.decide.measure.cost import Tokens
from firsttoken.decide.measure.demand import Offer, answered_tokens, join_tokens
from firsttoken.decide.measure.recovery import Recovery, find_recovery
from firsttoken.decide.measure.window_data import WindowData, pool
from firsttoken.decide.measure.workload import WorkloadFacts
from firsttoken.decide.metrics.combine import combine_repeats, list_metrics, write_recoveries
from firsttoken.decide.metrics.table import measure
from firsttoken.decide.metrics.value import MetricKey, MetricValue
from firsttoken.row import Health
from firsttoken.stats.estimate import Estimate


@dataclass(frozen=True, eq=False)
class LevelStudy:
    """What one level showed."""

    results: list[MetricValue]
    flags: list[Flag]
    verdict: LevelVerdict | None
    """None where no repeat was measured to the end of its window."""
    repeats: int
    """How many of its repeats were measured."""
    answered: Tokens
    """Tokens of its measured answers."""
    spent: Sequence[Mapping[MetricKey, Estimate]]
    """What every stage of it counted, the interrupted ones included."""
    offer: Offer | None
    recoveries: Sequence[Recovery]
    """What came after the spike, where the load had one: of every repeat."""
    load_profile: Sequence[TimeSlice]
    """Which share met the SLO along the load profile, where there is one."""


def study_level(windows: Sequence[WindowData], health: Sequence[Health], workload: WorkloadFacts) -> LevelStudy:
    """Study the repeats of one level."""
    spent = [measure(data, health) for data in windows]
    repeats = [Repeat(data, run) for data, run in zip(windows, spent, strict=True) if data.windows]
    results, flags = [], []
    for repeat in repeats:
        raised = find_flags(WindowFacts(repeat.data, repeat.results, health, workload))
        results += list_metrics(repeat.results, _voiding(raised))
        flags += raised
    recoveries = [find_recovery(repeat.data, workload.spike) for repeat in repeats] if workload.spike else []
    verdict, offer = None, None
    load_profile: Sequence[TimeSlice] = []
    if repeats:
        whole = _take_together(repeats, health)
        over_all = list_metrics(whole.results, _voiding(flags))
        results += over_all + write_recoveries(whole.data.level, recoveries)
        attainment = next(result for result in over_all if result.metric == "attainment")
        unpaced = any(flag.name == "PACE_UNKNOWN" for flag in flags)
        share = whole.data.slo.share
        verdict = judge_level(attainment, share, _voiding(flags), _barring(flags), unpaced=unpaced)
        flags += _find_doubt(whole, verdict)
        offer = _offer(whole)
        load_profile = follow_load_profile(whole.data, workload.segments) if whole.data.stages[0].shape else []
    return LevelStudy(
        results=results,
        flags=flags,
        verdict=verdict,
        repeats=len(repeats),
        answered=join_tokens([answered_tokens(data.attempts) for data in windows]),
        spent=spent,
        offer=offer,
        recoveries=recoveries,
        load_profile=load_profile,
    )


class Repeat(NamedTuple):
    """The data of a window, or of those of all repeats, and its results."""

    data: WindowData
    results: Mapping[MetricKey, Estimate]

    def find(self, metric: str) -> Estimate:
        """The result of a metric without quantiles."""
        return next(estimate for key, estimate in self.results.items() if key.metric == metric)


def _take_together(repeats: Sequence[Repeat], health: Sequence[Health]) -> Repeat:
    whole = pool([repeat.data for repeat in repeats])
    measured = repeats[0].results if len(repeats) == 1 else measure(whole, health)
    return Repeat(whole, combine_repeats(measured, [repeat.results for repeat in repeats]))


def _voiding(flags: Iterable[Flag]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(flag.name for flag in flags if flag.is_void))


def _barring(flags: Iterable[Flag]) -> tuple[str, ...]:
    """Names of the flags by which a level may fail and cannot pass."""
    return tuple(dict.fromkeys(flag.name for flag in flags if flag.voids == "pass"))


def _find_doubt(whole: Repeat, verdict: LevelVerdict) -> list[Flag]:
    """The flag of a level that could not have been decided, however its requests had fared."""
    if verdict.verdict != "UNKNOWN":
        return []
    evidence = find_undersampled(whole.find("attainment"), whole.data.slo.share)
    return [raise_flag("UNDERSAMPLED", whole.data, evidence)] if evidence else []


def _offer(whole: Repeat) -> Offer | None:
    rps, busy = (whole.find(metric).value for metric in ("request_rps", "users_busy"))
    return None if rps is None or busy is None else Offer(whole.data.level, rps, busy)
