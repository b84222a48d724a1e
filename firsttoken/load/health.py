"""The health of the instrument, each second: how late its hub runs, how much of a core it uses.

Rule: the load process watches itself with the same hub that watches the sockets, so a hub that is late for its
timers was late for its streams as well, and the report can say so.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

import gevent

from firsttoken.load.session import Session
from firsttoken.row import Health

PROBE_S = 0.005
"""One probe each 5 ms: its lag is how late the hub came to it, and no round of the hub lasts longer than that."""


def watch_health(session: Session, worker: int = 0) -> None:
    """Sample for ever, a line a second; runs as a greenlet and is killed at the end."""
    lags_ms: list[float] = []
    second_ns = time.monotonic_ns() + 1_000_000_000
    cpu_s, began_ns = time.process_time(), time.monotonic_ns()
    while True:
        due_ns = time.monotonic_ns() + int(PROBE_S * 1e9)
        gevent.sleep(PROBE_S)
        now_ns = time.monotonic_ns()
        lags_ms.append(max(0, now_ns - due_ns) / 1e6)
        if now_ns < second_ns:
            continue
        cpu_now_s = time.process_time()
        share = (cpu_now_s - cpu_s) / ((now_ns - began_ns) / 1e9)
        session.recorder.sample_health(_summarise(session, worker, lags_ms, share))
        session.recorder.flush()
        lags_ms, cpu_s, began_ns = [], cpu_now_s, now_ns
        second_ns = now_ns + 1_000_000_000


def _summarise(session: Session, worker: int, lags_ms: list[float], cpu_share: float) -> Health:
    delays_ms: list[float] = []
    first_tokens = bracketed = 0
    for target in session.targets.values():
        reading = target.client.take_readings()
        delays_ms += reading.delays_ms
        first_tokens += reading.first_tokens
        bracketed += reading.bracketed
    return Health(
        worker=worker,
        at_ns=session.now_ns(),
        in_flight=sum(target.client.in_flight for target in session.targets.values()),
        users_busy=session.busy,
        hub_lag_p50_ms=pick(lags_ms, 0.5) or 0.0,
        hub_lag_p99_ms=pick(lags_ms, 0.99) or 0.0,
        hub_lag_max_ms=max(lags_ms),
        cpu_share=cpu_share,
        rss_mb=read_rss_mb(),
        read_delay_p50_ms=pick(delays_ms, 0.5),
        read_delay_p99_ms=pick(delays_ms, 0.99),
        bracketed_share=bracketed / first_tokens if first_tokens else None,
    )


def pick(values: list[float], q: float) -> float | None:
    """The order statistic at q; None of nothing."""
    return sorted(values)[min(len(values) - 1, int(q * len(values)))] if values else None


def read_rss_mb() -> float:
    """Resident memory now where /proc tells, else the peak that getrusage tells."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
