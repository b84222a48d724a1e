"""The truth server of the benchmarks serves what it was told to, and logs the truth of it; no time is judged here."""

import http.client
from pathlib import Path

import msgspec

from tests.benchmarks.truth import MODEL, Schedule, TruthServer, count_tokens, serve_truth

TOKENS = 4
BODY = msgspec.json.encode(
    {
        "model": MODEL,
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": TOKENS,
    }
)


def ask(connection: http.client.HTTPConnection) -> tuple[str | None, list[bytes]]:
    """Send one request; the id of the answer and its events."""
    connection.request("POST", "/v1/chat/completions", BODY, {"content-type": "application/json"})
    answer = connection.getresponse()
    return answer.headers["x-request-id"], [event.removeprefix(b"data: ") for event in answer.read().split(b"\n\n")]


def ask_twice(server: TruthServer) -> list[tuple[str | None, list[bytes]]]:
    """Two requests, one after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        return [ask(connection), ask(connection)]
    finally:
        connection.close()


def count_words(events: list[bytes]) -> int:
    """Events with a token in them."""
    chunks = [msgspec.json.decode(event) for event in events if event.startswith(b"{")]
    return sum(bool(choice["delta"].get("content")) for chunk in chunks for choice in chunk["choices"])


def test_the_truth_server_streams_so_many_tokens_and_logs_when_it_wrote_them(tmp_path: Path) -> None:
    with serve_truth(Schedule(ttft_ms=50, gap_ms=5, tokens=TOKENS), tmp_path) as server:
        answers = ask_twice(server)
        truths = {truth.request_id: truth for truth in server.end()}
    assert truths.keys() == {name for name, _ in answers}
    for name, events in answers:
        truth = truths[name or ""]
        assert count_words(events) == truth.tokens == TOKENS
        assert b'"completion_tokens":4' in events[-3]
        assert events[-2:] == [b"[DONE]", b""]
        assert truth.arrival_ns < (truth.first_token_ns or 0) < (truth.last_token_ns or 0)


def test_tokens_are_counted_in_the_window_that_they_were_written_in(tmp_path: Path) -> None:
    with serve_truth(Schedule(ttft_ms=20, gap_ms=5, tokens=TOKENS), tmp_path) as server:
        ask_twice(server)
        truths = server.end()
    first_ns, last_ns = truths[0].first_token_ns or 0, truths[0].last_token_ns or 0
    assert count_tokens(truths[:1], (first_ns, last_ns + 1)) == TOKENS
    assert count_tokens(truths[:1], (first_ns + 1, last_ns)) == TOKENS - 2
    assert count_tokens(truths, (0, last_ns * 2)) == 2 * TOKENS
