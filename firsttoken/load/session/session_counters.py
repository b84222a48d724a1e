"""What one load process has counted: of its stages, of the present moment, and of how late it was itself.

Rule: what is judged or measured over time is brought up to date when it is collected, and not on the way of a request.
"""

from collections.abc import Mapping

from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.slo import LatencyLimits
from firsttoken.load.session.admission import Admission
from firsttoken.load.session.journal import Recorder
from firsttoken.load.session.run_clock import RunClock
from firsttoken.load.session.target import LiveTarget
from firsttoken.row import Row

MOST_FAILURES = 200
"""Different texts of failures in Locust's own tables; the rows have all of them."""


class SessionCounters:
    """The counts of one load process, over the stages that run in it."""

    def __init__(
        self,
        admission: Admission,
        targets: Mapping[str, LiveTarget],
        recorder: Recorder,
        limits: LatencyLimits,
        clock: RunClock,
    ) -> None:
        self._admission = admission
        self._targets = targets
        self._recorder = recorder
        self._limits = limits
        self._clock = clock
        self._lateness_ns: list[int] = []
        self._failures: set[str] = set()

    @property
    def busy(self) -> int:
        """Users with a request: attempts and back-off together."""
        return sum(stage_run.counters.busy for stage_run in self._admission.stage_runs)

    @property
    def in_flight(self) -> int:
        """Attempts on the wire."""
        return sum(target.client.in_flight for target in self._targets.values())

    def collect_counters(self, clock: StageClock) -> Counters:
        """The counters of one stage in this process, up to date."""
        stage_run = next(each for each in self._admission.stage_runs if each.clock is clock)
        counters, now_ns = stage_run.counters, self._clock.now_ns()
        counters.started = self._recorder.started.get(clock.plan.stage, 0)
        counters.in_flight = self._targets[clock.plan.target].client.in_flight
        stage_run.judge_measured(self._limits, now_ns)
        stage_run.count_streams(now_ns)
        stage_run.record_idle(self._admission.find_empty_slots(stage_run), now_ns)
        return counters

    def record_lateness(self, late_ns: int) -> None:
        """Record how long after its arrival was due a request of an open loop was begun."""
        self._lateness_ns.append(late_ns)

    def take_lateness(self) -> list[int]:
        """How late, in ns, requests of an open loop were begun since the last call."""
        taken, self._lateness_ns = self._lateness_ns, []
        return taken

    def describe_failure(self, last: Row) -> str:
        """The text of a failed request in Locust's own tables, which keep every text: only so many differ."""
        words = f"{last.outcome}: {last.error or ''}"[:200]
        if len(self._failures) < MOST_FAILURES:
            self._failures.add(words)
        return words if words in self._failures else f"{last.outcome}: other error text"
