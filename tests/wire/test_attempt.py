"""Whole attempts against a server that does as it is told: every outcome, the pool, the re-send, the ends from outside.

gevent is used as it is, without its patches; one test runs a patched process, as Locust makes it.
"""

import contextlib
import gc
import resource
import socket
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator

import gevent
import pytest

from firsttoken.row import ADDRESS_FAILED, Row
from firsttoken.wire import dial
from firsttoken.wire.attempt import Client
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.dialects.dialect import Dialect
from firsttoken.wire.endpoint import parse_endpoint
from tests.wire.forward import forward
from tests.wire.scripted import CERTS, Line, Script, Scripted, answer, hang_up, script, scripted
from tests.wire.spoken import CHAT, FINISH, RESPONSES, ROLE, TEXT, chunked, frames, head, plain, stream

PATIENT = Deadlines(connect_s=5, first_token_s=5, idle_s=5, total_s=10)
OK = answer(stream(CHAT))
BODY = DIALECTS["chat"].body("m", "Hello", 16, {})


@contextlib.contextmanager
def client_of(
    base_url: str,
    deadlines: Deadlines = PATIENT,
    *,
    api: str = "chat",
    key: str | None = None,
    dialect: Dialect | None = None,
    connection: str = "reuse",
) -> Iterator[Client]:
    """A client for the block."""
    endpoint = parse_endpoint(base_url, api, key, {})
    origin_ns = time.monotonic_ns()
    with contextlib.closing(Client(endpoint, dialect or DIALECTS[api], deadlines, origin_ns, connection)) as client:
        yield client


def send(client: Client, body: bytes = BODY) -> Row:
    row = Row()
    client.send(row, body)
    return row


def attempt(script: Script, deadlines: Deadlines = PATIENT, **more: object) -> Row:
    """One attempt against one script."""
    with scripted(script) as server, client_of(server.base_url, deadlines, **more) as client:
        return send(client)


def break_off_later(line: Line) -> None:
    """Close with a reset, once what was said has surely been heard."""
    time.sleep(0.05)
    line.break_off()


# -- a good attempt ---------------------------------------------------------------------------------------------------


def test_a_good_attempt_fills_the_row_in_the_order_of_time():
    row = attempt(answer(head(x_request_id="req_1"), *chunked(CHAT)))

    marks = [row.connect_start_ns, row.connected_ns, row.sent_ns, row.headers_ns, row.first_event_ns]
    marks += [row.first_token_ns, row.first_visible_ns, row.last_token_ns, row.end_ns]
    assert None not in marks
    assert marks == sorted(marks)
    assert row.sent_ns < row.uploaded_ns
    assert row.peer.startswith("127.0.0.1:")
    assert row.sent_ns <= row.first_token_early_ns <= row.first_token_ns
    assert (row.outcome, row.error, row.http_status, row.finish_reason) == ("ok", None, 200, "stop")
    assert (row.events, row.token_events, len(row.gaps_us)) == (6, 3, 2)
    assert (row.input_tokens, row.output_tokens, row.token_source) == (11, 7, "usage")
    assert (row.server_request_id, row.resends, row.connection_reused) == ("req_1", 0, False)
    assert row.stamp == ("kernel" if sys.platform == "linux" else "user")


def test_a_responses_stream_is_an_attempt_too():
    row = attempt(answer(stream(RESPONSES)), api="responses")

    assert (row.outcome, row.finish_reason, row.output_tokens) == ("ok", "completed", 7)


def test_a_large_request_goes_out_whole():
    body = b"x" * 2_000_000

    with scripted(OK) as server, client_of(server.base_url) as client:
        row = send(client, body)

    assert row.outcome == "ok"
    assert b"content-length: 2000000" in server.requests[0]
    assert row.sent_ns < row.uploaded_ns


