"""What an open loop said of the answer that a search found in a closed one.

In a closed loop a slow server is asked less often. So the rate that the found level implies is offered once more by a
schedule that does not wait: where that misses the SLO, the answer was the closed loop's and not the server's.

Rule: it is no level of the ladder. It is studied apart, said in one sentence, and what misses the SLO in it is never
a GO.
"""

from collections.abc import Sequence

import msgspec

from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.judge.capacity import Verdict
from firsttoken.decide.judge.level_study import LevelStudy
from firsttoken.decide.metrics.value import MetricValue


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """One target's answer, asked again in open loop."""

    target: str
    rate: float
    """Arrivals a second."""
    verdict: Verdict
    share: MetricValue
    """The requests that met the SLO."""
    flags: Sequence[Flag]
    words: str = ""
    """The sentence that is said of it; empty until words/ has written it."""


def confirm(target: str, rate: float, study: LevelStudy) -> Confirmation | None:
    """What the stages at `rate` arrivals a second showed; None where none was measured."""
    verdict = study.verdict
    if verdict is None:
        return None
    return Confirmation(target=target, rate=rate, verdict=verdict.verdict, share=verdict.attainment, flags=study.flags)
