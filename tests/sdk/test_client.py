"""The same attempts through the openai package: it meets what the wire meets, and the rows say the same of it.

The package is used as it is, on blocking sockets; what the hub does with an attempt in flight is tested in a process
that is patched as Locust patches it.
"""

import contextlib
import gzip
import json
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator

import pytest

from firsttoken.load.session.target import Sender
from firsttoken.row import BUFFERED, COMPRESSED, MISLABELLED, Row
from firsttoken.sdk.client import SdkClient
from firsttoken.wire.answer.answer_text import read_answer_text
from firsttoken.wire.attempt import Client
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.endpoint import parse_endpoint
from tests.wire.forward import forward
from tests.wire.scripted import CERTS, Line, Script, answer, hang_up, script, scripted
from tests.wire.spoken import (
    CHAT,
    DONE,
    FINISH,
    RESPONSES,
    ROLE,
    TEXT,
    USAGE,
    USAGE_CHUNK,
    chunk,
    chunked,
    completion,
    event,
    frames,
    head,
    plain,
    said,
    stream,
)

OK = answer(stream(CHAT))
PATIENT = Deadlines(connect_s=5, first_token_s=5, idle_s=5, total_s=10)
SAME = (
    "checks",
    *("outcome", "http_status", "finish_reason", "token_events", "token_source"),
    *("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens"),
    *("server_request_id", "server_processing_ms", "retry_after_ms", "ratelimit_remaining_requests"),
)
"""What a row says of the server, whoever asked; how something is no JSON each client words, and counts, its own way."""


@contextlib.contextmanager
def client_of(kind: type[Sender], base_url: str, *, api: str = "chat", **way: object) -> Iterator[Sender]:
    """A client for the block."""
    endpoint = parse_endpoint(base_url, api, way.pop("key", None), way.pop("headers", {}), **way)
    with contextlib.closing(kind(endpoint, DIALECTS[api], PATIENT, time.monotonic_ns())) as client:
        yield client


def send(client: Sender, *, api: str = "chat", **extra: object) -> Row:
    row = Row()
    client.send(row, DIALECTS[api].body("m", "Register", 16, extra))
    return row


def attempt(kind: type[Sender], script: Script, *, api: str = "chat") -> Row:
    """One attempt through a client against one script."""
    with scripted(script) as server, client_of(kind, server.base_url, api=api) as client:
        return send(client, api=api)


def call(**function: str) -> bytes:
    return chunk({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]})


def filtered(finish: str) -> bytes:
    return stream([ROLE, TEXT, chunk({}, finish), DONE])


