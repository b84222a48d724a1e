"""The health of the instrument, each second: how late its hub runs, how much of a core it uses.

Rule: the load process watches itself with the same hub that watches the sockets, so a hub that is late for its
timers was late for its streams as well, and the report shows it. Lines follow each other without a gap, and what
is left of a second when the load stops is a line too, so that every moment of a run lies in one. Where a stage begins
a line ends early: what it took to have its users ready is no part of its figures.
"""

import time
from collections.abc import Callable

from firsttoken.decoding.duration import NS
from firsttoken.load.session.run_clock import RunClock
from firsttoken.load.session.session import Session
from firsttoken.machine.host import read_rss_mb
from firsttoken.row import Health

PROBE_S = 0.005
"""One probe each 5 ms: its lag is how late the hub came to it, and no iteration of the hub lasts longer than that."""


class Second:
    """What was noticed since the last line."""

    def __init__(self, clock: RunClock, read_cpu_s: Callable[[], float]) -> None:
        self._clock = clock
        self._read_cpu_s = read_cpu_s
        self._began_ns = clock.now_ns()
        self._began_cpu_s = read_cpu_s()
        self._lags_ms: list[float] = []

    @property
    def is_over(self) -> bool:
        return self._clock.now_ns() - self._began_ns >= NS

    def probe_hub(self) -> None:
        """Sleep for a moment and record how much longer it took, also in the last moment."""
        due_ns = self._clock.now_ns() + round(PROBE_S * 1e9)
        try:
            self._clock.sleep(PROBE_S)
        finally:
            self._lags_ms.append(max(0, self._clock.now_ns() - due_ns) / 1e6)

    def summarise(self, session: Session, worker: int) -> Health:
        """The line of this second; takes the wire stats of every target's client."""
        stats = [target.client.take_wire_stats() for target in session.targets.values()]
        delays_ms = [delay_ms for each in stats for delay_ms in each.delays_ms]
        first_tokens = sum(each.first_tokens for each in stats)
        late_ms = [late_ns / 1e6 for late_ns in session.counters.take_lateness()]
        cpu_s, wall_ns = self._read_cpu_s() - self._began_cpu_s, self._clock.now_ns() - self._began_ns
        return Health(
            worker=worker,
            at_ns=self._clock.now_ns(),
            in_flight=session.counters.in_flight,
            users_busy=session.counters.busy,
            hub_lag_p50_ms=pick_quantile(self._lags_ms, 0.5) or 0.0,
            hub_lag_p99_ms=pick_quantile(self._lags_ms, 0.99) or 0.0,
            hub_lag_max_ms=max(self._lags_ms),
            cpu_share=cpu_s / wall_ns * 1e9,
            rss_mb=read_rss_mb(),
            read_delay_p50_ms=pick_quantile(delays_ms, 0.5),
            read_delay_p99_ms=pick_quantile(delays_ms, 0.99),
            lateness_p99_ms=pick_quantile(late_ms, 0.99),
            lateness_max_ms=max(late_ms, default=None),
            bracketed_share=sum(each.bracketed for each in stats) / first_tokens if first_tokens else None,
        )


def watch_health(session: Session, worker: int = 0, read_cpu_s: Callable[[], float] = time.process_time) -> None:
    """Write a line a second, and where a stage begins, for ever; a greenlet that writes the last when it is killed.

    read_cpu_s: CPU seconds that this process has used so far.
    """
    second, stage_runs = Second(session.clock, read_cpu_s), session.admission.stage_runs
    try:
        while True:
            second.probe_hub()
            if second.is_over or session.admission.stage_runs is not stage_runs:
                session.recorder.record_health(second.summarise(session, worker))
                session.recorder.flush()
                second, stage_runs = Second(session.clock, read_cpu_s), session.admission.stage_runs
    finally:
        session.recorder.record_health(second.summarise(session, worker))


def pick_quantile(values: list[float], q: float) -> float | None:
    """The order statistic at q; None of nothing."""
    return sorted(values)[min(len(values) - 1, int(q * len(values)))] if values else None