def test_many_attempts_share_the_hub():
    with scripted(OK) as server, client_of(server.base_url) as client:
        users = [gevent.spawn(send, client) for _ in range(50)]
        gevent.sleep(0)
        assert client.in_flight == 50
        gevent.joinall(users)

    assert {user.value.outcome for user in users} == {"ok"}
    assert client.in_flight == 0


@pytest.mark.parametrize(
    "pieces",
    [[stream(CHAT)], [plain("429 Slow Down", b"{}")], [head(), frames(b"data: {soup\n\n")], [head("302 Found")]],
)
def test_an_attempt_leaves_nothing_for_the_collector_of_cycles(pieces):
    """A collection of the objects of a thousand streams takes a tenth of a second, in which nothing is read."""
    with scripted(answer(*pieces)) as server, client_of(server.base_url) as client:
        send(client)
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        for _ in range(5):
            send(client)
        gc.collect()
        left = {type(thing).__name__ for thing in gc.garbage}
        gc.set_debug(0)
        gc.garbage.clear()

    assert not left & {"Answer", "Connection", "HttpResponseParser", "Row", "Stream", "memoryview", "traceback"}


# -- each outcome once ------------------------------------------------------------------------------------------------


SENT, HEAD, EVENT, TOKEN = ("sent_ns",), ("headers_ns",), ("first_event_ns",), ("first_token_ns", "last_token_ns")
MARKS = (SENT, HEAD, EVENT, TOKEN)
"""The marks of an attempt in the order in which they are reached."""


def assert_reached(row: Row, mark: tuple[str, ...], events: int, tokens: int) -> None:
    """It has every mark up to this one and none beyond, and so many events, of which so many held a token."""
    has = [all(getattr(row, name) is not None for name in names) for names in MARKS]
    assert has == [names in MARKS[: MARKS.index(mark) + 1] for names in MARKS]
    assert (row.events, row.token_events) == (events, tokens)
    assert (row.first_visible_ns is None) == (tokens == 0)


@pytest.mark.parametrize(
    ("outcome", "script", "error", "reached"),
    [
        ("length", script(stream([TEXT, FINISH.replace(b"stop", b"length")])), None, (TOKEN, 2, 1)),
        (
            "content_filter",
            script(stream([ROLE, FINISH.replace(b"stop", b"content_filter")])),
            None,
            (EVENT, 2, 0),
        ),
        (
            "error_in_stream",
            script(head(), frames(TEXT, b'data: {"error":{"message":"Oh no"}}\n\n')),
            "Oh no",
            (TOKEN, 2, 1),
        ),
        ("truncated", script(stream([TEXT])), "the answer ended without a finish marker", (TOKEN, 1, 1)),
        (
            "truncated",
            script(head(), frames(TEXT), then=hang_up),
            "closed the connection before the end",
            (TOKEN, 1, 1),
        ),
        (
            "truncated",
            script(head(), frames(TEXT), then=break_off_later),
            "the connection was lost: Connection reset",
            (TOKEN, 1, 1),
        ),
        (
            "ok",
            script(head(), frames(TEXT, FINISH), then=hang_up),
            "after the finish marker: the server closed",
            (TOKEN, 2, 1),
        ),
        (
            "rate_limited",
            script(plain("429 Slow Down", b'{"error":"Slow down"}', retry_after="2")),
            "Slow down",
            (HEAD, 0, 0),
        ),
        ("http_4xx", script(plain("400 Bad Request", b'{"error":{"message":"Bad model"}}')), "Bad model", (HEAD, 0, 0)),
        ("http_5xx", script(plain("500 Oops", b"oops", content_type="text/plain")), "oops", (HEAD, 0, 0)),
        ("connect", hang_up, "no byte of it arrived", (SENT, 0, 0)),
        ("connect", script(then=hang_up), "no byte of it arrived", (SENT, 0, 0)),
        ("connect", script(then=Line.break_off), "no byte of it arrived", (SENT, 0, 0)),
        ("protocol", script(b"hello, who is there?\r\n"), "expected HTTP/1.1, got something else", (SENT, 0, 0)),
        ("protocol", script(head("302 Found", location="/login")), "redirect (302) to /login", (HEAD, 0, 0)),
        (
            "protocol",
            script(plain("200 OK", b'{"choices":[]}')),
            "expected text/event-stream, got application/json",
            (HEAD, 0, 0),
        ),
        (
            "error_in_stream",
            script(plain("200 OK", b'{"error":{"message":"Overloaded"}}')),
            "Overloaded",
            (HEAD, 0, 0),
        ),
        ("protocol", script(stream(CHAT, content_encoding="zstd")), "compressed (zstd)", (HEAD, 0, 0)),
        (
            "protocol",
            script(head(), frames(b"data: {soup\n\n")),
            "expected an event of the chat API, got '{soup'",
            (HEAD, 0, 0),
        ),
    ],
)
def test_what_the_server_does_is_an_outcome(outcome, script, error, reached):
    row = attempt(script)

    assert row.outcome == outcome
    assert row.error is error is None or error in row.error
    assert row.end_ns >= row.sent_ns
    assert row.resends == 0
    assert_reached(row, *reached)