CHATS = {
    "as OpenAI streams": stream(CHAT),
    "reasoning, then content": stream([chunk({"reasoning_content": "hm"}), chunk({"reasoning": "so"}), TEXT, FINISH]),
    "empty deltas are no tokens": stream([ROLE, chunk({"content": None}), chunk({"content": ""}), TEXT, FINISH]),
    "a tool call": stream([ROLE, call(name="f", arguments=""), call(arguments="{"), chunk({}, "tool_calls"), DONE]),
    "a refusal": stream([ROLE, chunk({"refusal": "No"}), FINISH, DONE]),
    "usage in the chunk that finishes": stream([TEXT, chunk({}, "stop", usage=USAGE), DONE]),
    "a running usage": stream([chunk({"content": "a"}, usage={"prompt_tokens": 1}), FINISH, USAGE_CHUNK, DONE]),
    "no usage and no [DONE]": stream([TEXT, FINISH]),
    "cut at the limit": filtered("length"),
    "filtered": filtered("content_filter"),
    "an unknown finish": filtered("tired"),
    "data that is no object": stream([event([]), event("x"), event([[1]]), TEXT, FINISH, USAGE_CHUNK, DONE]),
    "an error in a list": stream([TEXT, event([[{"error": {"message": "no"}}]])]),
    "more tokens than bytes": stream([TEXT, FINISH, chunk({}, usage={"completion_tokens": 3_000_000}), DONE]),
    "comments in between": stream([b": ping\n\n", TEXT, b": ping\n\n", FINISH]),
    "fields nobody knows": stream([event({"choices": [], "x": {"y": [1, None]}}), TEXT, FINISH]),
    "no finish": stream([ROLE, TEXT]),
    "an error in the stream": stream([ROLE, TEXT, event({"error": {"message": "Overloaded", "code": "busy"}})]),
    "an error in words": stream([TEXT, event({"error": "Overloaded"})]),
    "an error of vLLM's kind": stream([TEXT, event({"object": "error", "message": "Overloaded", "code": 400})]),
    "[DONE] and no finish": stream([ROLE, TEXT, DONE]),
    "an error outside the events": stream([ROLE, TEXT, b'{"error": {"message": "Overloaded", "code": "busy"}}\n']),
    "an error with 200 and the right label": stream([b'{"error": {"message": "Overloaded", "code": "busy"}}\n']),
    "a limit told in the stream": stream([ROLE, event({"error": {"message": "Slow down", "code": 429}})]),
    "a finish that is a failure": filtered("error"),
    "no JSON": stream([TEXT, b"data: {oops\n\n"]),
    "an error with 200": plain("200 OK", b'{"error": {"message": "No such model"}}'),
    "a page with 200": plain("200 OK", b"<html>Welcome</html>", "text/html"),
    "a whole answer": plain("200 OK", b'{"choices": [{"message": {"content": "Hi"}}]}'),
    "a wrong key": plain("401 Unauthorized", b'{"error": {"message": "Bad key", "code": "invalid_api_key"}}'),
    "a limit": plain(
        "429 Too Many Requests",
        b'{"error": {"message": "Slow down", "type": "requests"}}',
        retry_after="2",
        x_request_id="req_1",
        x_ratelimit_remaining_requests="0",
        openai_processing_ms="12",
    ),
    "a broken gateway": plain("502 Bad Gateway", b"<html>Bad gateway</html>", "text/html"),
    "a refusal without a message": plain("503 Service Unavailable", b""),
    "a redirect": plain("307 Temporary Redirect", b"", location="http://elsewhere.invalid/"),
}
COMPLETIONS = {
    "as OpenAI streams": [completion("Once"), completion(" upon"), completion("", "stop"), USAGE_CHUNK, DONE],
    "as vLLM streams": [completion("Once"), completion(" upon", "length", usage=USAGE), DONE],
    "an empty text": [completion(""), completion("Once", "stop")],
    "no finish": [completion("Once")],
    "an error in the stream": [completion("Once"), event({"error": {"message": "Overloaded", "code": "busy"}})],
}
RESPONSE_STREAMS = {
    "as OpenAI streams": RESPONSES,
    "reasoning first": [said("response.reasoning_text.delta", delta="hm"), *RESPONSES[4:]],
    "a call's arguments": [said("response.function_call_arguments.delta", delta="{"), RESPONSES[-1]],
    "an empty delta": [said("response.output_text.delta", delta=""), *RESPONSES[4:]],
    "cut at the limit": [
        RESPONSES[4],
        said("response.incomplete", response={"incomplete_details": {"reason": "max_output_tokens"}}),
    ],
    "failed": [said("response.failed", response={"error": {"code": "server_error", "message": "Broke"}})],
    "an error": [RESPONSES[4], said("error", code="busy", message="Overloaded")],
    "no end": RESPONSES[:6],
}


ANSWERS = [
    *(pytest.param("chat", said, id=f"chat: {name}") for name, said in CHATS.items()),
    *(pytest.param("completions", stream(said), id=f"completions: {n}") for n, said in COMPLETIONS.items()),
    *(pytest.param("responses", stream(said), id=f"responses: {n}") for n, said in RESPONSE_STREAMS.items()),
]


