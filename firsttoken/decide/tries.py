"""The loads that a search tried, each judged by itself, in the order in which they were tried.

Rule: the open loop that confirms an answer is not a try, and neither is one that was interrupted before it measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from firsttoken.decide.judge.capacity import Verdict, judge_level
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.results.stage import Stage

if TYPE_CHECKING:
    from firsttoken.decide.study import Study


class Try(NamedTuple):
    """One load that was tried."""

    stage: Stage
    share: MetricValue | None
    verdict: Verdict


def list_tries(study: Study, target: str) -> list[Try]:
    """What was tried of a target, with the verdict on each try by itself."""
    stages = [stage for stage in study.run.studied if stage.target == target and not stage.confirms and stage.window]
    return [_judge_try(study, stage) for stage in stages]


def _judge_try(study: Study, stage: Stage) -> Try:
    share = study.result(stage.target, "attainment", level=stage.level, repeat=stage.repeat)
    if share is None:
        return Try(stage, None, "UNKNOWN")
    place = (stage.target, stage.level, stage.repeat)
    flags = [flag for flag in study.flags if (flag.target, flag.level, flag.repeat) == place]
    voided = [flag.name for flag in flags if flag.is_void]
    barred = [flag.name for flag in flags if flag.bars_pass]
    return Try(stage, share, judge_level(share, study.scenario.slo.share, voided, barred).verdict)
