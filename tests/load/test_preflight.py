"""Before the load: which targets refuse a run, which are tried again, and what the user is told."""

import contextlib
import re
import socket
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from firsttoken.load.budget.cost import Cost
from firsttoken.load.preflight import (
    PATIENCE_S,
    TRIES,
    choose_wait_s,
    describe_answer,
    find_dead_target,
    find_remarks,
)
from firsttoken.row import OUTCOMES, Outcome, Row
from firsttoken.scenario.slo import Slo
from firsttoken.scenario.target import Target
from firsttoken.wire import dial
from firsttoken.wire.attempt import Client
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.endpoint import parse_endpoint
from tests.wire.scripted import Line, Script, Scripted, answer, scripted
from tests.wire.spoken import CHAT, frames, head, plain, stream

QUICK = Deadlines(connect_s=5, first_token_s=0.3, idle_s=0.3, total_s=1)
OK = answer(stream(CHAT))
BUSY = answer(plain("503 Busy", b'{"error":{"message":"Try later"}}'))


class Said:
    """A run of one real target, as the preflight sees it, and what came of it."""

    def __init__(self, target: Target, client: Client) -> None:
        self.waited_s: list[float] = []
        self.booked: list[Cost] = []
        self.remarks: list[str] = []
        self.endpoints: dict[str, dict[str, str]] = {target.name: {}}
        self.run = SimpleNamespace(
            scenario=SimpleNamespace(target=[target], slo=Slo(tpot="20ms")),
            session=SimpleNamespace(
                targets={target.name: SimpleNamespace(target=target, client=client)},
                cancellation=SimpleNamespace(interrupted=None),
                admission=SimpleNamespace(wait_for_change=self.waited_s.append),
            ),
            ledger=SimpleNamespace(record_cost=self.booked.append),
            probes={},
            manifest=SimpleNamespace(endpoints=self.endpoints),
        )
        self.refusal = find_dead_target(cast(Any, self.run), self.remarks.append)
        self.last: Row | None = self.run.probes.get(target.name)


def at(base_url: str, model: str = "m") -> Target:
    return Target(model=model, name="real", base_url=base_url, prices="unknown")


def ask(server: Scripted, path: str = "/v1", **more: str) -> Said:
    """The preflight of a target at a server."""
    target = at(f"http://127.0.0.1:{server.port}{path}", **more)
    client = Client(parse_endpoint(target.base_url, "chat", None, {}), DIALECTS["chat"], QUICK, time.monotonic_ns())
    with contextlib.closing(client):
        return Said(target, client)


def asked(*scripts: Script, **more: str) -> Said:
    """The preflight of a target at a server of these scripts."""
    with scripted(*scripts) as server:
        return ask(server, **more)


def hang_up(line: Line) -> None:
    line.hear()


