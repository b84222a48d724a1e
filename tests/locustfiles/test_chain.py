"""An agent's second request holds the text of the first answer, whoever sends and however the API is called."""

from pathlib import Path

import pytest

from tests.driven import behave_as


@pytest.mark.parametrize(("client", "workers"), [("wire", 1), ("wire", 2), ("sdk", 1)])
def test_a_step_is_asked_with_the_words_of_its_plan(tmp_path: Path, client: str, workers: int) -> None:
    behaved = behave_as("chain", tmp_path, workers, sets=[f"target.gpt-5.4.client={client}"])

    assert behaved.failure is None
    ended = [row for row in behaved.rows if row.outcome == "length"]
    plans, steps = ([row for row in ended if row.name == name] for name in ("plan", "step"))
    assert len(plans) >= len(steps) > 3
    assert {row.output_tokens for row in plans} == {16}
    assert all(row.asked_input_tokens is not None and row.asked_input_tokens >= 8 + 16 for row in steps)
    assert {row.turn for row in ended} == {0}