@pytest.mark.parametrize(("api", "answered"), ANSWERS)
def test_both_clients_say_the_same_of_the_same_answer(api, answered):
    wire, sdk = (attempt(kind, script(answered, then=hang_up), api=api) for kind in (Client, SdkClient))

    same = SAME if wire.outcome == "protocol" else (*SAME, "error", "events")

    assert {name: getattr(sdk, name) for name in same} == {name: getattr(wire, name) for name in same}
    assert bool(sdk.error) is bool(wire.error)


@pytest.mark.parametrize(("api", "answered"), ANSWERS)
def test_both_clients_keep_the_same_text(api, answered):
    texts = []
    for kind in (Client, SdkClient):
        kept: list[bytes] = []
        with scripted(script(answered, then=hang_up)) as server, client_of(kind, server.base_url, api=api) as client:
            client.send(Row(), DIALECTS[api].body("m", "Register", 16, {}), kept)
        texts.append(read_answer_text(DIALECTS[api], kept))

    assert texts[0] == texts[1]


BROKEN = {
    "hung up without a byte": script(then=hang_up),
    "reset without a byte": script(then=Line.break_off),
    "hung up after the head": script(head(), then=hang_up),
    "hung up in the middle": script(head(), *chunked([ROLE, TEXT])[:2], then=hang_up),
    "reset in the middle": script(head(), *chunked([ROLE, TEXT])[:2], then=Line.break_off),
    "hung up after the finish": script(head() + frames(TEXT, FINISH), then=hang_up),
    "hung up within the head": script(b"HTTP/1.1 200 OK\r\nContent-", then=hang_up),
    "hung up short of the length": script(head(transfer_encoding=None, content_length="999") + TEXT, then=hang_up),
    "hung up within a chunk": script(head() + b"40\r\n" + TEXT[:9], then=hang_up),
    "no HTTP": script(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", then=hang_up),
    "no chunk in the middle": script(head() + b"".join(chunked([ROLE, TEXT])[:2]) + b"zz\r\n", then=hang_up),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_both_clients_say_the_same_of_a_connection_that_breaks(broken):
    wire, sdk = (attempt(kind, BROKEN[broken]) for kind in (Client, SdkClient))

    assert (sdk.outcome, sdk.token_events, sdk.finish_reason) == (wire.outcome, wire.token_events, wire.finish_reason)
    assert sdk.error


@pytest.mark.parametrize("kind", [Client, SdkClient])
def test_a_server_that_hangs_up_on_a_connection_kept_open_closed_the_answer_too(kind):
    def run(line: Line) -> None:
        for pieces in ([head() + b"".join(chunked([TEXT, FINISH]))], [head(), *chunked([ROLE, TEXT])[:2]]):
            line.hear()
            line.say(*pieces)

    with scripted(run) as server, client_of(kind, server.base_url) as client:
        rows = [send(client), send(client)]

    assert [(row.outcome, row.connection_reused, row.token_events) for row in rows] == [
        ("ok", False, 1),
        ("truncated", True, 1),
    ]
    assert "closed the connection before the end of the answer" in rows[1].error


@pytest.mark.parametrize("api", DIALECTS)
def test_both_clients_send_the_same_json_to_the_same_place(api):
    bodies, heads = [], []

    def run(line: Line) -> None:
        bodies.append(json.loads(line.hear()))
        line.say(stream(CHAT))

    for kind in (Client, SdkClient):
        with scripted(run) as server:
            url = f"{server.base_url}?api-version=2024-10-21"
            with client_of(kind, url, key="sk-1", api=api, headers={"X-Team": "red", "User-Agent": "me"}) as client:
                send(client, api=api, temperature=0.5, seed=7, stream_options={"include_usage": False})
        heads.append(server.requests[0].decode().lower())

    assert bodies[0] == bodies[1]
    for text in heads:
        assert text.startswith(f"post /v1{DIALECTS[api].path}?api-version=2024-10-21 http/1.1")
        for line in ("authorization: bearer sk-1\r\n", "x-team: red\r\n", "user-agent: me\r\n"):
            assert text.count(line) == 1


def test_a_key_of_azure_goes_in_its_own_header_and_no_bearer_beside_it():
    with scripted(OK) as server:
        url = server.base_url.replace("/v1", "/openai/deployments/d?api-version=2024-10-21")
        with client_of(SdkClient, url, key="ak-1") as client:
            assert send(client).outcome == "ok"

    asked = server.requests[0].decode().lower()
    assert asked.startswith("post /openai/deployments/d/chat/completions?api-version=2024-10-21 http/1.1")
    assert "api-key: ak-1" in asked
    assert "authorization" not in asked


def test_nothing_of_the_environment_finds_its_way_into_a_request(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "from-outside")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    with scripted(OK) as server, client_of(SdkClient, server.base_url) as client:
        assert send(client).outcome == "ok"

    assert b"from-outside" not in server.requests[0]


def test_marks_come_in_order_from_user_space():
    row = attempt(SdkClient, script(head(), *chunked(CHAT), then=hang_up))

    marks = [row.connect_start_ns, row.connected_ns, row.sent_ns, row.uploaded_ns, row.headers_ns, row.first_event_ns]
    marks += [row.first_token_ns, row.last_token_ns, row.end_ns]
    assert marks == sorted(marks)
    assert row.first_token_early_ns == row.first_token_ns == row.first_visible_ns
    assert (row.stamp, row.connection_reused, row.resends) == ("user", False, 0)
    assert row.bytes_received > 0
    assert len(row.gaps_us) == row.token_events - 1


def test_the_package_never_retries():
    with scripted(answer(plain("500 Oops", b""))) as server, client_of(SdkClient, server.base_url) as client:
        assert send(client).outcome == "http_5xx"

    assert len(server.requests) == 1


def test_the_servers_word_on_retrying_is_returned():
    said_so = plain("503 Busy", b"", x_should_retry="false")
    with scripted(answer(said_so)) as server, client_of(SdkClient, server.base_url) as client:
        assert client.send(Row(), DIALECTS["chat"].body("m", "Register", 16, {})) is False


def test_an_answer_that_the_package_asked_to_be_compressed_is_read():
    body = gzip.compress(b"".join(CHAT))
    row = attempt(
        SdkClient,
        script(head(content_encoding="gzip", transfer_encoding=None, content_length=str(len(body))) + body),
    )

    assert (row.outcome, row.token_events, row.output_tokens) == ("ok", 3, 7)
    assert COMPRESSED in row.checks


def test_both_clients_name_the_peer_that_answered():
    with scripted(OK) as server:
        for kind in (Client, SdkClient):
            with client_of(kind, server.base_url) as client:
                assert [send(client).peer for _ in range(2)] == 2 * [f"127.0.0.1:{server.port}"]


WORDS = [chunk({"content": f"w{n} "}) for n in range(12)]
LONG = [ROLE, *WORDS, FINISH, DONE]


def held_back(body: bytes, **headers: str) -> Script:
    """Make the whole answer in a while, and say it at once."""

    def run(line: Line) -> None:
        line.hear()
        time.sleep(0.2)
        line.say(head(transfer_encoding=None, content_length=str(len(body)), **headers) + body)
        line.wait_for_end()

    return run


def held_in_chunks(line: Line) -> None:
    """Say every event in an HTTP chunk of its own, and all of them at once."""
    line.hear()
    time.sleep(0.2)
    line.say(stream(LONG))
    line.wait_for_end()


def test_chunks_that_came_in_one_read_are_a_burst():
    assert BUFFERED in attempt(SdkClient, held_in_chunks).checks
    assert BUFFERED in attempt(Client, held_in_chunks).checks


def one_by_one(line: Line) -> None:
    line.hear()
    line.say(head())
    for piece in chunked(LONG):
        time.sleep(0.01)
        line.say(piece)


@pytest.mark.parametrize(("coding", "pack"), [("identity", bytes), ("gzip", gzip.compress)])
def test_tokens_that_came_in_one_burst_are_told_however_long_the_package_decoded_them(coding, pack):
    row = attempt(SdkClient, held_back(pack(b"".join(LONG)), content_encoding=coding))

    assert (row.outcome, row.token_events) == ("ok", 12)
    assert BUFFERED in row.checks
    assert (COMPRESSED in row.checks) == (coding == "gzip")


def test_tokens_that_came_one_by_one_are_no_burst():
    row = attempt(SdkClient, one_by_one)

    assert (row.outcome, row.token_events, row.checks) == ("ok", 12, [])


@pytest.mark.parametrize("label", ["text/plain", "application/json", "application/octet-stream", None])
def test_the_package_reads_a_stream_under_any_label_and_the_row_says_so(label):
    row = attempt(SdkClient, script(stream(CHAT, content_type=label), then=hang_up))

    assert (row.outcome, row.token_events, row.output_tokens) == ("ok", 3, 7)
    assert row.checks == [MISLABELLED]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "got plain text; if it speaks plain HTTP, begin base_url with http://"),
        (b"", "timed out"),
    ],
)
@pytest.mark.parametrize("kind", [Client, SdkClient])
def test_https_to_a_port_of_plain_http_is_named_by_both(kind, said, words):
    def speak(line: Line) -> None:
        line.sock.recv(1)
        line.say(said)
        line.wait_for_end()

    with scripted(speak) as server:
        endpoint = parse_endpoint(server.base_url.replace("http:", "https:"), "chat", None, {})
        limits = PATIENT._replace(connect_s=5 if said else 0.3)
        with contextlib.closing(kind(endpoint, DIALECTS["chat"], limits, time.monotonic_ns())) as client:
            row = send(client)

    assert row.outcome == ("tls" if said else "connect")
    assert words in row.error
    assert "http://" in row.error


