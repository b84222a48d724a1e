"""What a person sees of a run as it goes: each stage as it begins, what each level has shown, the time left."""

from __future__ import annotations

from collections.abc import Iterator

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


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"stages": 8, "level": 64.0}, "[2/8] gpt-5.4 at 64 users"),
        ({"stages": 8, "level": 1.0, "by": "users"}, "[2/8] gpt-5.4 at 1 user"),
        ({"stages": None, "level": 2.5, "by": "rate"}, "[2] gpt-5.4 at 2.5 requests/s"),
        ({"stages": 1, "level": 64.0, "shape": "spike"}, "[2/1] gpt-5.4 over a spike of 64 users"),
        (
            {"stages": None, "level": 5.2, "by": "rate", "confirms": True},
            "[2] gpt-5.4 at 5.2 requests/s, to confirm the answer",
        ),
    ],
)
def test_a_stage_is_told_with_its_load_in_its_own_unit(
    event: dict[str, object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = {"event": "stage", "stage": 1, "target": "gpt-5.4"} | event

    live.follow([begun, {"event": "end"}])

    assert said in capsys.readouterr().err.splitlines()


def test_a_rate_whose_arrivals_ask_several_times_is_one_of_sessions(capsys: pytest.CaptureFixture[str]) -> None:
    begun = {"event": "stage", "stage": 0, "stages": 2, "target": "gpt-5.4", "level": 1.5, "by": "rate"}

    live.follow([begun, {"event": "end"}], turns=3)

    assert "[1/2] gpt-5.4 at 1.5 sessions/s" in capsys.readouterr().err


def test_a_level_that_has_ended_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    live.follow([STAGE, RESULT, END])

    assert capsys.readouterr().err.splitlines() == [
        "[2/8] gpt-5.4 at 64 users",
        "  64 users: TTFT p50 1.24 s, ≈ 1,380 tok/s, 97.3 % of 640 met the SLO, 2 failed, $0.324 so far",
    ]


def test_levels_that_run_together_are_told_apart_by_their_target(capsys: pytest.CaptureFixture[str]) -> None:
    other = {"stage": 2, "target": "gpt-5.2-codex"}

    live.follow([STAGE, STAGE | other, TICK, TICK | other, RESULT, RESULT | other, END])

    *_, first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("  gpt-5.4, 64 users: ")
    assert second.startswith("  gpt-5.2-codex, 64 users: ")


def test_a_level_of_which_nothing_was_measured_says_so_instead_of_zeros(capsys: pytest.CaptureFixture[str]) -> None:
    live.follow([STAGE, RESULT | {"measured": 0, "slo_share": None, "judged": 0, "ttft_p50_ms": None}, END])

    assert "  64 users: no measured request has ended" in capsys.readouterr().err.splitlines()


def test_what_is_not_known_of_a_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    live.follow([STAGE, RESULT | {"slo_share": None, "ttft_p50_ms": None, "tokens_per_s": None, "usd": None}, END])

    assert "  64 users: TTFT p50 unknown, 2 failed" in capsys.readouterr().err.splitlines()


def test_outside_a_terminal_a_line_now_and_then_shows_that_the_run_is_alive(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seconds = clock(0, 10, 25, 31, 31, 32)

    live.follow([TICK, TICK, TICK, TICK, END], now_s=lambda: next(seconds))

    assert capsys.readouterr().err.splitlines() == [
        "  measure 6.2 s, 16 in flight, 120 done, 2 failed, TTFT p50 1.24 s so far, about 2 min left, $0.324 so far"
    ]


def clock(*readings_s: float) -> Iterator[float]:
    return iter(readings_s)


@pytest.mark.parametrize(
    ("seconds", "words"), [(3.6, "4 s"), (89.0, "89 s"), (130.0, "2 min"), (3600.0, "60 min"), (9000.0, "2.5 h")]
)
def test_a_time_left_is_as_short_as_it_can_be_told(seconds: float, words: str) -> None:
    assert live.write_time(seconds) == words