def test_what_the_server_asks_on_a_429_is_in_the_row():
    row = attempt(script(plain("429 Slow Down", b"{}", retry_after_ms="1500", x_ratelimit_reset_tokens="1m30s")))

    assert (row.http_status, row.retry_after_ms, row.ratelimit_reset_tokens_ms) == (429, 1_500, 90_000)


def test_the_servers_word_on_retrying_is_returned():
    busy = answer(plain("503 Busy", b"{}", x_should_retry="true"))

    with scripted(busy) as server, client_of(server.base_url) as client:
        assert client.send(Row(), BODY) is True


def test_nobody_listening_is_a_connect():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with client_of(f"http://127.0.0.1:{port}/v1") as client:
        row = send(client)

    assert (row.outcome, row.error) == ("connect", f"no connection to 127.0.0.1:{port}: Connection refused")
    assert (row.sent_ns, row.connected_ns, row.peer) == (None, None, None)
    assert row.connect_start_ns <= row.end_ns


def test_no_descriptor_left_is_a_client_error():
    with scripted(OK) as server, client_of(server.base_url, connection="per_request") as client:
        assert send(client).outcome == "ok"
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            row = send(client)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert (row.outcome, row.error) == ("client_error", "this machine refused: Too many open files")


def test_a_fault_of_ours_in_a_callback_ends_the_attempt_as_a_client_error():
    def stumble(data: bytes, name: bytes) -> None:
        raise ZeroDivisionError("division by zero")

    row = attempt(OK, dialect=DIALECTS["chat"]._replace(read=stumble))

    assert (row.outcome, row.error) == ("client_error", "ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    "server_says", ["Incorrect API key provided: sk-secret.", '{"error": {"message": "no sk-secret"}}']
)
def test_a_key_that_the_server_quotes_back_is_redacted(server_says):
    row = attempt(script(plain("401 Unauthorized", server_says.encode(), x_request_id="sk-secret")), key="sk-secret")

    assert row.outcome == "http_4xx"
    assert "[redacted]" in row.error
    assert not any("sk-secret" in str(value) for value in (row.error, row.server_request_id, row))


def test_a_long_error_is_short_in_the_row_and_no_half_of_a_key_stays_at_its_edge():
    row = attempt(script(plain("401 No", b'{"error": "%b"}' % (b"x" * 295 + b"sk-secret" * 99))), key="sk-secret")

    assert row.error == "x" * 295 + "[reda"


# -- deadlines --------------------------------------------------------------------------------------------------------


def drip(line: Line) -> None:
    """A token each 20 ms, for ever."""
    while True:
        line.say(frames(TEXT))
        time.sleep(0.02)


def say_a_head_slowly(line: Line) -> None:
    """A byte of the head each 20 ms."""
    for at in range(len(head())):
        line.say(head()[at : at + 1])
        time.sleep(0.02)


