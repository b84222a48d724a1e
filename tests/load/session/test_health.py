"""Health lines: every moment lies in one, and each says what the load process did in it."""

from collections.abc import Callable
from pathlib import Path

import gevent
import msgspec
import pytest

from firsttoken.load.session.health import watch_health
from firsttoken.load.session.session import Session
from firsttoken.row import Health
from firsttoken.wire.wire_stats import WireStats
from tests.load.made_session import make_session


class ScriptedClient:
    """Three attempts under way, and wire stats of which each is taken once."""

    in_flight = 3

    def __init__(self, stats: WireStats) -> None:
        self.stats = stats

    def take_wire_stats(self) -> WireStats:
        taken, self.stats = self.stats, WireStats([], 0, 0)
        return taken


class ScriptedTarget:
    def __init__(self, stats: WireStats) -> None:
        self.client = ScriptedClient(stats)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    stats = {
        "a": WireStats([float(ms) for ms in range(100)], first_tokens=3, bracketed=1),
        "b": WireStats([], first_tokens=1, bracketed=0),
    }
    return make_session(tmp_path, targets={name: ScriptedTarget(each) for name, each in stats.items()})


class Cpu:
    """Uses half of a core, by the clock of a session."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def read_s(self) -> float:
        return self.session.clock.now_ns() / 2e9


def watch(session: Session, *steps: Callable[[], None]) -> list[Health]:
    """Watch while each step is taken, stop the watch, and return its lines."""
    watching = gevent.spawn(watch_health, session, 0, Cpu(session).read_s)
    session.clock.let_pass(0)
    for step in steps:
        step()
    watching.kill()
    session.recorder.flush()
    lines = (session.recorder.folder / "health.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Health) for line in lines]


def test_a_load_that_stops_within_a_second_leaves_a_line(session: Session) -> None:
    (line,) = watch(session, lambda: session.clock.let_pass(0.05))

    assert (line.at_ns, line.hub_lag_max_ms) == (50_000_000, 0)


def test_lines_come_each_second_and_the_last_when_the_load_stops(session: Session) -> None:
    lines = watch(session, lambda: session.clock.let_pass(1.1))

    assert [line.at_ns for line in lines] == [1_000_000_000, 1_100_000_000]


def test_a_hub_that_stood_still_is_seen_also_in_its_last_moment(session: Session) -> None:
    (line,) = watch(session, lambda: session.clock.freeze_hub(0.06))

    assert line.hub_lag_p50_ms == line.hub_lag_max_ms == 55  # the probe was to last 5 ms


def test_the_lag_of_a_second_is_told_by_its_middle_and_its_end(session: Session) -> None:
    def freeze_once() -> None:
        session.clock.let_pass(0.5)
        session.clock.freeze_hub(0.1)
        session.clock.let_pass(0.2)

    (line,) = watch(session, freeze_once)

    assert (line.hub_lag_p50_ms, line.hub_lag_max_ms) == (0, 95)


def test_a_stage_begins_with_a_line_of_its_own(session: Session) -> None:
    """Users start in one go, which holds the hub up: that is over when their stage begins, and none of its doing."""
    before, within = watch(
        session,
        lambda: session.clock.freeze_hub(0.06),
        lambda: session.admission.open_stages([]),
        lambda: session.clock.let_pass(0.05),
    )

    assert (before.hub_lag_max_ms, within.hub_lag_max_ms) == (55, 0)
    assert (before.at_ns, within.at_ns) == (60_000_000, 110_000_000)


def test_what_the_wires_of_all_targets_read_is_in_the_line_once(session: Session) -> None:
    first, second = watch(session, lambda: session.clock.let_pass(1.1))

    assert (first.in_flight, second.in_flight) == (6, 6)
    assert (first.read_delay_p50_ms, first.read_delay_p99_ms) == (50.0, 99.0)
    assert first.bracketed_share == 0.25
    assert (second.read_delay_p50_ms, second.read_delay_p99_ms, second.bracketed_share) == (None, None, None)


def test_how_late_the_arrivals_of_an_open_loop_were_begun_is_in_the_line_once(session: Session) -> None:
    def begin_late() -> None:
        session.counters.record_lateness(3_000_000)
        session.counters.record_lateness(1_000_000)

    first, second = watch(session, begin_late, lambda: session.clock.let_pass(1.1))

    assert (first.lateness_p99_ms, first.lateness_max_ms) == (3.0, 3.0)
    assert (second.lateness_p99_ms, second.lateness_max_ms) == (None, None)


def test_a_busy_process_shows_in_its_share_of_a_core_and_has_a_size(session: Session) -> None:
    (line,) = watch(session, lambda: session.clock.let_pass(0.2))

    assert line.cpu_share == pytest.approx(0.5)
    assert line.rss_mb > 10
