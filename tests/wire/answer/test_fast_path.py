"""The short way through a stream: where it may be gone, and that it never says anything but the long one."""

import pytest
from httptools import HttpParserError
from hypothesis import given, settings
from hypothesis import strategies as st

from firsttoken.wire.answer.fast_path import FastPathMatcher, learn_matcher
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.dialects.dialect import HIDDEN, SUMMARY, VISIBLE, Meaning
from firsttoken.wire.outcome import ProtocolError
from tests.wire.mutated import call, delta, spell, upper_head
from tests.wire.spoken import FINISH, RESPONSES, ROLE, TEXT, chunk, chunked, completion, event, frames, head, hear

SAID = frames(*spell("content", " once"))


def learn(read: bytes, meaning: Meaning = VISIBLE, dialect: str = "chat") -> FastPathMatcher | None:
    return learn_matcher(read, DIALECTS[dialect].read, meaning)


@pytest.mark.parametrize(
    ("dialect", "meaning", "one", "other"),
    [
        ("chat", VISIBLE, *spell("content", "a", " longer than sixteen letters")),
        ("chat", VISIBLE, *spell("content", "a", '"quoted", and \\ escaped\n')),
        ("chat", VISIBLE, *spell("content", "a", "é漢🙂")),
        ("chat", HIDDEN, *spell("reasoning_content", "a", "b")),
        ("chat", HIDDEN, *spell("reasoning", "a", "b")),
        ("chat", VISIBLE, *spell("refusal", "a", "b")),
        ("chat", VISIBLE, *call('{"a', '": 1}')),
        ("chat", HIDDEN, *(chunk({"content": "", "reasoning_content": text}) for text in ("a", "b"))),
        ("chat", VISIBLE, *(b"event: x\nid: 1\n" + piece for piece in spell("content", "a", "b"))),
        ("chat", VISIBLE, *(piece.replace(b"\n", b"\r\n") for piece in spell("content", "a", "b"))),
        ("chat", VISIBLE, *(piece.replace(b"Z", b"\\u00e9") for piece in spell("content", "Z", "ZZ"))),
        ("completions", VISIBLE, completion(" once upon"), completion(" a")),
        ("responses", VISIBLE, *delta("output_text", "a", "b")),
        ("responses", HIDDEN, *delta("reasoning_text", "a", "b")),
        ("responses", SUMMARY, *delta("reasoning_summary_text", "a", "b")),
    ],
)
def test_tokens_that_differ_only_in_words_are_counted(dialect, meaning, one, other):
    for read, next_read in [(frames(one), frames(other)), (upper_head(frames(one)), upper_head(frames(other)))]:
        matcher = learn(read, meaning, dialect)
        assert matcher is not None
        assert matcher.count(next_read) == 1
        assert matcher.count(read + next_read + read) == 3


@pytest.mark.parametrize(
    "read",
    [
        frames(*spell("content", "")),
        frames(*spell("reasoning_content", "a")),
        frames(ROLE),
        frames(FINISH),
        frames(chunk({"content": "a"}, "stop")),
        frames(chunk({"content": "a"}).replace(b'"m"', b'"n"')),
        frames(event({"error": "a"})),
        frames(b": ping\n\n"),
        frames(*spell("content", "a")) + b"0\r\n\r\n",
        frames(*spell("content", "a"))[:-1],
        frames(*spell("content", "a"))[1:],
        frames(chunk({"content": "a?"}).replace(b"?", b"\n")),
        frames(chunk({"content": "a?"}).replace(b"?", b"\x1f")),
        frames(chunk({"content": "a?"}).replace(b"?", b"\\")),
        frames(chunk({"content": "a?"}).replace(b"?", b"\\x")),
        frames(chunk({"content": "a?"}).replace(b"?", b"\\ud83d")),
        frames(chunk({"content": "a?"}).replace(b"?", b'","refusal":"')),
        SAID.replace(b"\r\n", b"0\r\n", 1),
        SAID.replace(b"\r\n", b";x\r\n", 1),
        SAID.replace(b"\r\n", b" \r\n", 1),
        b"0" + SAID,
        frames(b"".join(spell("content", "a", "b"))),
        b"\r\n",
    ],
)
def test_whatever_differs_outside_the_words_is_not_counted(read):
    matcher = learn(SAID)

    assert matcher is not None
    assert matcher.count(SAID + SAID) == 2
    assert matcher.count(read) == matcher.count(SAID + read) == matcher.count(read + SAID) == 0