def comment(line: Line) -> None:
    """Keep-alive comments each 20 ms, for ever."""
    while True:
        line.say(frames(b": ping\n\n"))
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("outcome", "error", "limits", "script", "reached"),
    [
        ("deadline", "no token within 0.15 s of sending", {"first_token_s": 0.15}, script(), (SENT, 0, 0)),
        (
            "deadline",
            "no token within 0.15 s of sending",
            {"first_token_s": 0.15},
            script(then=say_a_head_slowly),
            (SENT, 0, 0),
        ),
        (
            "deadline",
            "no token within 0.15 s of sending",
            {"first_token_s": 0.15},
            script(head(), frames(ROLE)),
            (EVENT, 1, 0),
        ),
        (
            "deadline",
            "no token within 0.15 s of sending",
            {"first_token_s": 0.15},
            script(head(), then=comment),
            (HEAD, 0, 0),
        ),
        (
            "idle_timeout",
            "no event for 0.15 s in the middle",
            {"idle_s": 0.15},
            script(head(), frames(TEXT)),
            (TOKEN, 1, 1),
        ),
        (
            "idle_timeout",
            "no event for 0.15 s in the middle",
            {"idle_s": 0.15},
            script(head(), frames(TEXT), then=comment),
            (TOKEN, 1, 1),
        ),
        ("http_5xx", "HTTP 500 without a message", {"first_token_s": 0.15}, script(head("500 Oops")), (HEAD, 0, 0)),
        (
            "ok",
            "after the finish marker: no event for 0.15 s",
            {"idle_s": 0.15},
            script(head(), frames(TEXT, FINISH)),
            (TOKEN, 2, 1),
        ),
    ],
)
def test_a_deadline_ends_the_attempt_on_time(outcome, error, limits, script, reached):
    row = attempt(script, PATIENT._replace(**limits))

    assert row.outcome == outcome
    assert error in row.error
    assert 0.14e9 < row.end_ns - row.sent_ns < 2e9
    assert_reached(row, *reached)


def test_a_stream_that_never_ends_is_ended_with_all_that_came_of_it():
    row = attempt(script(head(), then=drip), PATIENT._replace(total_s=0.15))

    assert (row.outcome, row.error) == ("deadline", "not finished within 0.15 s")
    assert 0.14e9 < row.end_ns - row.sent_ns < 2e9
    assert_reached(row, TOKEN, row.events, row.events)
    assert row.events > 1 and len(row.gaps_us) == row.events - 1


def test_a_server_that_says_done_and_keeps_the_line_open_has_answered():
    """The user does not wait for a silence to become too long, and the answer ends with its last word."""
    row = attempt(script(head(), frames(TEXT, FINISH, b"data: [DONE]\n\n")))

    assert row.outcome == "ok"
    assert row.error == "after the finish marker: the server left the connection open after [DONE]"
    assert 0.5e9 <= row.end_ns - row.sent_ns < 3e9


def test_the_next_answer_of_a_connection_has_its_own_deadline_where_the_end_of_the_last_came_late():
    def answer_once(line: Line) -> None:
        line.hear()
        line.say(head(), frames(TEXT, FINISH, b"data: [DONE]\n\n"))
        time.sleep(0.05)
        line.say(b"0\r\n\r\n")
        line.hear()
        line.wait_for_end()

    with (
        scripted(answer_once) as server,
        client_of(server.base_url, PATIENT._replace(first_token_s=0.15)) as client,
    ):
        first, second = send(client), send(client)

    assert (first.outcome, first.error) == ("ok", None)
    assert (second.outcome, second.connection_reused) == ("deadline", True)
    assert 0.14e9 < second.end_ns - second.sent_ns < 0.45e9, "and not only when the first one's linger is over"


def test_a_stream_that_goes_on_outlives_its_idle_limit():
    def six_tokens(line: Line) -> None:
        for _ in range(6):
            line.say(frames(TEXT))
            time.sleep(0.05)
        line.say(frames(FINISH), b"0\r\n\r\n")

    row = attempt(script(head(), then=six_tokens), PATIENT._replace(idle_s=0.2, first_token_s=0.2))

    assert (row.outcome, row.error, row.token_events) == ("ok", None, 6)