def cut(line: Line) -> None:
    line.hear()
    line.say(head(), frames(b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'))


def stall(line: Line) -> None:
    cut(line)
    line.wait_for_end()


def fail_in_stream(line: Line) -> None:
    line.hear()
    line.say(head(), frames(b'data: {"error":{"message":"engine died"}}\n\n'))


# -- what refuses a run -----------------------------------------------------------------------------------------------


def say_once(*pieces: bytes) -> Script:
    """Read a request and answer these bytes."""

    def run(line: Line) -> None:
        line.hear()
        line.say(*pieces)

    return run


REFUSING = {
    "an error of ours": answer(plain("401 No", b'{"error":{"message":"not you"}}')),
    "a redirect": answer(plain("302 Found", b"", location="/login")),
    "no stream": answer(plain("200 OK", b'{"hello": "you"}')),
    "the connection ends": hang_up,
    "a TLS alert": say_once(b"\x15\x03\x03\x00\x02\x02\x46"),
    "no HTTP": say_once(b"\x00\x01\x02"),
    "an error of a port of https": answer(
        plain("400 No", b'{"error":{"message":"The plain HTTP request was sent to HTTPS port"}}')
    ),
}
"""What a server says to the first request, so that no load is sent."""
REMARKABLE = {
    "another model": Row(outcome="ok", output_tokens=7, model_served="nano"),
    "no usage": Row(outcome="ok", output_tokens=None),
    "more tokens than were asked for": Row(outcome="ok", output_tokens=200),
}


def test_what_is_said_before_the_load(snapshot):
    told = {f"refused: {heading}": asked(script) for heading, script in REFUSING.items()}
    told["refused: a base_url with the path of the API"] = asked(answer(plain("404 No", b"")), path="/v1/responses")
    sentences = {heading: re.sub(r"(127\.0\.0\.1):\d+", r"\1:PORT", said.refusal) for heading, said in told.items()}
    remarks = {f"remarked: {name}": find_remarks(at("http://h/v1"), [row], "20ms") for name, row in REMARKABLE.items()}
    snapshot("preflight", sentences | remarks)


@pytest.mark.parametrize(
    "row",
    [
        Row(outcome="ok", output_tokens=7, model_served="m"),
        Row(outcome="length", output_tokens=17),
        Row(outcome="ok", output_tokens=200, reasoning_tokens=190),
    ],
    ids=["the model that was asked", "a token past the cap", "reasoning beside the cap"],
)
def test_what_is_as_it_was_asked_is_not_remarked(row):
    assert find_remarks(at("http://h/v1"), [row]) == []


def test_a_pace_is_spoken_of_only_where_one_is_asked():
    assert "tpot" not in " ".join(find_remarks(at("http://h/v1"), [REMARKABLE["no usage"]]))


def test_a_target_that_answers_is_asked_once_and_nothing_is_said():
    said = asked(OK)

    assert (said.refusal, said.remarks, said.waited_s) == (None, [], [])
    assert said.booked == [Cost(requests=1, tokens=18)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422, 451])
def test_a_request_that_is_refused_refuses_the_run_at_once(status):
    said = asked(answer(plain(f"{status} No", b'{"error":{"message":"not you"}}')))

    assert "got http_4xx: not you" in said.refusal
    assert said.waited_s == []


def test_a_server_that_takes_no_connection_refuses_the_run_after_all_tries():
    with scripted(OK) as server:
        server.refuse()
        said = ask(server)

    assert f"127.0.0.1:{server.port}" in said.refusal
    assert sum(said.waited_s) == 0.5 + 1.0
    assert len(said.booked) == TRIES


def test_the_refusal_names_the_whole_url_that_was_asked_without_its_query():
    said = asked(answer(plain("404 No", b"")), path="/api?api-version=2026-01-01")

    assert "/api/chat/completions, got" in said.refusal
    assert "api-version" not in said.refusal


@pytest.mark.parametrize("end", ["/chat/completions", "/responses", "/chat/completions/", "/completions"])
def test_a_base_url_that_ends_in_the_path_is_reported_as_that(end):
    said = asked(answer(plain("404 Not Found", b"")), path=f"/v1{end}")

    assert f"base_url ends in {end.rstrip('/')}, and FirstToken adds /chat/completions itself" in said.refusal
    assert said.refusal.endswith("/v1'")


# -- what does not ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (BUSY, "http_5xx"),
        (answer(plain("500 Oops", b"<html>")), "http_5xx"),
        (answer(plain("429 Slow Down", b'{"error":"slow"}')), "rate_limited"),
        (cut, "truncated"),
        (stall, "idle_timeout"),
        (fail_in_stream, "error_in_stream"),
    ],
)
def test_a_server_that_lives_and_fails_is_told_and_the_run_goes_on(script, outcome):
    said = asked(script)

    assert said.refusal is None
    assert said.last.outcome == outcome
    assert len(said.remarks) == 1
    assert f"{TRIES} tries before the load brought no complete answer, the last one {outcome}" in said.remarks[0]


def busy_once(line: Line) -> None:
    line.hear()
    line.say(plain("503 Busy", b"{}", connection="close"))


