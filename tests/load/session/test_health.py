"""Health lines: every moment lies in one, and each says what the load process did in it."""

import time
from pathlib import Path
from typing import Any

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
    targets = {name: ScriptedTarget(each) for name, each in stats.items()}
    return make_session(tmp_path, targets, origin_ns=time.monotonic_ns())


def watch(session: Session, load: Any) -> list[Health]:
    """Watch while `load` runs, stop the watch, and return its lines."""
    watching = gevent.spawn(watch_health, session)
    gevent.sleep(0.01)
    load()
    watching.kill()
    session.recorder.flush()
    lines = (session.recorder.folder / "health.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Health) for line in lines]


def test_a_load_that_stops_within_a_second_leaves_a_line(session: Session) -> None:
    began_ns = session.now_ns()

    (line,) = watch(session, lambda: gevent.sleep(0.05))

    assert began_ns < line.at_ns <= session.now_ns()


def test_lines_come_each_second_and_the_last_when_the_load_stops(session: Session) -> None:
    lines = watch(session, lambda: gevent.sleep(1.1))

    assert len(lines) == 2
    assert lines[0].at_ns >= 1_000_000_000
    assert lines[1].at_ns > lines[0].at_ns


def test_a_hub_that_stood_still_is_seen_also_in_its_last_moment(session: Session) -> None:
    (line,) = watch(session, lambda: time.sleep(0.06))

    assert line.hub_lag_max_ms >= 50
    assert line.hub_lag_max_ms >= line.hub_lag_p99_ms >= line.hub_lag_p50_ms >= 0


def test_a_stage_begins_with_a_line_of_its_own(session: Session) -> None:
    """Users start in one go, which holds the hub up: that is over when their stage begins, and none of its doing."""

    def begin_after_a_freeze() -> None:
        time.sleep(0.06)
        session.open_admission([])
        gevent.sleep(0.05)

    before, within = watch(session, begin_after_a_freeze)

    assert before.hub_lag_max_ms >= 50
    assert within.hub_lag_max_ms < before.hub_lag_max_ms
    assert within.at_ns > before.at_ns


def test_what_the_wires_of_all_targets_read_is_in_the_line_once(session: Session) -> None:
    first, second = watch(session, lambda: gevent.sleep(1.1))

    assert (first.in_flight, second.in_flight) == (6, 6)
    assert (first.read_delay_p50_ms, first.read_delay_p99_ms) == (50.0, 99.0)
    assert first.bracketed_share == 0.25
    assert (second.read_delay_p50_ms, second.read_delay_p99_ms, second.bracketed_share) == (None, None, None)


def test_a_busy_process_shows_in_its_share_of_a_core_and_has_a_size(session: Session) -> None:
    def burn() -> None:
        until_s = time.process_time() + 0.2
        while time.process_time() < until_s:
            pass

    (line,) = watch(session, burn)

    assert 0 < line.cpu_share < 1.1
    assert line.rss_mb > 10