def test_a_deadline_ends_the_second_attempt_of_a_connection_on_time():
    """The first one streamed for longer than a first token may take, when only a long silence would have ended it."""

    def stream_then_fall_silent(line: Line) -> None:
        line.say(frames(TEXT))
        time.sleep(0.3)
        line.say(frames(FINISH), b"0\r\n\r\n")
        line.wait_for_end()

    limits = PATIENT._replace(first_token_s=0.2)
    with scripted(script(head(), then=stream_then_fall_silent)) as server, client_of(server.base_url, limits) as client:
        first, second = send(client), send(client)

    assert (first.outcome, second.outcome, second.connection_reused) == ("ok", "deadline", True)
    assert 0.19e9 < second.end_ns - second.sent_ns < 2e9


# -- the pool ---------------------------------------------------------------------------------------------------------


def test_a_kept_connection_is_used_again():
    with scripted(OK) as server, client_of(server.base_url) as client:
        rows = [send(client) for _ in range(3)]

    assert server.connections == 1
    assert [row.connection_reused for row in rows] == [False, True, True]
    assert [row.connected_ns is None for row in rows] == [False, True, True]


def test_per_request_opens_a_connection_each_time_and_says_so_to_the_server():
    with scripted(OK) as server, client_of(server.base_url, connection="per_request") as client:
        rows = [send(client) for _ in range(3)]

    assert server.connections == 3
    assert [row.connection_reused for row in rows] == [False] * 3
    assert all(b"connection: close" in request for request in server.requests)


@pytest.mark.parametrize(
    "said", [stream(CHAT, connection="close"), stream(CHAT) + b"more", head() + frames(TEXT, FINISH)]
)
def test_a_connection_that_cannot_carry_another_request_is_not_used_again(said):
    with scripted(script(said, then=hang_up)) as server, client_of(server.base_url) as client:
        rows = [send(client) for _ in range(2)]

    assert [row.outcome for row in rows] == ["ok", "ok"]
    assert [row.resends for row in rows] == [0, 0]
    assert server.connections == 2


def test_a_connection_closed_while_it_waited_is_not_used():
    with scripted(script(stream(CHAT), then=hang_up), OK) as server, client_of(server.base_url) as client:
        first = send(client)
        gevent.sleep(0.1)
        second = send(client)

    assert (first.outcome, second.outcome) == ("ok", "ok")
    assert (second.resends, second.connection_reused) == (0, False)


def test_a_reused_connection_that_dies_before_it_answers_costs_one_resend():
    """The server heard the second request and closed: it is sent once more, on a connection of its own."""
    with scripted(script(stream(CHAT), then=Line.hear), OK) as server, client_of(server.base_url) as client:
        send(client)
        row = send(client)

    assert (row.outcome, row.resends, row.connection_reused) == ("ok", 1, False)
    assert row.sent_ns < row.connect_start_ns < row.connected_ns < row.first_token_ns
    assert (server.connections, len(server.requests)) == (2, 3)


def test_a_request_is_sent_again_once_and_no_more():
    deaf = script(stream(CHAT), then=Line.hear), script(then=hang_up)

    with scripted(*deaf) as server, client_of(server.base_url) as client:
        send(client)
        row = send(client)

    assert (row.outcome, row.resends) == ("connect", 1)
    assert server.connections == 2


def test_a_reused_connection_that_dies_in_its_answer_is_not_sent_again():
    def half(line: Line) -> None:
        line.hear()
        line.say(head()[:20])

    with scripted(script(stream(CHAT), then=half)) as server, client_of(server.base_url) as client:
        send(client)
        row = send(client)

    assert (row.outcome, row.resends, server.connections) == ("truncated", 0, 1)


