"""What an interrupted run has left: finished stages, the number and the time to go on from, and its spending."""

from pathlib import Path

import msgspec

from firsttoken.catalogue import Source
from firsttoken.load.resume import FRESH, read_finished, read_spent
from firsttoken.row import Health, Row, StageEvent

PRICE = Source(title="t", read="2026", input=1.0, output=2.0)


def event(stage: int, name: str, at_ns: int, reason: str | None = None) -> StageEvent:
    return StageEvent(
        stage=stage, target="a", level=4.0, repeat=stage, event=name, at_ns=at_ns, users=4, started=9, reason=reason
    )


def write(folder: Path, *events: StageEvent, torn: bytes = b"") -> None:
    lines = [msgspec.json.encode(each) + b"\n" for each in events]
    (folder / "stages.jsonl").write_bytes(b"".join(lines) + torn)


def test_only_stages_that_ended_as_planned_are_finished(tmp_path: Path) -> None:
    write(
        tmp_path,
        event(0, "measure", 2_000_000_000), event(0, "hold", 5_000_000_000), event(0, "end", 6_000_000_000),
        event(1, "ramp", 7_000_000_000), event(1, "end", 8_000_000_000, reason="interrupted"),
        event(2, "ramp", 9_000_000_000),
    )  # fmt: skip

    finished = read_finished(tmp_path)

    assert finished.keys == {("a", 4.0, 0, "users", False)}
    assert (finished.next_stage, finished.last_ns) == (3, 9_000_000_000)
    assert finished.measured_s(0) == 3.0


def test_the_time_that_stages_took_is_counted_and_once_where_several_ran_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        event(0, "ramp", 2), event(0, "end", 6),
        event(1, "ramp", 3), event(1, "end", 8),
        event(2, "ramp", 10), event(2, "settle", 11), event(2, "measure", 14),
    )  # fmt: skip

    assert read_finished(tmp_path).lasted_ns == (8 - 2) + (14 - 10)

    calm = {"in_flight": 1, "users_busy": 1, "hub_lag_p50_ms": 0, "hub_lag_p99_ms": 0, "hub_lag_max_ms": 0}
    beat = Health(worker=0, at_ns=99, cpu_share=0.1, rss_mb=90, **calm)
    (tmp_path / "health.jsonl").write_bytes(msgspec.json.encode(beat) + b'\n{"worker": 0, "at_')

    assert read_finished(tmp_path).lasted_ns == (8 - 2) + (99 - 10), "it ran on in its last phase until it was killed"


def test_a_torn_line_was_never_finished(tmp_path: Path) -> None:
    write(tmp_path, event(0, "ramp", 5), torn=msgspec.json.encode(event(0, "end", 9))[:40])

    assert read_finished(tmp_path).keys == set()


def test_a_new_folder_has_finished_nothing(tmp_path: Path) -> None:
    assert read_finished(tmp_path) is FRESH


def test_what_nobody_knows_of_an_earlier_attempt_may_be_as_much_as_the_dearest(tmp_path: Path) -> None:
    """One has no end, as the process was killed; another broke off before it reported its usage."""
    rows = [
        Row(target="real", request_id="1", attempt=1, sent_ns=1, outcome="ok", input_tokens=100, output_tokens=50),
        Row(target="real", request_id="2", attempt=1, sent_ns=1, outcome="ok", input_tokens=90, output_tokens=10),
        Row(target="real", request_id="3", attempt=1),
        Row(target="real", request_id="4", attempt=1),
        Row(target="real", request_id="4", attempt=1, sent_ns=1, outcome="truncated"),
    ]
    (tmp_path / "attempts").mkdir()
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    (tmp_path / "attempts" / "worker-0.jsonl").write_bytes(lines)

    total = read_spent(tmp_path, {"real": PRICE})

    assert (total.requests, total.tokens) == (4, 150 + 100 + 2 * 150)


def test_what_earlier_attempts_cost_is_counted_but_for_simulated_targets(tmp_path: Path) -> None:
    rows = [
        Row(target="real", request_id="1", attempt=1, sent_ns=1),
        Row(target="real", request_id="1", attempt=1, sent_ns=1, outcome="ok", input_tokens=100, output_tokens=50),
        Row(target="real", request_id="2", attempt=1, sent_ns=1, outcome="rate_limited"),
        Row(target="simulated", request_id="3", attempt=1, outcome="ok", input_tokens=100, output_tokens=50),
    ]
    (tmp_path / "attempts").mkdir()
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    (tmp_path / "attempts" / "worker-0.jsonl").write_bytes(lines + b'{"target": "re')

    total = read_spent(tmp_path, {"real": PRICE})

    assert (total.requests, total.tokens, total.nano_usd) == (2, 150, 200_000)