def test_nobody_listening_is_connect_and_a_stranger_tls():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with client_of(SdkClient, f"http://127.0.0.1:{port}/v1") as client:
        row = send(client)
    assert (row.outcome, row.error) == ("connect", f"no connection to 127.0.0.1:{port}: Connection refused")
    assert row.sent_ns is None

    with scripted(OK, certificate="localhost") as server, client_of(SdkClient, server.base_url) as client:
        row = send(client)
    assert (row.outcome, row.error.split(":")[0]) == ("tls", "certificate verify failed")
    assert row.connected_ns is None


def test_a_key_that_the_server_quotes_is_not_in_the_row():
    quoted = plain("401 Unauthorized", b'{"error": {"message": "Bad key sk-1"}}', x_request_id="sk-1")
    with scripted(answer(quoted)) as server, client_of(SdkClient, server.base_url, key="sk-1") as client:
        row = send(client)

    assert "sk-1" not in repr(row)
    assert "[redacted]" in row.error


# -- ways there: proxies and certificates -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Client, SdkClient])
def test_certificates_of_ones_own_vouch_for_a_server(kind):
    vouching = {"ca_file": str(CERTS / "ca.pem")}
    with scripted(OK, certificate="localhost") as server, client_of(kind, server.base_url, **vouching) as client:
        assert send(client).outcome == "ok"


