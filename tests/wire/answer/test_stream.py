"""Events made into marks: one fixture per shape that servers send, with all that the row must say of it."""

import zlib
from typing import Any

import pytest

from tests.wire.spoken import (
    CHAT,
    DONE,
    FINISH,
    MORE,
    MOST,
    MS,
    RESPONSE_USAGE,
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
    hear,
    said,
    stream,
)

COUNTED = {"input_tokens": 11, "cached_tokens": 4, "output_tokens": 7, "reasoning_tokens": 3, "token_source": "usage"}
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}

COMPLETION_USAGE = event({"id": "cmpl-1", "object": "text_completion", "choices": [], "usage": USAGE})

# Each piece is a read of its own, a millisecond apart: the head at 1 ms, the first piece at 2 ms.
SHAPES: dict[str, tuple[str, list[bytes], dict[str, Any]]] = {
    "chat as OpenAI sends it": (
        "chat",
        CHAT,
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 5, "gaps": 2, "events": 6}
        | {"outcome": "ok", "finish_reason": "stop", **COUNTED},
    ),
    "completions as vLLM sends them: the finish reason with the last token": (
        "completions",
        [*map(completion, ("Once", " upon", " a")), completion(" time", "length"), COMPLETION_USAGE, DONE],
        {"first_event": 2, "first_token": 2, "first_visible": 2, "last_token": 5, "gaps": 3, "events": 5}
        | {"outcome": "length", "finish_reason": "length", **COUNTED},
    ),
    "completions with an empty text at both ends": (
        "completions",
        [completion(""), completion("Once"), completion(""), completion(" upon"), completion("", "stop", usage=USAGE)],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 5, "gaps": 1, "events": 5}
        | {"outcome": "ok", "finish_reason": "stop", **COUNTED},
    ),
    "half of an escaped character in each of two tokens": (
        "chat",
        [chunk({"content": "X"}).replace(b"X", half) for half in (b"\\ud83d", b"\\ude42")] + [TEXT, FINISH],
        {"first_event": 2, "first_token": 2, "first_visible": 2, "last_token": 4, "gaps": 2, "events": 4}
        | {"outcome": "ok", "finish_reason": "stop"},
    ),
    "usage in the finish chunk, no [DONE]": (
        "chat",
        [ROLE, TEXT, MORE, chunk({}, "stop", usage=USAGE)],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 4, "gaps": 1, "events": 4}
        | {"outcome": "ok", "finish_reason": "stop", **COUNTED},
    ),
    "usage never": (
        "chat",
        [ROLE, TEXT, chunk({}, "length"), DONE],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 3, "gaps": 0, "events": 3}
        | {"outcome": "length", "finish_reason": "length"},
    ),
    "usage with every chunk: the last stands": (
        "chat",
        [chunk({"content": "a"}, usage={"prompt_tokens": 11, "completion_tokens": 1}), chunk({}, "stop", usage=USAGE)],
        {"first_event": 2, "first_token": 2, "first_visible": 2, "last_token": 2, "gaps": 0, "events": 2}
        | {"outcome": "ok", "finish_reason": "stop", **COUNTED},
    ),
    "a role with content null, then keep-alive comments": (
        "chat",
        [chunk({"role": "assistant", "content": None}), b": ping\n\n", b":\n\n", TEXT, FINISH],
        {"first_event": 2, "first_token": 5, "first_visible": 5, "last_token": 5, "gaps": 0, "events": 3}
        | {"outcome": "ok", "finish_reason": "stop"},
    ),
    "empty deltas between tokens are no tokens": (
        "chat",
        [TEXT, chunk({"content": ""}), chunk({"content": None}), chunk({}), MORE, FINISH],
        {"first_event": 2, "first_token": 2, "first_visible": 2, "last_token": 6, "gaps": 1, "events": 6}
        | {"outcome": "ok", "finish_reason": "stop"},
    ),
    "reasoning_content, then content": (
        "chat",
        [ROLE, chunk({"reasoning_content": "Hm"}), chunk({"reasoning_content": "!"}), TEXT, FINISH],
        {"first_event": 2, "first_token": 3, "first_visible": 5, "last_token": 5, "gaps": 2, "events": 5}
        | {"outcome": "ok", "finish_reason": "stop"},
    ),
    "reasoning, cut off before anything visible": (
        "chat",
        [chunk({"reasoning": "Hm"}), chunk({"reasoning": "!"}), chunk({}, "length")],
        {"first_event": 2, "first_token": 2, "first_visible": None, "last_token": 3, "gaps": 1, "events": 3}
        | {"outcome": "length", "finish_reason": "length"},
    ),
    "tool calls": (
        "chat",
        [
            chunk({"role": "assistant", "content": None}),
            chunk({"tool_calls": [CALL]}),
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}),
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
            chunk({}, "tool_calls"),
        ],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 5, "gaps": 2, "events": 5}
        | {"outcome": "ok", "finish_reason": "tool_calls"},
    ),
    "a refusal": (
        "chat",
        [ROLE, chunk({"refusal": "I"}), chunk({"refusal": " cannot"}), FINISH],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 4, "gaps": 1, "events": 4}
        | {"outcome": "ok", "finish_reason": "stop"},
    ),
    "a content filter before the first token": (
        "chat",
        [ROLE, chunk({}, "content_filter")],
        {"first_event": 2, "first_token": None, "first_visible": None, "last_token": None, "gaps": 0, "events": 2}
        | {"outcome": "content_filter", "finish_reason": "content_filter"},
    ),
    "CRLF": (
        "chat",
        [piece.replace(b"\n", b"\r\n") for piece in CHAT],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 5, "gaps": 2, "events": 6}
        | {"outcome": "ok", "finish_reason": "stop", **COUNTED},
    ),
    "CR": (
        "chat",
        [piece.replace(b"\n", b"\r") for piece in CHAT],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 5, "gaps": 2, "events": 6}
        | {"outcome": "ok", "finish_reason": "stop", **COUNTED},
    ),
    "event:, id: and retry: fields, and fields that nobody knows": (
        "chat",
        [b"event: message\nid: 7\nretry: 10\nx\n" + piece for piece in CHAT],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 5, "gaps": 2, "events": 6}
        | {"outcome": "ok", "finish_reason": "stop", **COUNTED},
    ),
    "data over several lines": (
        "chat",
        [piece.replace(b',"choices"', b',\ndata: "choices"').replace(b"[{", b"[\ndata:{") for piece in CHAT],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 5, "gaps": 2, "events": 6}
        | {"outcome": "ok", "finish_reason": "stop", **COUNTED},
    ),
    "events of a megabyte": (
        "chat",
        [ROLE, *(chunk({"content": "x" * 1_000_000}) for _ in range(3)), FINISH],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 5, "gaps": 2, "events": 5}
        | {"outcome": "ok", "finish_reason": "stop"},
    ),
    "characters broken between tokens": (
        "chat",
        [ROLE, *(TEXT.replace(b"Once", half) for half in (b"\xf0\x9f", b"\x99\x82")), MORE, FINISH],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 5, "gaps": 2, "events": 5}
        | {"outcome": "ok", "finish_reason": "stop"},
    ),
    "the role with the first token": (
        "chat",
        [chunk({"role": "assistant", "content": "Once"}), MORE, MOST, FINISH],
        {"first_event": 2, "first_token": 2, "first_visible": 2, "last_token": 4, "gaps": 2, "events": 4}
        | {"outcome": "ok", "finish_reason": "stop"},
    ),
    "keep-alive comments between tokens, some in a chunk with one": (
        "chat",
        [ROLE, TEXT, b": ping\n\n", MORE, b": ping\n\n" + MOST, FINISH],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 6, "gaps": 2, "events": 5}
        | {"outcome": "ok", "finish_reason": "stop"},
    ),
    "reasoning and content by turns": (
        "chat",
        [chunk({kind: "x"}) for kind in ("reasoning", "content") * 10] + [FINISH],
        {"first_event": 2, "first_token": 2, "first_visible": 3, "last_token": 21, "gaps": 19, "events": 21}
        | {"outcome": "ok", "finish_reason": "stop"},
    ),
    "an empty stream": (
        "chat",
        [DONE],
        {"first_event": None, "first_token": None, "first_visible": None, "last_token": None, "gaps": 0, "events": 0}
        | {"outcome": "ok", "checks": ["no_finish"]},
    ),
    "an error object in mid-stream": (
        "chat",
        [ROLE, TEXT, event({"error": {"message": "Overloaded", "code": "busy"}})],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 3, "gaps": 0, "events": 3}
        | {"outcome": "error_in_stream", "error": "Overloaded (busy)"},
    ),
    "an event named error": (
        "chat",
        [ROLE, TEXT, event({"message": "Overloaded"}, name="error")],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 3, "gaps": 0, "events": 3}
        | {"outcome": "error_in_stream", "error": "Overloaded"},
    ),
    "[DONE] without a finish reason": (
        "chat",
        [ROLE, TEXT, DONE],
        {"first_event": 2, "first_token": 3, "first_visible": 3, "last_token": 3, "gaps": 0, "events": 2}
        | {"outcome": "ok", "checks": ["no_finish"]},
    ),
    "an unknown finish reason": (
        "chat",
        [TEXT, chunk({}, "because")],
        {"first_event": 2, "first_token": 2, "first_visible": 2, "last_token": 2, "gaps": 0, "events": 2}
        | {"outcome": "ok", "finish_reason": "because", "error": "unknown finish reason 'because', taken as ok"}
        | {"checks": ["unknown_finish"]},
    ),
    "responses as OpenAI sends it": (
        "responses",
        RESPONSES,
        {"first_event": 2, "first_token": 6, "first_visible": 6, "last_token": 7, "gaps": 1, "events": 9}
        | {"outcome": "ok", "finish_reason": "completed", **COUNTED},
    ),
    "responses without event: lines": (
        "responses",
        [piece.split(b"\n", 1)[1] for piece in RESPONSES],
        {"first_event": 2, "first_token": 6, "first_visible": 6, "last_token": 7, "gaps": 1, "events": 9}
        | {"outcome": "ok", "finish_reason": "completed", **COUNTED},
    ),
    "responses: reasoning, then a tool call, out of tokens": (
        "responses",
        [
            said("response.created", response={}),
            said("response.reasoning_summary_text.delta", delta="**Hm**"),
            said("response.function_call_arguments.delta", delta="{"),
            said(
                "response.incomplete",
                response={"incomplete_details": {"reason": "max_output_tokens"}, "usage": RESPONSE_USAGE},
            ),
        ],
        {"first_event": 2, "first_token": 3, "first_visible": 4, "last_token": 4, "gaps": 1, "events": 4}
        | {"outcome": "length", "finish_reason": "max_output_tokens", "checks": ["reasoning_summary"], **COUNTED},
    ),
    "responses: reasoning itself, then a refusal": (
        "responses",
        [
            said("response.reasoning_text.delta", delta="Hm"),
            said("response.refusal.delta", delta="I cannot"),
            RESPONSES[-1],
        ],
        {"first_event": 2, "first_token": 2, "first_visible": 3, "last_token": 3, "gaps": 1, "events": 3}
        | {"outcome": "ok", "finish_reason": "completed", **COUNTED},
    ),
    "responses: failed": (
        "responses",
        [said("response.created", response={}), said("response.failed", response={"error": {"message": "Oh no"}})],
        {"first_event": 2, "first_token": None, "first_visible": None, "last_token": None, "gaps": 0, "events": 2}
        | {"outcome": "error_in_stream", "error": "Oh no"},
    ),
    "responses: error": (
        "responses",
        [said("response.created", response={}), said("error", code="busy", message="Overloaded")],
        {"first_event": 2, "first_token": None, "first_visible": None, "last_token": None, "gaps": 0, "events": 2}
        | {"outcome": "error_in_stream", "error": "Overloaded (busy)"},
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_gives_its_marks(name):
    dialect, pieces, expected = SHAPES[name]

    row = hear(dialect, [head(), *chunked(pieces)]).row

    marks = {mark: expected.pop(mark) for mark in ("first_event", "first_token", "first_visible", "last_token")}
    gaps = expected.pop("gaps")
    assert {mark: getattr(row, f"{mark}_ns") for mark in marks} == {m: t and t * MS for m, t in marks.items()}
    assert len(row.gaps_us) == gaps
    assert row.token_events == (gaps + 1 if marks["first_token"] else 0)
    assert {field: getattr(row, field) for field in expected} == expected
    unsaid = {"finish_reason", "error", "checks", *COUNTED} - expected.keys()
    assert {field for field in unsaid if getattr(row, field)} == set()


@pytest.mark.parametrize(("dialect", "pieces"), [("chat", CHAT), ("responses", RESPONSES)])
def test_a_cut_at_any_byte_changes_no_mark(dialect, pieces):
    """Both reads come at the same time, so that only the cut differs."""
    whole = stream(pieces, x_request_id="req_1")
    expected = hear(dialect, [whole], at_ms=[1])
    assert expected.row.outcome == "ok"

    for at in range(1, len(whole)):
        heard = hear(dialect, [whole[:at], whole[at:]], at_ms=[1, 1])
        early_ns = heard.row.first_token_early_ns
        heard.row.first_token_early_ns = expected.row.first_token_early_ns
        assert heard.row == expected.row, whole[:at][-40:]
        assert early_ns is not None and early_ns <= MS
        assert heard.answer.reusable


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_stream_has_the_same_marks_a_wider_bracket_and_a_word_of_warning(coding):
    """Compressed unasked, and flushed after each event, as proxies do it."""
    coder = zlib.compressobj(wbits=16 + zlib.MAX_WBITS if coding == "gzip" else zlib.MAX_WBITS)
    pieces = [coder.compress(piece) + coder.flush(zlib.Z_SYNC_FLUSH) for piece in CHAT] + [coder.flush()]

    heard = hear("chat", [head(content_encoding=coding), *chunked(pieces)])
    plain = hear("chat", [head(), *chunked(CHAT)])

    assert heard.first_tokens == [False]
    assert (heard.row.first_token_early_ns, heard.row.checks) == (2 * MS, ["compressed"])
    for field in ("first_token_early_ns", "checks", "bytes_received"):
        setattr(heard.row, field, getattr(plain.row, field))
    assert heard.row == plain.row


@pytest.mark.parametrize(("dialect", "pieces"), [("chat", CHAT), ("responses", RESPONSES)])
def test_an_event_is_marked_with_the_read_that_ends_it(dialect, pieces):
    """Byte by byte, a millisecond apart: each mark is the place of its event's last byte."""
    whole = stream(pieces)
    token = next(i for i, piece in enumerate(pieces) if b"Once" in piece)

    row = hear(dialect, [whole[i : i + 1] for i in range(len(whole))]).row

    ends = [whole.index(piece) + len(piece) for piece in pieces]
    assert row.first_event_ns == ends[0] * MS
    assert row.first_token_ns == ends[token] * MS
    assert row.gaps_us[0] == (ends[token + 1] - ends[token]) * 1000


# -- the bracket around the first token -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "reads", "early_ms"),
    [
        ("a read of its own", [head(), frames(ROLE), frames(TEXT)], 3),
        ("the end of its read", [head() + frames(ROLE, TEXT)], 1),
        ("another token after it", [head(), frames(ROLE, TEXT, MORE)], 1),
        ("the same token after it", [head(), frames(TEXT, TEXT)], 1),
        ("the same token after it but its end", [head(), frames(TEXT, TEXT.rstrip(b"\n"))], 1),
        ("[DONE] after it", [head(), frames(TEXT, DONE)], 1),
        ("a comment after it", [head(), frames(TEXT + b": ping\n\n")], 1),
        ("the finish after it", [head(), frames(ROLE), frames(TEXT, FINISH)], 2),
        ("half an event after it", [head(), frames(TEXT) + b"ff\r\ndata: {"], 1),
        ("half a chunk's head after it", [head(), frames(TEXT) + b"f"], 1),
        ("everything in one read", [stream(CHAT)], 0),
    ],
)
def test_the_stamp_is_the_first_tokens_own_only_where_the_read_ends_with_it(why, reads, early_ms):
    """The kernel's stamp is that of the last segment: what stands before the end of a read may have come earlier."""
    heard = hear("chat", reads)

    assert heard.row.first_token_early_ns == early_ms * MS, why
    assert heard.first_tokens == [early_ms * MS == heard.row.first_token_ns]


