"""The clock of a run: nanoseconds since the run's origin, and how long this process has been in it."""

import time

import gevent
from gevent.event import Event

from firsttoken.load.session.run_clock import RunClock


def test_a_run_that_goes_on_has_lasted_only_since_this_process_began() -> None:
    origin_ns = time.monotonic_ns() - 3_600_000_000_000

    clock = RunClock(origin_ns)

    assert clock.now_ns() >= 3_600_000_000_000
    assert 0 <= clock.lasted_ns < 3_600_000_000_000


def test_a_wait_ends_with_its_event_or_after_its_time() -> None:
    clock, event = RunClock(time.monotonic_ns()), Event()
    clock.wait(event, 0.0)
    assert not event.is_set()

    waiting = gevent.spawn(clock.wait, event)
    clock.sleep(0)
    event.set()

    waiting.get(timeout=5)