def test_a_server_that_closes_after_each_stream_though_it_promised_to_stay_costs_no_error():
    """As llama.cpp does it: Keep-Alive in the head, FIN right after the last chunk, while the next request leaves."""
    slo = stream(CHAT, keep_alive="timeout=5, max=100")

    def users_work(client: Client) -> list[Row]:
        return [send(client) for _ in range(50)]

    with scripted(script(slo, then=hang_up)) as server, client_of(server.base_url) as client:
        users = [gevent.spawn(users_work, client) for _ in range(4)]
        gevent.joinall(users)

    rows = [row for user in users for row in user.value]
    assert {(row.outcome, row.error) for row in rows} == {("ok", None)}
    assert len(rows) == 200


# -- HTTP/1.0, as some proxies answer ---------------------------------------------------------------------------------

ELDER = b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


@pytest.mark.parametrize("connection", ["reuse", "per_request"])
def test_a_stream_of_http_1_0_ends_with_its_connection_and_costs_no_error(connection):
    with (
        scripted(script(ELDER, *CHAT, then=hang_up)) as server,
        client_of(server.base_url, connection=connection) as client,
    ):
        rows = [send(client) for _ in range(3)]

    assert {(row.outcome, row.error, row.token_events, row.output_tokens) for row in rows} == {("ok", None, 3, 7)}
    assert {(row.connection_reused, row.resends) for row in rows} == {(False, 0)}
    assert server.connections == 3


def test_a_stream_of_http_1_0_with_a_length_ends_there_and_its_connection_may_be_kept():
    body = b"".join(CHAT)
    kept = ELDER.replace(b"\r\n\r\n", b"\r\nconnection: keep-alive\r\ncontent-length: %d\r\n\r\n" % len(body))

    with scripted(answer(kept + body)) as server, client_of(server.base_url) as client:
        rows = [send(client) for _ in range(2)]

    assert [(row.outcome, row.connection_reused) for row in rows] == [("ok", False), ("ok", True)]


def test_a_stream_of_http_1_0_that_ends_without_a_marker_was_cut():
    row = attempt(script(ELDER, ROLE, TEXT, then=hang_up))

    assert row.outcome == "truncated"


def test_a_refusal_of_http_1_0_is_read_to_its_end():
    row = attempt(script(b"HTTP/1.0 503 Busy\r\n\r\n<html><title>503 Busy</title></html>", then=hang_up))

    assert (row.outcome, row.http_status) == ("http_5xx", 503)
    assert "503 Busy" in row.error


# -- several addresses ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def several(monkeypatch, *scripts: Script, connection: str = "reuse") -> Iterator[tuple[Client, list[Scripted]]]:
    """A client of a name with one address for each script, and the servers at them."""
    with contextlib.ExitStack() as made:
        servers = [made.enter_context(scripted(each)) for each in scripts]
        found = [(socket.AF_INET, 0, 0, "", ("127.0.0.1", server.port)) for server in servers]
        monkeypatch.setattr(dial, "getaddrinfo", lambda *_args, **_more: found)
        yield made.enter_context(client_of("http://two.test/v1", connection=connection)), servers


def send_at_once(client: Client, users: int, times: int) -> list[Row]:
    """So many users, each of whom asks so many times in turn."""
    asked = [gevent.spawn(lambda: [send(client) for _ in range(times)]) for _ in range(users)]
    gevent.joinall(asked)
    return [row for user in asked for row in user.value]


@pytest.mark.parametrize("users", [1, 2, 3, 8])
@pytest.mark.parametrize("connection", ["reuse", "per_request"])
def test_attempts_are_spread_over_the_addresses_of_a_name(monkeypatch, connection, users):
    with several(monkeypatch, OK, OK, connection=connection) as (client, servers):
        rows = send_at_once(client, users, 12)

    peers = Counter(row.peer for row in rows)
    assert peers == {f"127.0.0.1:{server.port}": 6 * users for server in servers}
    assert [len(server.requests) for server in servers] == [6 * users, 6 * users]
    assert {row.outcome for row in rows} == {"ok"}