@pytest.mark.parametrize("size", [1, 9, 10, 50, 90, 200, 3800, 5000])
def test_the_size_in_a_chunks_head_is_held_against_what_came(size):
    """At sizes where the head grows by a digit, too; chunks of four digits are not looked for."""
    read = frames(*spell("content", "a" * size))
    matcher = learn(SAID)

    assert matcher is not None
    assert matcher.count(read) == (len(read) < 0x1000)
    assert not matcher.count(read[:-20] + read[-19:])


@pytest.mark.parametrize(
    ("meaning", "read"),
    [
        (VISIBLE, frames(chunk({"content": "a", "refusal": "b"}))),
        (VISIBLE, frames(chunk({"content": "🙂"}).replace("🙂".encode(), b"\\ud83d\\ude42"))),
        (VISIBLE, frames(*spell("content", "a", "b"))),
        (VISIBLE, b"".join(chunked([b"data: ", spell("content", "a")[0][6:]])[:-1])),
        (HIDDEN, frames(*spell("content", "a"))),
    ],
)
def test_nothing_is_learnt_where_no_string_alone_makes_the_token(meaning, read):
    assert learn(read, meaning) is None


def test_the_middle_of_a_stream_is_not_decoded(monkeypatch):
    decoded = []
    chat = DIALECTS["chat"]

    def read(data: bytes, name: bytes) -> Meaning:
        decoded.append(data)
        return chat.read(data, name)

    monkeypatch.setitem(DIALECTS, "chat", chat._replace(read=read))
    tokens = spell("content", *map(str, range(100)))

    row = hear("chat", [head(), *chunked([ROLE, *tokens, FINISH])]).row

    assert (row.outcome, row.token_events, row.events) == ("ok", 100, 102)
    assert len(decoded) < 10


def test_a_stream_whose_tokens_all_differ_is_learnt_from_a_few_times_only(monkeypatch):
    learnt = []
    monkeypatch.setattr("firsttoken.wire.answer.answer.learn_matcher", lambda *read: learnt.append(read))
    tokens = [chunk({"content": "a"}, number=number) for number in range(100)]

    assert hear("chat", [head(), *chunked([*tokens, FINISH])]).row.token_events == 100
    assert len(learnt) == 8


TOKENS_FIRST = [head(), *chunked(spell("content", "a", "b", "c"))[:-1]]
BEGUN = TEXT + TEXT[:-1] + b"\r\n"
END = frames(FINISH) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("where", "reads"),
    [
        ("inside of a chunk", [b"%x\r\n" % len(BEGUN + frames(TEXT)) + BEGUN, frames(TEXT), b"\r\n", END]),
        ("after half a chunk's head", [frames(TEXT, TEXT) + b"f;", frames(TEXT)]),
        ("after half an event", [frames(b"data: {}"), frames(TEXT)]),
        ("after half a line", [frames(b": half"), frames(TEXT), END]),
        ("after an event's name", [frames(b"event: error\n"), frames(TEXT)]),
        ("after the answer's end", [END, frames(TEXT)]),
        ("with a line end of the event before", [frames(TEXT[:-2] + b"\r\n\r"), frames(b"\n" + TEXT), END]),
    ],
)
def test_what_looks_like_a_token_is_held_against_what_stands_before_it(where, reads):
    said, meant = (_hear(TOKENS_FIRST + reads, in_full=in_full) for in_full in (False, True))

    assert said == meant, where


def _hear(reads: list[bytes], *, in_full: bool) -> object:
    """The row, or what was raised."""
    try:
        return hear("chat", reads, in_full=in_full).row
    except (ProtocolError, HttpParserError) as problem:
        return str(problem)


TEXTS = st.one_of(st.text(max_size=6), st.sampled_from(["", '"', "\\", "\n", "null", 'a","refusal":"b']))
TOKENS = st.builds(spell, st.sampled_from(["content", "reasoning_content", "reasoning", "refusal"]), TEXTS)
OTHERS = st.sampled_from(
    [[ROLE], [FINISH], [b": ping\n\n"], [b"id: 1\n\n"], [b"event: x\n"], call("{"), [RESPONSES[4]]]
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.one_of(TOKENS, TOKENS, OTHERS), max_size=20), st.lists(st.integers(0, 4000), max_size=3))
def test_the_short_way_says_what_the_long_way_says(pieces, cuts):
    framed = chunked([chunk for piece in pieces for chunk in piece])
    whole = b"".join(framed)
    ends = sorted({*[sum(map(len, framed[:n])) for n in range(len(framed))], *[at for at in cuts if at < len(whole)]})
    reads = [head(), *(whole[at:end] for at, end in zip(ends, [*ends[1:], len(whole)], strict=True))]

    assert hear("chat", reads).row == hear("chat", reads, in_full=True).row