@pytest.mark.parametrize("kind", [Client, SdkClient])
@pytest.mark.parametrize("certificate", [None, "localhost"])
def test_a_proxy_is_passed_with_its_user_name_and_password(kind, certificate):
    """Over http it gets the request itself, over https it is asked for a tunnel."""
    with scripted(OK, certificate=certificate) as server, forward() as proxy:
        way = {"proxy": proxy.url("me:p%40ss@"), "ca_file": str(CERTS / "ca.pem")}
        with client_of(kind, server.base_url, key="sk-1", **way) as client:
            row = send(client)

    (asked,) = proxy.heads
    assert (row.outcome, row.error, row.token_events) == ("ok", None, 3)
    assert asked.startswith(f"CONNECT 127.0.0.1:{server.port} " if certificate else f"POST {server.base_url}/chat")
    assert asked.lower().count("proxy-authorization: basic bwu6cebzcw==") == 1
    assert ("sk-1" in asked) is not bool(certificate)
    assert row.connected_ns < row.sent_ns < row.headers_ns
    if certificate:
        assert b"proxy-authorization" not in server.requests[0].lower()


@pytest.mark.parametrize("kind", [Client, SdkClient])
def test_a_proxy_of_the_environment_is_passed_unless_the_host_is_exempt(kind):
    with scripted(OK) as server, forward() as proxy:
        url = server.base_url.replace("127.0.0.1", "model.test")
        with client_of(kind, url, environ={"HTTP_PROXY": proxy.url()}) as client:
            assert send(client).outcome == "ok"
        with client_of(kind, url, environ={"HTTP_PROXY": proxy.url(), "NO_PROXY": ".test"}) as client:
            row = send(client)

    assert len(proxy.heads) == 1
    assert (row.outcome, "was not resolved" in row.error) == ("connect", True)


