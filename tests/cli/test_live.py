"""What a person sees of a run as it goes: each stage as it begins, what each level has shown, the time left."""

import itertools
from typing import Any

import pytest

from firsttoken.cli import live

TICK = {
    "event": "tick", "stage": 1, "target": "gpt-5.4", "phase": "measure", "elapsed_s": 6.2, "in_flight": 16,
    "ended": 120, "failed": 2, "ttft_p50_ms": 1240.0, "left_s": 130.0, "usd": 0.324,
}  # fmt: skip
RESULT = {
    "event": "result", "stage": 1, "target": "gpt-5.4", "level": 64.0, "by": "users", "measured": 642, "failed": 2,
    "ttft_p50_ms": 1240.0, "tokens_per_s": 1380.4, "slo_share": 0.973, "judged": 640, "usd": 0.324,
}  # fmt: skip
STAGE = {"event": "stage", "stage": 1, "stages": 8, "target": "gpt-5.4", "level": 64.0}
END = {"event": "end"}


RATE = STAGE | {"stages": None, "level": 5.2, "by": "rate"}
EVENTS: dict[str, list[dict[str, object]]] = {
    "a level begins": [STAGE],
    "a level of one user begins": [STAGE | {"level": 1.0, "by": "users"}],
    "a level of an open loop begins": [RATE],
    "an open loop begins that confirms an answer": [RATE | {"confirms": True}],
    "a shape begins": [STAGE | {"stages": 1, "shape": "spike"}],
    "a level ends": [RESULT],
    "a level ends of which nothing was measured": [
        RESULT | {"measured": 0, "slo_share": None, "judged": 0, "ttft_p50_ms": None}
    ],
    "a level ends of which little is known": [
        RESULT | {"slo_share": None, "ttft_p50_ms": None, "tokens_per_s": None, "usd": None}
    ],
    "a level goes on, outside a terminal": [TICK],
    "a level goes on, longer": [TICK | {"left_s": seconds} for seconds in (3.6, 89.0, 3600.0, 9000.0)],
}


def test_a_run_as_it_goes(capsys: pytest.CaptureFixture[str], snapshot: Any) -> None:
    told = {}
    for heading, events in EVENTS.items():
        live.follow([*events, END], now_s=itertools.count(0, 31).__next__)
        told[heading] = capsys.readouterr().err
    live.follow([STAGE | {"by": "rate", "level": 1.5}, END], turns=3)
    snapshot("live", told | {"a level of sessions begins": capsys.readouterr().err})


def test_outside_a_terminal_a_line_comes_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter([0, 10, 25, 31, 31, 32])

    live.follow([TICK, TICK, TICK, TICK, END], now_s=lambda: next(seconds))

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_levels_that_run_together_are_told_apart_by_their_target(capsys: pytest.CaptureFixture[str]) -> None:
    other = {"stage": 2, "target": "gpt-5.2-codex"}

    live.follow([STAGE, STAGE | other, TICK, TICK | other, RESULT, RESULT | other, END])

    *_, first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("  gpt-5.4, 64 users: ")
    assert second.startswith("  gpt-5.2-codex, 64 users: ")
