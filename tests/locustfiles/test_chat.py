"""A chat asks every question alone, unless its session has several turns: then each stands behind those before it."""

from pathlib import Path

import pytest

from tests.driven import behave_as

SESSIONS = "rate = [4]\nturns = 3\nmax_in_flight = 20"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_session_keeps_its_history(tmp_path: Path, workers: int) -> None:
    behaved = behave_as("chat", tmp_path, workers, SESSIONS)

    assert behaved.failure is None
    by_turn = {turn: [row for row in behaved.rows if row.turn == turn] for turn in range(3)}
    assert all(len(rows) > 3 for rows in by_turn.values()), [len(rows) for rows in by_turn.values()]
    lengths = {turn: {row.asked_input_tokens for row in rows} for turn, rows in by_turn.items()}
    assert lengths[0] == {20}
    assert all(20 + 20 < words < 20 + 20 + 40 for words in lengths[1])
    assert min(lengths[2]) > max(lengths[1])


def test_without_turns_every_question_is_the_drawn_one_alone(tmp_path: Path) -> None:
    behaved = behave_as("chat", tmp_path)

    assert behaved.failure is None
    assert {(row.turn, row.asked_input_tokens, row.name) for row in behaved.rows} == {(0, 20, None)}
