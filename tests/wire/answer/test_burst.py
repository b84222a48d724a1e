"""A burst is told from a stream by how close its tokens came, beside the wait for the first of them."""

import pytest

from firsttoken.row import Row
from firsttoken.wire.answer.burst import count_streamed, is_burst

MS = 1_000_000


@pytest.mark.parametrize(
    ("tokens", "span_ms", "waited_ms"),
    [(16, 0, 938), (32, 7, 960), (12, 0, 20), (1000, 100, 5000)],
)
def test_tokens_that_came_all_at_once_after_a_wait_are_a_burst(tokens, span_ms, waited_ms):
    assert is_burst(tokens, span_ms * MS, waited_ms * MS)


@pytest.mark.parametrize(
    ("tokens", "span_ms", "waited_ms"),
    [
        pytest.param(32, 283, 677, id="a stream of 140 tokens/s"),
        pytest.param(32, 32, 13, id="a small model on this machine"),
        pytest.param(16, 80, 10_000, id="a long prompt and a short answer"),
        pytest.param(2000, 700, 1000, id="a very fast vendor"),
        pytest.param(7, 0, 1000, id="too few tokens to tell"),
        pytest.param(16, 1, 1, id="a server that waits for nothing"),
    ],
)
def test_tokens_that_came_one_by_one_are_none(tokens, span_ms, waited_ms):
    assert not is_burst(tokens, span_ms * MS, waited_ms * MS)


def test_the_servers_count_goes_before_that_of_the_events_and_hidden_reasoning_is_left_out():
    assert count_streamed(Row(token_events=3)) == 3
    assert count_streamed(Row(token_events=1, output_tokens=12)) == 12
    assert count_streamed(Row(token_events=4, output_tokens=12, reasoning_tokens=5)) == 7
