"""An editor asks short things under a name of their own."""

from pathlib import Path

import pytest

from tests.driven import behave_as


@pytest.mark.parametrize("api", ["chat", "completions", "responses"])
def test_completions_are_short_and_have_their_name(tmp_path: Path, api: str) -> None:
    behaved = behave_as("completion", tmp_path, sets=[f"target.gpt-5.4.api={api}", "traffic.output_tokens=400"])

    assert behaved.failure is None
    ended = [row for row in behaved.rows if row.outcome == "length"]
    assert len(ended) > 3
    assert {(row.name, row.asked_output_tokens, row.output_tokens) for row in ended} == {("completion", 24, 24)}
    assert {(row.asked_input_tokens, row.input_tokens) for row in ended} == {(1 + 14 + 20, 1 + 14 + 20)}
