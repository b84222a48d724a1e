"""The hot path: its stamps hold the truth, however late the hub comes to read; what it is told between requests.

The truth is the server's own clock, read just before it writes; both are CLOCK_MONOTONIC of one machine.
"""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from firsttoken.row import Row
from firsttoken.wire.answer.answer import Answer
from firsttoken.wire.attempt import Client
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.endpoint import parse_endpoint
from tests.served import fast, serve
from tests.wire.scripted import CERTS, Line, Script, scripted
from tests.wire.spoken import FINISH, MS, ROLE, TEXT, frames, head

STALL_S = 0.3
STEP_S = 0.05

STAMP = "kernel" if sys.platform == "linux" else "user"


@contextlib.contextmanager
def client_of(base_url: str, api: str = "chat") -> Iterator[Client]:
    """A client whose rows are on the absolute clock."""
    endpoint = parse_endpoint(base_url, api, None, {})
    with contextlib.closing(Client(endpoint, DIALECTS[api], Deadlines(5, 5, 5, 20), origin_ns=0)) as client:
        yield client


class Teller:
    """A script that says its pieces 50 ms apart, and keeps when it said each."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.said_ns: list[int] = []

    def __call__(self, line: Line) -> None:
        line.hear()
        for piece in self.pieces:
            time.sleep(STEP_S)
            self.said_ns.append(time.monotonic_ns())
            line.say(piece)


def attempt_under_a_stall(script: Script, certificate: str | None = None) -> Row:
    """One attempt; once it is sent, the client's hub is held up for 300 ms, as by a busy process."""
    with scripted(script, certificate=certificate) as server, client_of(server.base_url) as client:
        row = Row()
        user = gevent.spawn(client.send, row, b"{}")
        while row.sent_ns is None:
            gevent.sleep(0.001)
        time.sleep(STALL_S)
        user.join()
    assert row.outcome == "ok", row.error
    return row