def soup_once(line: Line) -> None:
    line.hear()
    line.say(plain("200 OK", b"soup", connection="close"))


@pytest.mark.parametrize("failing", [busy_once, soup_once, cut, hang_up])
def test_one_unlucky_try_costs_nothing_but_another_one(failing):
    said = asked(failing, OK)

    assert (said.refusal, said.remarks) == (None, [])
    assert said.last.outcome == "ok"
    assert said.endpoints["real"]["asked_before"] == "2 requests, 11 input and 7 output tokens"


def test_an_interrupt_between_two_tries_says_nothing_of_the_target():
    with scripted(BUSY) as server:
        target = at(server.base_url)
        client = Client(parse_endpoint(target.base_url, "chat", None, {}), DIALECTS["chat"], QUICK, 0)
        with contextlib.closing(client):
            run = Said(target, client).run
            waited_s = []

            def interrupt(seconds: float) -> None:
                waited_s.append(seconds)
                run.session.cancellation.interrupted = "interrupted"

            run.session.admission.wait_for_change = interrupt

            assert find_dead_target(cast(Any, run), pytest.fail) is None
            assert len(waited_s) == 1
            assert waited_s[0] < 0.5


def test_exactly_these_outcomes_refuse_a_run():
    refusing = {outcome for outcome, facts in OUTCOMES.items() if facts.ends_preflight}

    assert refusing == {"connect", "tls", "protocol", "http_4xx", "client_error"}


# -- the waits between tries ------------------------------------------------------------------------------------------


def failed(outcome: Outcome, attempt: int = 1, **more: Any) -> Row:
    return Row(outcome=outcome, attempt=attempt, **more)


def test_waits_double_and_end_with_the_last_try():
    waits = [choose_wait_s(failed("http_5xx", attempt, http_status=503), 0) for attempt in range(1, TRIES + 1)]

    assert waits == [0.5, 1.0, None]


def test_a_retry_after_is_waited_for_if_it_is_short():
    assert choose_wait_s(failed("rate_limited", http_status=429, retry_after_ms=3000.0), 0) == 3.0
    assert choose_wait_s(failed("rate_limited", http_status=429, retry_after_ms=60_000.0), 0) is None


def test_a_try_that_took_long_is_the_last_one():
    assert choose_wait_s(failed("deadline"), PATIENCE_S) is None


@pytest.mark.parametrize(("status", "again"), [(408, True), (409, True), (425, True), (401, False), (404, False)])
def test_a_refusal_that_may_pass_is_tried_again(status, again):
    assert (choose_wait_s(failed("http_4xx", http_status=status), 0) is not None) is again


# -- what is said and kept --------------------------------------------------------------------------------------------


def test_who_answered_is_kept_for_the_manifest():
    row = Row(outcome="ok", model_served="m-2026-01-02", fingerprint="fp_1", peer="10.0.0.1:80")

    assert describe_answer([row]) == {
        "asked_before": "1 request, tokens unknown",
        "answered_as": "m-2026-01-02",
        "fingerprint": "fp_1",
        "peer": "10.0.0.1:80",
    }


def test_the_addresses_of_a_name_are_kept_and_one_that_takes_no_connection_is_named(monkeypatch):
    with scripted(OK) as server, scripted(OK) as silent:
        silent.refuse()
        two = [(socket.AF_INET, 0, 0, "", ("127.0.0.1", port)) for port in (server.port, silent.port, server.port)]
        monkeypatch.setattr(dial, "getaddrinfo", lambda *_args, **_more: two)

        said = ask(server)

    assert said.refusal is None
    assert said.endpoints["real"]["addresses"] == f"127.0.0.1:{server.port}, 127.0.0.1:{silent.port}"
    assert said.remarks == [
        f"target real: 127.0.0.1:{silent.port}, one of 2 addresses of its name, accepts no connection (Connection "
        "refused); the load goes to the others"
    ]


def test_one_address_is_nothing_to_keep():
    assert "addresses" not in asked(OK).endpoints["real"]