@pytest.mark.parametrize("kind", [Client, SdkClient])
@pytest.mark.parametrize("words", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_proxy_that_refuses_a_tunnel_is_no_connection_and_is_quoted(kind, words):
    with forward(plain(words, b"<html>no</html>", "text/html")) as proxy:
        way = {"proxy": proxy.url("me:p%40ss@")}
        with client_of(kind, "https://model.test/v1", **way) as client:
            row = send(client)

    assert (row.outcome, row.http_status) == ("connect", None)
    assert row.error.endswith(f"to connect to model.test{':443' if kind is Client else ''}, got {words}")
    assert row.sent_ns is row.connected_ns is row.headers_ns is None
    assert "p@ss" not in repr(row)


@pytest.mark.parametrize("kind", [Client, SdkClient])
def test_a_proxy_that_refuses_a_request_of_http_answers_in_the_servers_place(kind):
    with forward(plain("407 Proxy Authentication Required", b"Who are you?", "text/plain")) as proxy:
        way = {"proxy": proxy.url()}
        with client_of(kind, "http://model.test/v1", **way) as client:
            row = send(client)

    assert (row.outcome, row.http_status, row.error) == ("http_4xx", 407, "Who are you?")


@pytest.mark.parametrize("kind", [Client, SdkClient])
def test_a_proxy_that_nobody_listens_at_is_no_connection(kind):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with client_of(kind, "https://model.test/v1", proxy=f"http://127.0.0.1:{port}") as client:
        row = send(client)

    assert row.outcome == "connect"
    assert "Connection refused" in row.error


# -- in a process that is patched -------------------------------------------------------------------------------------


def patched(body: str) -> str:
    """Run a test's inside in a patched process, with a server whose stream never goes on; what it printed."""
    program = """
        from gevent import monkey
        monkey.patch_all()
        import contextlib, time, gevent
        from firsttoken.sdk.client import SdkClient
        from firsttoken.row import BUFFERED, COMPRESSED, MISLABELLED, Row
        from firsttoken.wire.deadlines import Deadlines
        from firsttoken.wire.dialects import DIALECTS
        from firsttoken.wire.endpoint import parse_endpoint
        from tests.wire.scripted import Line, answer, scripted
        from tests.wire.spoken import CHAT, FINISH, TEXT, frames, head, stream

        def script(*pieces):
            def run(line):
                line.hear()
                line.say(*pieces)
                line.wait_for_end()
            return run

        def client(base_url, **deadlines):
            patience = {"connect_s": 5, "first_token_s": 5, "idle_s": 5, "total_s": 5} | deadlines
            endpoint = parse_endpoint(base_url, "chat", None, {})
            return SdkClient(endpoint, DIALECTS["chat"], Deadlines(**patience), time.monotonic_ns())

        def send(sdk, row):
            sdk.send(row, DIALECTS["chat"].body("m", "Hello", 16, {}))
            return row
    """
    source = textwrap.dedent(program) + textwrap.dedent(body)
    done = subprocess.run([sys.executable, "-c", source], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_deadline_strikes():
    told = patched(r"""
        for pieces, late in [
            ([], {"first_token_s": 0.2}),
            ([head(), b"3\r\n: \n\r\n"], {"first_token_s": 0.2}),
            ([head(), frames(TEXT)], {"idle_s": 0.2}),
            ([head(), frames(TEXT)], {"total_s": 0.3}),
            ([head(), frames(TEXT, FINISH)], {"idle_s": 0.2}),
        ]:
            with scripted(script(*pieces)) as server:
                row = send(client(server.base_url, **late), Row())
            print(row.outcome, row.token_events, row.error, sep=" | ")
    """)

    assert told.splitlines() == [
        "deadline | 0 | no token within 0.2 s of sending",
        "deadline | 0 | no token within 0.2 s of sending",
        "idle_timeout | 1 | no event for 0.2 s in the middle of the stream",
        "deadline | 1 | not finished within 0.3 s",
        "ok | 1 | after the finish marker: no event for 0.2 s in the middle of the stream",
    ]


def test_a_connection_that_never_comes_strikes_too():
    told = patched(r"""
        with scripted(lambda line: line.wait_for_end()) as server:
            row = send(client(server.base_url.replace("http:", "https:"), connect_s=0.2), Row())
        print(row.outcome, row.sent_ns, row.error.replace(str(server.port), "PORT"), sep=" | ")
    """)

    assert told.startswith("connect | None | the TLS handshake with 127.0.0.1:PORT timed out")


def test_the_run_ends_what_is_in_flight_and_its_marks_stay():
    told = patched(r"""
        with scripted(script(head(), frames(TEXT))) as server:
            sdk, rows = client(server.base_url), [Row() for _ in range(20)]
            users = [gevent.spawn(send, sdk, row) for row in rows]
            while not all(row.first_token_ns for row in rows):
                gevent.sleep(0.01)
            print(sdk.in_flight)
            sdk.cancel_all("cancelled_by_run")
            gevent.joinall(users)
            print(sdk.in_flight, {(row.outcome, row.error, row.token_events) for row in rows})
            print(all(row.end_ns > row.first_token_ns for row in rows))
    """)

    assert told.splitlines() == ["20", "0 {('cancelled_by_run', 'ended by the run', 1)}", "True"]


def test_a_user_that_is_killed_leaves_a_finished_row_and_goes():
    told = patched(r"""
        with scripted(script(head(), frames(TEXT)), answer(stream(CHAT))) as server:
            sdk, row = client(server.base_url), Row()
            user = gevent.spawn(send, sdk, row)
            while not row.first_token_ns:
                gevent.sleep(0.01)
            user.kill()
            print(row.outcome, sdk.in_flight, isinstance(user.value, gevent.GreenletExit))
            print(send(sdk, Row()).outcome)
    """)

    assert told.splitlines() == ["stopped_by_user 0 True", "ok"]


def test_users_share_the_hub_and_nobody_waits_for_a_connection():
    """httpx2 alone would open a hundred."""
    told = patched(r"""
        def slow(line):
            line.hear()
            time.sleep(0.3)
            line.say(stream(CHAT))
            line.wait_for_end()

        with scripted(slow) as server:
            sdk, rows = client(server.base_url, first_token_s=30, total_s=30), [Row() for _ in range(120)]
            gevent.joinall([gevent.spawn(send, sdk, row) for row in rows])
            latest, first = max(row.sent_ns for row in rows), min(row.first_token_ns for row in rows)
            print({row.outcome for row in rows}, server.connections)
    """)

    assert told == "{'ok'} 120\n"
