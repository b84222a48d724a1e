"""The benchmarks' own parts: a truth server that serves and logs what it was told to, and a table that says how it came
about. No time is judged here.
"""

import http.client
from pathlib import Path

import msgspec

from tests.benchmarks.suite import Bar, Case, Result, Sample, run_case, tell, write_json
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


BAR = Bar("error_ms", "an error", "ms", most=1.0)


def scripted(*samples: tuple[float, float]) -> Case:
    """A case whose runs give these errors while others use so much of a core."""
    script = iter(samples)

    def run(_measure_s: float) -> Sample:
        error_ms, others_share = next(script)
        return Sample({"error_ms": error_ms}, others_share)

    return Case("scripted", run, (BAR,))


def test_a_figure_is_the_median_of_all_runs_with_its_range() -> None:
    [result] = run_case(scripted((0.5, 0), (9.0, 0), (0.25, 0)), runs=3, measure_s=1, repeats=2)

    assert tell(result) == ("an error", "<= 1 ms", "0.5 ms", "0.25 - 9", "pass", "quiet")


def test_a_run_that_was_not_quiet_is_repeated_and_the_quietest_counts() -> None:
    [result] = run_case(scripted((7.0, 0.5), (8.0, 0.06), (0.5, 0.05)), runs=1, measure_s=1, repeats=2)

    assert (result.values, result.repeated, result.noise) == ([0.5], 2, "2 runs repeated")


def test_a_machine_that_never_gets_quiet_is_said_to_be_loud() -> None:
    [result] = run_case(scripted((7.0, 0.5), (2.0, 0.06), (9.0, 0.3)), runs=1, measure_s=1, repeats=2)

    assert tell(result)[-2:] == ("MISS", "not quiet: others used up to 6% of a core; 2 runs repeated")


def test_the_file_has_every_run_of_every_row(tmp_path: Path) -> None:
    write_json(tmp_path / "bench.json", [Result("scripted", BAR, [0.5, 2.0], [0.0, 0.2], 1)], runs=2, measure_s=1)

    [row] = msgspec.json.decode((tmp_path / "bench.json").read_bytes())["rows"]

    assert (row["values"], row["others_share"], row["repeated"]) == ([0.5, 2.0], [0.0, 0.2], 1)
    assert (row["value"], row["verdict"]) == (1.25, "MISS")
