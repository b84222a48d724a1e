"""The process over HTTP, judged by the openai package's own client: streams, usage, errors, limits, faults, truth."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest
from openai import OpenAI

from firsttoken.catalogue import Faults, Freeze, Simulated
from tests.processes import await_that
from tests.served import Served, fast, serve
from tests.simulator.conftest import KEY, MODELS

HELLO: list[Any] = [{"role": "user", "content": "one two three"}]


def connect(served: Served, key: str = "any") -> OpenAI:
    return OpenAI(base_url=served.base_url, api_key=key, max_retries=0)


def stream_chat(client: OpenAI, tokens: int | None = 5, model: str = "fast") -> list[Any]:
    options: Any = {"include_usage": True}
    limit: Any = {} if tokens is None else {"max_tokens": tokens}
    return list(
        client.chat.completions.create(model=model, messages=HELLO, stream=True, stream_options=options, **limit)
    )


def texts_of(chunks: list[Any]) -> list[str]:
    return [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]


def test_a_chat_stream_has_its_role_its_tokens_its_finish_and_its_usage(sdk):
    chunks = stream_chat(sdk, tokens=5)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert not chunks[0].choices[0].delta.content
    assert len("".join(texts_of(chunks)).split()) == len(texts_of(chunks)) == 5
    assert chunks[-2].choices[0].finish_reason == "length"
    assert (chunks[-1].choices, chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == ([], 3, 5)
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_chat_answer_in_one_piece_has_the_same_parts(sdk):
    answer = sdk.chat.completions.create(model="fast", messages=HELLO, max_completion_tokens=7)
    assert len(answer.choices[0].message.content.split()) == 7
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 7


def test_an_answer_of_open_length_stops_by_itself(sdk):
    chunks = stream_chat(sdk, tokens=None)
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens == len(texts_of(chunks)) >= 48


def test_a_responses_stream_ends_incomplete_with_its_usage(sdk):
    events = list(sdk.responses.create(model="fast", input="one two three", max_output_tokens=5, stream=True))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) == 5
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.output_text == "".join(deltas)
    assert (events[-1].response.usage.input_tokens, events[-1].response.usage.output_tokens) == (3, 5)


def test_a_completions_stream_has_its_tokens_its_finish_and_its_usage(sdk):
    options: Any = {"include_usage": True}
    chunks = list(
        sdk.completions.create(model="fast", prompt="one two three", max_tokens=5, stream=True, stream_options=options)
    )
    texts = [chunk.choices[0].text for chunk in chunks if chunk.choices and chunk.choices[0].text]
    assert len("".join(texts).split()) == len(texts) == 5
    assert chunks[-2].choices[0].finish_reason == "length"
    assert (chunks[-1].choices, chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == ([], 3, 5)


def test_a_completions_answer_in_one_piece_has_the_same_parts(sdk):
    answer = sdk.completions.create(model="fast", prompt="one two three", max_tokens=7)
    assert len(answer.choices[0].text.split()) == answer.usage.completion_tokens == 7


def test_the_headers_of_a_completions_stream_do_not_wait_for_its_first_token(served):
    body = b'{"model": "narrow", "stream": true, "max_tokens": 1, "prompt": "x"}'
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        head = b"POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)
        assert connection.recv(65_536).endswith(b"\r\n\r\n")
        headers_at = time.monotonic()
        assert b"data: " in connection.recv(65_536)
        assert time.monotonic() - headers_at > 0.5


def test_a_responses_answer_in_one_piece_completes(sdk):
    answer = sdk.responses.create(model="fast", input="one two three")
    assert answer.status == "completed"
    assert answer.usage.output_tokens == len(answer.output_text.split())


def test_the_sdk_s_own_stream_helpers_follow_both_dialects(sdk):
    with sdk.chat.completions.stream(model="fast", messages=HELLO) as stream:
        assert stream.get_final_completion().choices[0].finish_reason == "stop"
    with sdk.responses.stream(model="fast", input="hello") as stream:
        assert stream.get_final_response().status == "completed"


def test_a_prompt_that_comes_again_is_found_cached_in_both_dialects():
    with serve({"fast": fast(prefix_cache=True)}) as served:
        client = connect(served)
        words = "word " * 300
        cached = []
        for _ in range(2):
            chat = client.chat.completions.create(model="fast", messages=[{"role": "user", "content": words}])
            cached.append(chat.usage.prompt_tokens_details.cached_tokens)
            response = client.responses.create(model="fast", input=words)
            cached.append(response.usage.input_tokens_details.cached_tokens)

    assert cached == [0, 256, 256, 256]


def test_models_are_listed(sdk):
    assert [model.id for model in sdk.models.list()] == list(MODELS)


def test_every_answer_carries_an_id_of_its_own_its_processing_time_and_its_places(sdk):
    answers = [sdk.chat.completions.with_raw_response.create(model="fast", messages=HELLO, max_tokens=1) for _ in "ab"]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 2
    assert int(answers[0].headers["openai-processing-ms"]) >= 40
    assert answers[0].headers["x-ratelimit-limit-concurrent-requests"] == "16"


@pytest.mark.parametrize(
    ("call", "error", "code"),
    [
        (lambda sdk: stream_chat(sdk, model="gpt-9"), openai.NotFoundError, "model_not_found"),
        (lambda sdk: stream_chat(sdk, tokens=0), openai.BadRequestError, "integer_below_min_value"),
        (
            lambda sdk: sdk.responses.create(model="fast", input=""),
            openai.BadRequestError,
            "missing_required_parameter",
        ),
        (lambda sdk: sdk.embeddings.create(model="fast", input="hello"), openai.NotFoundError, None),
    ],
)
def test_what_is_not_served_is_the_sdk_s_own_error_with_its_request_id(sdk, call, error, code):
    with pytest.raises(error) as caught:
        call(sdk)
    assert caught.value.code == code
    assert caught.value.type == "invalid_request_error"
    assert caught.value.request_id.startswith("req_")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/v1/chat/completions", b"{", 400, "We could not parse the JSON body"),
        ("GET", "/v1/chat/completions", b"", 405, "Not allowed to GET"),
        ("GET", "/", b"", 404, "Invalid URL (GET /)"),
    ],
)
def test_what_no_sdk_would_send_is_refused_in_the_same_shape(served, method, path, body, status, words):
    connection = HTTPConnection("127.0.0.1", served.port)
    connection.request(method, path, body)
    answer = connection.getresponse()
    assert answer.status == status
    assert words in msgspec.json.decode(answer.read())["error"]["message"]
    connection.close()


def test_a_wrong_key_is_refused_and_the_right_one_served(sdk):
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided: sk-") as caught:
        stream_chat(sdk.with_options(api_key="sk-wrong-9876543210"), model="keyed")
    assert caught.value.code == "invalid_api_key"
    assert "sk-wrong-9876543210" not in str(caught.value)
    assert texts_of(stream_chat(sdk.with_options(api_key=KEY), model="keyed"))


def test_a_prompt_beyond_the_window_is_refused(sdk):
    with pytest.raises(openai.BadRequestError, match="maximum context length is 256000 tokens") as caught:
        stream_chat(sdk, model="blind", tokens=256_000)
    assert caught.value.code == "context_length_exceeded"


def test_an_image_for_a_model_that_cannot_see_is_refused(sdk):
    image: Any = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]
    with pytest.raises(openai.BadRequestError, match="image_url is only supported by certain models"):
        sdk.chat.completions.create(model="blind", messages=image)


def test_the_one_request_too_many_is_a_429_with_its_back_off_and_its_places(sdk):
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(stream_chat, sdk, model="narrow") for _ in range(3)]
    (error,) = (answer.exception() for answer in answers if answer.exception())
    assert isinstance(error, openai.RateLimitError)
    assert "1 requests are served, 1 wait" in str(error)
    assert error.code == "rate_limit_exceeded"
    headers = error.response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("2", "2000")
    places = (headers["x-ratelimit-limit-concurrent-requests"], headers["x-ratelimit-remaining-concurrent-requests"])
    assert places == ("2", "0")


def test_a_limit_per_minute_is_a_429_that_names_it(sdk):
    stream_chat(sdk, model="rationed")
    with pytest.raises(openai.RateLimitError, match=r"requests per min \(RPM\): Limit 1, Used 1") as caught:
        stream_chat(sdk, model="rationed")
    assert 50 < int(caught.value.response.headers["retry-after"]) <= 60


def test_a_broken_server_is_a_500(sdk):
    with pytest.raises(openai.InternalServerError, match="The server had an error") as caught:
        stream_chat(sdk, model="broken")
    assert caught.value.type == "server_error"


def test_a_cut_stream_breaks_off_after_its_first_half(sdk):
    texts = []
    with pytest.raises(openai.APIConnectionError):
        for chunk in sdk.chat.completions.create(model="cutting", messages=HELLO, max_tokens=10, stream=True):
            texts += texts_of([chunk])
    assert len(texts) == 5


def test_a_cut_answer_in_one_piece_never_comes(sdk):
    with pytest.raises(openai.APIConnectionError):
        sdk.chat.completions.create(model="cutting", messages=HELLO, max_tokens=10)


def test_a_stalled_stream_is_silent_in_its_middle_and_still_ends(sdk):
    began = time.monotonic()
    assert len(texts_of(stream_chat(sdk, tokens=10, model="stalling"))) == 10
    assert time.monotonic() - began > 0.35


def read_faults(tmp_path: Path, settings: Simulated, requests: int, seed: int = 7) -> list[str | None]:
    """Send requests one after another, whatever comes of them; return what the truth says struck each."""
    truth = tmp_path / "truth.jsonl"
    truth.unlink(missing_ok=True)
    with serve({"fast": settings}, seed=seed, truth=truth) as served:
        client = connect(served)
        for _ in range(requests):
            try:
                stream_chat(client)
            except openai.APIError:
                continue
        return [line["fault"] for line in served.read_truth()]


def test_the_same_seed_gives_the_same_faults_in_the_same_order(tmp_path):
    settings = fast(ttft_s=0.001, tokens_per_s=10_000.0, stall_s=0.01, faults=Faults(error=0.3, cut=0.2, stall=0.2))
    first, again, other = (read_faults(tmp_path, settings, 25, seed) for seed in (3, 3, 4))
    assert first == again != other
    assert set(first) == {None, "error", "cut", "stall"}


def test_truth_tells_of_a_cut_what_was_written_and_whether_a_status_was(tmp_path):
    with serve({"fast": fast(faults=Faults(cut=1.0))}, truth=tmp_path / "truth.jsonl") as served:
        for stream in (True, False):
            with pytest.raises(openai.APIConnectionError):
                list(
                    connect(served).chat.completions.create(model="fast", messages=HELLO, max_tokens=10, stream=stream)
                )
        truth = served.read_truth()
    assert [(line["fault"], line["tokens"], line["status"]) for line in truth] == [("cut", 5, 200), ("cut", 5, None)]


def test_truth_and_client_agree_on_every_request(tmp_path):
    with serve({"fast": fast(slots=1)}, truth=tmp_path / "truth.jsonl") as served:
        client = connect(served)
        before_ns = time.monotonic_ns()
        ids = []
        for tokens in (5, 9):
            raw = client.chat.completions.with_raw_response.create(
                model="fast", messages=HELLO, stream=True, max_tokens=tokens
            )
            ids.append(raw.headers["x-request-id"])
            list(raw.parse())
        client.chat.completions.create(model="fast", messages=HELLO, max_tokens=3)
        with pytest.raises(openai.NotFoundError):
            stream_chat(client, model="gpt-9")
        after_ns = time.monotonic_ns()
        truth = served.read_truth()
    assert [line["request_id"] for line in truth[:2]] == ids
    assert [(line["model"], line["status"], line["tokens"], line["fault"]) for line in truth] == [
        ("fast", 200, 5, None),
        ("fast", 200, 9, None),
        ("fast", 200, 3, None),
        ("gpt-9", 404, 0, None),
    ]
    for line in truth[:2]:
        marks = [line[mark] for mark in ("arrival_ns", "first_token_ns", "last_token_ns", "end_ns")]
        assert [before_ns, *marks, after_ns] == sorted([before_ns, *marks, after_ns])
        assert line["first_token_ns"] - line["arrival_ns"] > 45_000_000
        assert line["slot_wait_ns"] == 0
    assert truth[2]["first_token_ns"] is None


def test_who_waits_for_a_slot_is_told_apart_in_the_truth(tmp_path):
    with serve({"fast": fast(slots=1, ttft_s=0.3)}, truth=tmp_path / "truth.jsonl") as served:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(stream_chat, [connect(served), connect(served)]))
        waits = sorted(line["slot_wait_ns"] for line in served.read_truth())
    assert waits[0] == 0
    assert waits[1] > 250_000_000


def test_a_client_that_goes_away_frees_its_slot(tmp_path):
    path = tmp_path / "truth.jsonl"
    with serve({"fast": fast(slots=1, queue=1, tokens_per_s=10.0)}, truth=path) as served:
        client = connect(served)
        options: Any = {"model": "fast", "messages": HELLO, "max_tokens": 1_000}
        for _ in range(2):
            with client.chat.completions.create(**options, stream=True) as stream:
                next(stream), next(stream)
        await_that(lambda: path.read_bytes().count(b"\n") == 2, "both are in the truth")
        truth = served.read_truth()
    assert [line["fault"] for line in truth] == ["client_gone", "client_gone"]
    assert all(1 <= line["tokens"] < 100 for line in truth)


def test_a_client_that_goes_away_while_it_waits_frees_its_place(tmp_path):
    with serve({"fast": fast(slots=1, queue=1, ttft_s=1.0)}, truth=tmp_path / "truth.jsonl") as served:
        running = threading.Thread(target=stream_chat, args=[connect(served)])
        running.start()
        time.sleep(0.2)
        with pytest.raises(openai.APITimeoutError):
            stream_chat(connect(served).with_options(timeout=0.4))
        assert len(texts_of(stream_chat(connect(served)))) == 5
        running.join()
        truth = served.read_truth()
    assert sorted(str(line["fault"]) for line in truth) == ["None", "None", "client_gone"]


def test_a_connection_serves_many_requests_of_every_kind_one_after_another(served):
    connection = HTTPConnection("127.0.0.1", served.port)
    connection.connect()
    ends = {connection.sock.getsockname()}
    bodies = [b'{"model": "fast", "stream": %b, "max_tokens": 3, "messages": [{"role": "user", "content": "x"}]}']
    for body in [bodies[0] % b"true", bodies[0] % b"false", b"{", bodies[0] % b"true"]:
        connection.request("POST", "/v1/chat/completions", body)
        assert connection.getresponse().read()
        ends.add(connection.sock.getsockname())
    connection.close()
    assert len(ends) == 1


def test_the_first_token_does_not_come_with_what_precedes_it(served):
    body = b'{"model": "narrow", "stream": true, "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}'
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)
        arrived = b""
        while b'"role":"assistant"' not in arrived:
            arrived += connection.recv(65_536)
        role_at = time.monotonic()
        assert b"text/event-stream" in arrived
        assert arrived.endswith(b"\n\n\r\n")
        assert connection.recv(65_536)
        assert time.monotonic() - role_at > 0.5


def test_a_frozen_model_stands_still_and_goes_on_where_it_was(tmp_path):
    """One request is under way when it freezes, another comes meanwhile; the truth knows when each came."""
    frozen = fast(ttft_s=0.2, tokens_per_s=20.0, slots=1, freeze=Freeze(at="0.4s", lasts="1s"))
    with serve({"fast": frozen}, truth=tmp_path / "truth.jsonl") as served, ThreadPoolExecutor(2) as pool:
        began_ns = time.monotonic_ns()
        answers = [pool.submit(stream_chat, connect(served), 8)]
        time.sleep(0.8)
        answers.append(pool.submit(stream_chat, connect(served), 2))
        assert [len(texts_of(answer.result())) for answer in answers] == [8, 2]
        truth = served.read_truth()

    came_s, first_s, last_s = (
        [(line[mark] - began_ns) / 1e9 for line in truth] for mark in ("arrival_ns", "first_token_ns", "last_token_ns")
    )
    assert last_s[0] - first_s[0] > 1.2, "it took 0.35 s to write, and stood still for 1 s"
    assert came_s[1] < first_s[1] and first_s[1] > 1.4
    assert truth[1]["slot_wait_ns"] > 0.5e9
    assert [line["fault"] for line in truth] == [None, None]


def test_published_figures_hold_for_one_user(tmp_path):
    """Two models at once, each asked by one user: the truth is off by jitter and what a busy machine adds."""
    models = {
        "codex": fast(ttft_s=1.1, tokens_per_s=85.0, jitter=0.01, reference_input_tokens=3),
        "gpt": fast(ttft_s=0.7, tokens_per_s=140.0, jitter=0.01, reference_input_tokens=3),
    }
    with serve(models, truth=tmp_path / "truth.jsonl") as served:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda model: stream_chat(connect(served), 43, model), models))
        truth = {line["model"]: line for line in served.read_truth()}
    for model, settings in models.items():
        line = truth[model]
        ttft_ms = (line["first_token_ns"] - line["arrival_ns"]) / 1e6
        tpot_ms = (line["last_token_ns"] - line["first_token_ns"]) / 42 / 1e6
        assert ttft_ms == pytest.approx(1_000 * settings.ttft_s, rel=0.05)
        assert tpot_ms == pytest.approx(1_000 / settings.tokens_per_s, rel=0.05)


@pytest.mark.parametrize("connection", [b"", b"connection: keep-alive\r\n"])
@pytest.mark.parametrize("stream", [b"true", b"false"])
def test_http_1_0_gets_no_chunks_and_the_end_of_the_connection_ends_its_stream(tmp_path, connection, stream):
    """As nginx asks by default."""
    body = b'{"model": "fast", "stream": %b, "max_tokens": 4, "messages": [{"role": "user", "content": "x"}]}' % stream
    head = b"POST /v1/chat/completions HTTP/1.0\r\n%bcontent-length: %d\r\n\r\n" % (connection, len(body))

    with serve(truth=tmp_path / "truth.jsonl") as served:
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client:
            client.sendall(head + body)
            status, _, answer = read_until(client, b"[DONE]\n\n" if stream == b"true" else b'"usage"').partition(
                b"\r\n"
            )
            ends = stream == b"false" or client.recv(1) == b""
        [line] = served.read_truth()

    assert status == b"HTTP/1.0 200 OK"
    assert ends
    assert b"transfer-encoding" not in answer.lower()
    if stream == b"true":
        events = answer.partition(b"\r\n\r\n")[2].split(b"\n\n")
        assert events.pop() == b""
        assert all(event.startswith(b"data: ") for event in events)
        assert len(events) == 1 + 4 + 1 + 1
    assert (line["status"], line["tokens"], line["fault"]) == (200, 4, None)


def read_until(client: socket.socket, mark: bytes) -> bytes:
    arrived = b""
    while mark not in arrived and (part := client.recv(65_536)):
        arrived += part
    return arrived
