"""The study of one level of one target: its repeats to figures, flags and a verdict.

Rule: a figure over repeats rests on the rows of all repeats, and one void repeat makes the whole level void.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from firsttoken.decide.flags.sample_size import find_undersampled
from firsttoken.decide.flags.validity import Flag, find_flags, raise_flag
from firsttoken.decide.judge.capacity import LevelVerdict, judge_level
from firsttoken.decide.judge.profile import Part, follow_course
from firsttoken.decide.measure.bill import answered_tokens, join_tokens
from firsttoken.decide.measure.cost import Tokens
from firsttoken.decide.measure.demand import Offer
from firsttoken.decide.measure.recovery import Recovery, find_recovery
from firsttoken.decide.measure.window_data import Observation, pool
from firsttoken.decide.measure.workload import Asked
from firsttoken.decide.metrics.combine import combine_repeats, write_figures, write_recoveries
from firsttoken.decide.metrics.metric import Figure
from firsttoken.decide.metrics.table import Key, measure
from firsttoken.row import Health
from firsttoken.stats.estimate import Estimate


@dataclass(frozen=True, eq=False)
class LevelStudy:
    """What one level showed."""

    figures: list[Figure]
    flags: list[Flag]
    verdict: LevelVerdict | None
    """None where no repeat was measured to the end of its window."""
    repeats: int
    """How many of its repeats were measured."""
    answered: Tokens
    """Tokens of its measured answers."""
    spent: Sequence[Mapping[Key, Estimate]]
    """What every stage of it counted, the broken-off ones included."""
    offer: Offer | None
    recoveries: Sequence[Recovery]
    """What came after the spike, where the load had one: of every repeat."""
    course: Sequence[Part]
    """How the promise was kept along the course of the load, where it has one."""


def study_level(observations: Sequence[Observation], health: Sequence[Health], asked: Asked) -> LevelStudy:
    """Study the repeats of one level."""
    spent = [measure(seen) for seen in observations]
    repeats = [Repeat(seen, run) for seen, run in zip(observations, spent, strict=True) if seen.windows]
    figures, flags = [], []
    for repeat in repeats:
        raised = find_flags(repeat.seen, repeat.figures, health, asked)
        figures += _write(repeat, raised, repeat.seen.repeat)
        flags += raised
    recoveries = [find_recovery(repeat.seen, asked.spike) for repeat in repeats] if asked.spike else []
    verdict, offer = None, None
    course: Sequence[Part] = []
    if repeats:
        whole = _take_together(repeats)
        over_all = _write(whole, flags, None)
        figures += over_all + write_recoveries(whole.seen.level, recoveries)
        attainment = next(figure for figure in over_all if figure.metric == "attainment")
        unpaced = any(flag.name == "PACE_UNKNOWN" for flag in flags)
        share = whole.seen.promise.share
        verdict = judge_level(attainment, share, _voiding(flags), _barring(flags), unpaced=unpaced)
        flags += _find_doubt(whole, verdict)
        offer = _offer(whole)
        course = follow_course(whole.seen, asked.pieces) if whole.seen.stages[0].shape else []
    return LevelStudy(
        figures=figures,
        flags=flags,
        verdict=verdict,
        repeats=len(repeats),
        answered=join_tokens([answered_tokens(seen.attempts) for seen in observations]),
        spent=spent,
        offer=offer,
        recoveries=recoveries,
        course=course,
    )


class Repeat(NamedTuple):
    """An observation and its figures."""

    seen: Observation
    figures: Mapping[Key, Estimate]


def _take_together(repeats: Sequence[Repeat]) -> Repeat:
    if len(repeats) == 1:
        return repeats[0]
    whole = pool([repeat.seen for repeat in repeats])
    return Repeat(whole, combine_repeats(measure(whole), [repeat.figures for repeat in repeats]))


def _write(measured: Repeat, flags: Iterable[Flag], repeat: int | None) -> list[Figure]:
    seen = measured.seen
    return write_figures(
        measured.figures, target=seen.target, level=seen.level, repeat=repeat, voided_by=_voiding(flags)
    )


def _voiding(flags: Iterable[Flag]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(flag.name for flag in flags if flag.is_void))


def _barring(flags: Iterable[Flag]) -> tuple[str, ...]:
    """Names of the flags by which a level may fail and cannot pass."""
    return tuple(dict.fromkeys(flag.name for flag in flags if flag.voids == "pass"))


def _find_doubt(whole: Repeat, verdict: LevelVerdict) -> list[Flag]:
    """The flag of a level that could not have been decided, however its requests had fared."""
    if verdict.verdict != "UNKNOWN":
        return []
    evidence = find_undersampled(whole.figures["attainment", None], whole.seen.promise.share)
    return [raise_flag("UNDERSAMPLED", whole.seen, evidence)] if evidence else []


def _offer(whole: Repeat) -> Offer | None:
    rps, busy = (whole.figures[metric, None].value for metric in ("request_rps", "users_busy"))
    return None if rps is None or busy is None else Offer(whole.seen.level, rps, busy)
