"""The stopping rules of a stage, judged while it runs: may it end early, and is its endpoint still alive? Pure.

Rule: a stage ends early only on a bound that stays valid under repeated checks, or once an interval is narrow;
everything printed comes from rows.
"""

from firsttoken.decoding.duration import NS
from firsttoken.load.control.breaker import Breaker
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.credit import CreditBreaker, account_of
from firsttoken.load.control.phases import StageClock
from firsttoken.plan.search import Verdict, judge_level
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.load import Until
from firsttoken.stats.wilson import half_width

LOOK_NS = NS
"""How often the width of an interval is looked at."""
MOST_SAMPLES = 20_000
"""The most values that it uses, evenly chosen: streams stop meanwhile, and with fewer values it is only wider."""
FEWEST = 20
"""Requests below which an interval of this kind says too little."""
LEAST_CYCLES = 2
"""End-to-end times of a request, by their p95, that a level of a search is watched at least."""


class StoppingRule:
    """Decides by their counters when the stages of one scenario's run may end."""

    def __init__(self, scenario: Scenario) -> None:
        self._searches = scenario.load.search is not None
        self._share = scenario.slo.share
        self._width = Width(scenario.load.until) if scenario.load.until is not None else None
        self._breakers = {target.name: Breaker(target.name) for target in scenario.target}
        self._credits = {target.name: CreditBreaker(target) for target in scenario.target}
        self._accounts = {target.name: account_of(target) for target in scenario.target}

    def judge_stage(self, counters: Counters) -> Verdict:
        """Whether the requests of a stage meet the SLO; None while that is undecided."""
        return judge_level(counters.kept, counters.judged, self._share)

    def is_enough(self, clock: StageClock, counters: Counters, now_ns: int) -> bool:
        """Whether the measure phase of a stage has shown what it was to find out."""
        if clock.phase != "measure":
            return False
        cycle_ns = counters.e2e.quantile(0.95) or 0
        if self._searches:
            watched = clock.measured_s(now_ns) * 1e9 >= LEAST_CYCLES * cycle_ns
            return watched and self.judge_stage(counters) is not None
        if self._width is not None:
            return self._width.is_narrow(clock, counters, now_ns, cycle_ns)
        return is_known(counters.kept, counters.judged, self._share)

    def find_dead(self, clock: StageClock, counters: Counters, now_ns: int) -> str | None:
        """Why a target should be asked no more, in a sentence; None while it lives."""
        breaker = self._breakers[clock.plan.target]
        breaker.record_counts(
            answered=counters.answered, failed=counters.unanswered, streaming=counters.streaming, now_ns=now_ns
        )
        return breaker.tripped

    def find_spent(self, clock: StageClock, counters: Counters, now_ns: int) -> str | None:
        """Why the account of a target should be asked no more, in a sentence; None while it has credit."""
        credit = self._credits[clock.plan.target]
        credit.record_counts(
            answered=counters.answered,
            refused=counters.unpaid,
            streaming=counters.streaming,
            pending=counters.pending,
            words=counters.unpaid_words,
            now_ns=now_ns,
        )
        return credit.tripped

    def find_same_account(self, target: str) -> list[str]:
        """The targets whose requests are billed to the account of this one, itself among them."""
        return [name for name, account in self._accounts.items() if account == self._accounts[target]]


def is_known(kept: int, judged: int, share: float) -> bool:
    """Whether the share that met the SLO is known well enough for an automatic window to end.

    Half of its interval is at most half of what lies between the SLO and all, which so few requests as can show that
    an SLO is met give; or half of what lies between the SLO and what was seen, four standard errors from it.
    """
    if judged < FEWEST:
        return False
    return half_width(kept, judged) <= max(1 - share, abs(kept / judged - share)) / 2


class Width:
    """Whether the interval of the figure that a scenario measures until is narrow enough."""

    def __init__(self, wanted: Until) -> None:
        from firsttoken.load.control import precision as until

        self._module = until
        _, self._q = until.read_metric(wanted.metric)
        self._within = wanted.within
        self._looked_ns = 0

    def is_narrow(self, clock: StageClock, counters: Counters, now_ns: int, request_ns: int) -> bool:
        """Looked at once a second; `request_ns`: the p95 of requests' end-to-end time."""
        if now_ns < self._looked_ns + LOOK_NS or not counters.samples:
            return False
        self._looked_ns = now_ns
        at_ns, values = zip(*counters.samples[:: -(-len(counters.samples) // MOST_SAMPLES)], strict=True)
        window = (dict(clock.boundaries)["measure"], now_ns)
        return self._module.is_narrow(values, at_ns, window, self._q, self._within, request_ns)