def test_kept_connections_are_used_again_at_every_address(monkeypatch):
    with several(monkeypatch, OK, OK, OK) as (client, servers):
        rows = [send(client) for _ in range(9)]

    assert [server.connections for server in servers] == [1, 1, 1]
    assert [row.connection_reused for row in rows] == 3 * [False] + 6 * [True]


def test_an_address_where_nobody_listens_costs_no_attempt_and_is_told_once(monkeypatch):
    with several(monkeypatch, OK, OK) as (client, servers):
        servers[0].refuse()
        rows = [send(client) for _ in range(6)]

    assert {row.outcome for row in rows} == {"ok"}
    assert {row.peer for row in rows} == {f"127.0.0.1:{servers[1].port}"}
    assert sum(ADDRESS_FAILED in row.checks for row in rows) == 1


def test_an_address_that_goes_down_with_kept_connections_gives_way_to_the_others(monkeypatch):
    with several(monkeypatch, script(stream(CHAT), then=hang_up), OK) as (client, servers):
        send(client), send(client)
        servers[0].refuse()
        rows = [send(client) for _ in range(6)]

    assert {row.outcome for row in rows} == {"ok"}
    assert {row.peer for row in rows} == {f"127.0.0.1:{servers[1].port}"}


def test_the_peer_of_an_attempt_by_way_of_a_proxy_is_the_proxy():
    with scripted(OK) as server, forward() as proxy:
        endpoint = parse_endpoint(server.base_url, "chat", None, {}, proxy=proxy.url())
        with contextlib.closing(Client(endpoint, DIALECTS["chat"], PATIENT, time.monotonic_ns())) as client:
            row = send(client)

    assert (row.outcome, row.peer) == ("ok", proxy.authority)


# -- ended from outside -----------------------------------------------------------------------------------------------


def test_a_killed_user_leaves_a_finished_row():
    with scripted(script(head(), frames(TEXT))) as server, client_of(server.base_url) as client:
        row = Row()
        user = gevent.spawn(client.send, row, BODY)
        while row.first_token_ns is None:
            gevent.sleep(0.01)
        user.kill()

    assert isinstance(user.value, gevent.GreenletExit)
    assert (row.outcome, row.error, row.token_events) == ("stopped_by_user", "its own user stopped it", 1)
    assert row.end_ns >= row.last_token_ns
    assert client.in_flight == 0


@pytest.mark.parametrize("outcome", ["cancelled_by_run", "cancelled_by_user"])
def test_the_run_ends_all_that_is_in_flight_and_nothing_else(outcome):
    with scripted(script(head(), frames(TEXT)), OK) as server, client_of(server.base_url) as client:
        row = Row()
        user = gevent.spawn(client.send, row, BODY)
        while row.first_token_ns is None:
            gevent.sleep(0.01)
        client.cancel_all(outcome)
        user.join(timeout=5)
        after = send(client)

    assert user.successful()
    assert (row.outcome, row.token_events, row.http_status) == (outcome, 1, 200)
    assert after.outcome == "ok"


def test_the_run_ends_an_attempt_that_is_still_connecting():
    """The server accepts and is silent, so that the handshake goes on for ever."""
    with scripted(Line.wait_for_end) as server, client_of(server.base_url.replace("http:", "https:")) as client:
        row = Row()
        user = gevent.spawn(client.send, row, BODY)
        gevent.sleep(0.1)
        client.cancel_all("cancelled_by_run")
        user.join(timeout=5)

    assert user.successful()
    assert (row.outcome, row.sent_ns) == ("cancelled_by_run", None)
    assert client.in_flight == 0