WHOLE = said("response.output_text.done", text="Once upon a time there was a king")


def test_a_text_that_was_never_streamed_is_one_token_and_one_that_was_is_no_more():
    completed, delta = RESPONSES[-1], said("response.output_text.delta", delta="Once")

    never, streamed = (
        hear("responses", [head(), *chunked(pieces)]).row for pieces in ([WHOLE, completed], [delta, WHOLE, completed])
    )

    assert (never.outcome, never.token_events, never.first_visible_ns) == ("ok", 1, 2 * MS)
    assert (streamed.outcome, streamed.token_events, streamed.first_visible_ns) == ("ok", 1, 2 * MS)


@pytest.mark.parametrize(
    ("pieces", "is_burst"),
    [
        ([b"".join([ROLE, *[TEXT] * 12, FINISH])], True),
        ([ROLE, b"".join([*[TEXT] * 12, FINISH])], True),
        ([ROLE, *[TEXT] * 12, FINISH], False),
        ([b"".join([ROLE, *[TEXT] * 4, FINISH])], False),
        ([chunk({"content": "Once upon a time " * 9}), FINISH, USAGE_CHUNK.replace(b":7,", b":99,")], True),
    ],
    ids=["in one read", "in one burst", "streamed", "too short to tell", "in one event"],
)
def test_an_answer_that_came_at_once_is_told_from_a_stream(pieces, is_burst):
    row = hear("chat", [head(), *chunked(pieces)], at_ms=range(500, 10_000)).row

    assert ("buffered" in row.checks) == is_burst


def test_words_outside_the_events_are_told_where_a_stream_ends_without_a_finish():
    row = hear("chat", [head(), *chunked([ROLE, event({"message": "the queue is full"})])]).row

    assert (row.outcome, row.events) == ("truncated", 1)
    assert row.error is not None
    assert row.error.endswith("without a finish marker; outside its events the server said: the queue is full")


def test_a_wait_that_an_error_outside_the_events_asks_for_is_kept():
    row = hear("chat", [head(), *chunked([b'{"error": {"message": "busy", "code": 429, "retry_after": 3}}\n'])]).row

    assert (row.outcome, row.retry_after_ms) == ("rate_limited", 3000)