@pytest.mark.parametrize("certificate", [None, "localhost"])
def test_a_first_token_that_ends_a_late_read_has_the_kernels_own_stamp(certificate, monkeypatch):
    """The head, the role and the first token wait together in the queue; the stamp is that of the last to come."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTS / "ca.pem"))
    teller = Teller(head(), frames(ROLE), frames(TEXT), *[b""] * 5, frames(TEXT, FINISH) + b"0\r\n\r\n")

    row = attempt_under_a_stall(teller, certificate)

    assert row.stamp == STAMP
    if row.stamp == "kernel":
        said_ns = teller.said_ns[2]
        assert row.first_token_early_ns == row.first_token_ns
        assert said_ns <= row.first_token_ns < said_ns + STALL_S / 2 * 1e9


@pytest.mark.parametrize("certificate", [None, "localhost"])
def test_a_first_token_in_the_middle_of_a_late_read_is_bracketed(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTS / "ca.pem"))
    teller = Teller(head(), frames(ROLE), frames(TEXT), frames(TEXT), *[b""] * 5, frames(FINISH) + b"0\r\n\r\n")

    row = attempt_under_a_stall(teller, certificate)

    said_ns = teller.said_ns[2]
    assert row.first_token_early_ns <= said_ns
    assert row.first_token_ns >= teller.said_ns[3]


CLOCKS_NS = 10_000
"""A stamp is carried from one clock to the other by reading both, and time passes between the two."""


@pytest.mark.parametrize("api", DIALECTS)
def test_every_first_token_of_the_simulator_lies_in_its_bracket(api, tmp_path: Path):
    """Joined by request id with the truth that the simulator wrote down."""
    with serve({"m": fast(slots=64, queue=64, jitter=0.02)}, truth=tmp_path / "truth.jsonl") as served:
        with client_of(served.base_url, api) as client:
            body = DIALECTS[api].body("m", "Tell me a story of the sea", 16, {})
            users = [[Row() for _ in range(4)] for _ in range(16)]
            work = [gevent.spawn(lambda rows=rows: [client.send(row, body) for row in rows]) for rows in users]
            gevent.joinall(work)
        truth = {line["request_id"]: line for line in served.read_truth()}

    rows = [row for rows in users for row in rows]
    assert {(row.outcome, row.output_tokens, row.token_events) for row in rows} == {("length", 16, 16)}
    written = [truth[row.server_request_id] for row in rows]
    for row, true in zip(rows, written, strict=True):
        assert row.sent_ns <= true["arrival_ns"]
        assert true["first_token_ns"] <= row.first_token_ns + CLOCKS_NS
        assert true["last_token_ns"] <= row.last_token_ns + CLOCKS_NS
    early = [row.first_token_early_ns - true["first_token_ns"] for row, true in zip(rows, written, strict=True)]
    assert sorted(early)[len(early) * 9 // 10] <= 1 * MS, (
        "the scheduler may come between the server's clock and its write"
    )


def test_the_gauge_tells_how_late_reads_were_and_how_many_first_tokens_are_bracketed():
    teller = Teller(head(), frames(TEXT), frames(FINISH) + b"0\r\n\r\n")

    with scripted(teller) as server, client_of(server.base_url) as client:
        client.send(Row(), b"{}")
        stats = client.take_wire_stats()
        again = client.take_wire_stats()

    assert stats.first_tokens == 1
    assert (again.delays_ms, again.first_tokens, again.bracketed) == ([], 0, 0)
    if STAMP == "kernel":
        assert stats.bracketed == 0
        assert stats.delays_ms
        assert all(delay >= 0 for delay in stats.delays_ms)


def test_where_the_kernel_stamps_nothing_the_time_of_the_read_stands_in_and_the_row_says_so(monkeypatch):
    """As on macOS: the socket option is not there, so that no read carries a stamp."""
    monkeypatch.setattr("firsttoken.wire.dial.SO_TIMESTAMPNS", None)
    teller = Teller(head(), frames(TEXT), frames(FINISH) + b"0\r\n\r\n")

    with scripted(teller) as server, client_of(server.base_url) as client:
        row = Row()
        client.send(row, b"{}")
        stats = client.take_wire_stats()

    assert (row.outcome, row.stamp) == ("ok", "user")
    assert teller.said_ns[1] <= row.first_token_ns
    assert row.first_token_early_ns < row.first_token_ns
    assert (stats.delays_ms, stats.first_tokens, stats.bracketed) == ([], 1, 1)


def test_a_waiting_connection_that_the_server_closes_gives_its_descriptor_back():
    """Unwatched, it would stay half closed until the pool came to it, which may be never."""
    teller = Teller(head() + frames(TEXT, FINISH) + b"0\r\n\r\n")

    with scripted(teller) as server, client_of(server.base_url) as client:
        client.send(Row(), b"{}")
        gevent.sleep(0.1)
        assert [connection.closed for pool in client._idle.values() for connection in pool] == [True]


def test_a_bracket_begins_at_the_hubs_last_round_and_not_at_the_sockets_last_word():
    """A server that sends its first two tokens together after a long silence: the silence is no doubt of ours."""
    silence_s = 0.3
    teller = Teller(head(), *[b""] * round(silence_s / STEP_S), frames(TEXT, TEXT), frames(FINISH) + b"0\r\n\r\n")

    with scripted(teller) as server, client_of(server.base_url) as client:
        ticking = gevent.spawn(tick, 0.005)
        row = Row()
        client.send(row, b"{}")
        ticking.kill()

    assert row.outcome == "ok", row.error
    assert row.first_token_ns - row.first_token_early_ns < silence_s / 2 * 1e9


def tick(every_s: float) -> None:
    while True:
        gevent.sleep(every_s)


def test_first_tokens_are_read_ahead_of_their_turn_in_long_iterations(monkeypatch):
    """Thirty streams in mid-answer take 5 ms each to read; the first tokens that come then have their own stamps."""
    monkeypatch.setattr("firsttoken.wire.answer.answer.Answer.skip", read_slowly)
    running = Teller(head() + frames(TEXT), *[frames(TEXT)] * 20, frames(FINISH) + b"0\r\n\r\n")
    waiting = [
        Teller(head(), *[b""] * steps, frames(TEXT), frames(TEXT), frames(FINISH) + b"0\r\n\r\n")
        for steps in range(4, 12)
    ]

    with scripted(*[running] * 30, *waiting) as server, client_of(server.base_url) as client:
        users = [gevent.spawn(client.send, Row(), b"{}") for _ in range(30)]
        while server.connections < 30:
            gevent.sleep(0.001)
        rows = [Row() for _ in waiting]
        users += [gevent.spawn(client.send, row, b"{}") for row in rows]
        gevent.joinall(users)

    assert {row.outcome for row in rows} == {"ok"}
    if STAMP == "kernel":
        assert [row.first_token_early_ns for row in rows] == [row.first_token_ns for row in rows]
        read = sorted(row.first_token_ns for row in rows)
        said = sorted(teller.said_ns[-3] for teller in waiting)
        late_ns = [row_ns - said_ns for row_ns, said_ns in zip(read, said, strict=True)]
        assert max(late_ns) < STEP_S / 2 * 1e9


def read_slowly(answer: Answer, read: bytes, stamp_ns: int) -> bool:
    """As a decoder that takes 5 ms for what comes after the first token."""
    if answer.row.first_token_ns is not None:
        time.sleep(0.005)
    return False