def test_what_the_run_ends_does_not_reach_an_attempt_begun_meanwhile():
    with scripted(script(head(), frames(TEXT)), OK) as server, client_of(server.base_url) as client:
        rows = [Row(), Row()]

        def work() -> None:
            for row in rows:
                client.send(row, BODY)

        user = gevent.spawn(work)
        while rows[0].first_token_ns is None:
            gevent.sleep(0.01)
        client.cancel_all("cancelled_by_run")
        client.cancel_all("cancelled_by_run")
        user.join(timeout=5)

    assert [row.outcome for row in rows] == ["cancelled_by_run", "ok"]


# -- TLS --------------------------------------------------------------------------------------------------------------


def test_a_stream_over_tls_is_the_same_stream(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTS / "ca.pem"))

    with scripted(OK, certificate="localhost") as server, client_of(server.base_url) as client:
        rows = [send(client, b"x" * 500_000) for _ in range(3)]

    assert [row.outcome for row in rows] == ["ok"] * 3
    assert [row.connection_reused for row in rows] == [False, True, True]
    assert {row.stamp for row in rows} == {"kernel" if sys.platform == "linux" else "user"}
    assert {(row.events, row.token_events, row.output_tokens) for row in rows} == {(6, 3, 7)}


def test_a_certificate_that_is_not_trusted_is_tls_and_the_request_never_leaves():
    with scripted(OK, certificate="localhost") as server, client_of(server.base_url, key="sk-secret") as client:
        row = send(client)

    assert row.outcome == "tls"
    assert row.error.startswith("certificate verify failed: ")
    assert row.sent_ns is None
    assert server.requests == []


def test_a_server_that_speaks_no_tls_is_tls():
    def refuse(line: Line) -> None:
        line.sock.recv(65536)
        line.say(plain("400 Bad Request", b"plain HTTP only"))

    with scripted(refuse) as server, client_of(server.base_url.replace("http:", "https:")) as client:
        row = send(client)

    assert (row.outcome, row.error) == (
        "tls",
        f"TLS failed: expected TLS from 127.0.0.1:{server.port}, got plain text; "
        "if it speaks plain HTTP, begin base_url with http://",
    )


def test_a_plain_server_that_lets_the_handshake_hang_is_named_as_one():
    limits = PATIENT._replace(connect_s=0.2)

    with (
        scripted(Line.wait_for_end) as server,
        client_of(server.base_url.replace("http:", "https:"), limits) as client,
    ):
        row = send(client)

    assert row.outcome == "connect"
    assert row.error.startswith(f"the TLS handshake with 127.0.0.1:{server.port} timed out")


@pytest.mark.parametrize("alert", [b"\x15\x03\x01\x00\x02\x02\x46", b"\x15\x03\x03\x00\x02\x02\x32"])
def test_a_plain_request_to_a_server_that_speaks_tls_is_reported_as_that(alert):
    row = attempt(script(alert, then=hang_up))

    assert (row.outcome, row.error) == ("protocol", "expected HTTP/1.1, got TLS; begin base_url with https://")


# -- in the process that Locust makes ---------------------------------------------------------------------------------


def test_it_works_in_a_patched_process():
    program = """
        from gevent import monkey
        monkey.patch_all()
        import sys, gevent, msgspec
        from firsttoken.row import Row
        from firsttoken.wire.attempt import Client, Deadlines
        from firsttoken.wire.dialects import DIALECTS
        from firsttoken.wire.endpoint import parse_endpoint

        client = Client(parse_endpoint(sys.argv[1], "chat", None, {}), DIALECTS["chat"], Deadlines(5, 5, 5, 10), 0)
        rows = [Row() for _ in range(4)]
        gevent.joinall([gevent.spawn(client.send, row, b"{}") for row in rows])
        sys.stdout.buffer.write(msgspec.json.encode([[row.outcome, row.stamp, row.error] for row in rows]))
    """
    with scripted(OK, certificate="localhost") as server:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program), server.base_url],
            env={"SSL_CERT_FILE": str(CERTS / "ca.pem"), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
            timeout=30,
        )

    assert done.stdout.count(b'["ok","kernel",null]' if sys.platform == "linux" else b'["ok","user",null]') == 4
