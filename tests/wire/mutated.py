"""Streams as servers send them, recorded and written, and a seeded hand that spoils them.

Rule: the same seed gives the same bytes. A stream is a list of reads; what is spoiled is mostly the middle, where reads
go the short way, and mostly a little, so that most of it is still understood.
"""

import gzip
import random
from collections.abc import Callable

from tests.wire.recordings import APIS, read_pieces
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
    head,
    plain,
    said,
    stream,
)

WORDS = ["a", " the", "\n", '"', "\\", "é", "漢", "🙂", "\t{}", "\x7f", "data: x", "error", "", " ", "null", "\u2028"]


def spell(kind: str, *texts: str, **more: object) -> list[bytes]:
    """Chat chunks that say these texts in a field of the delta."""
    return [chunk({kind: text}, **more) for text in texts]


def call(*arguments: str) -> list[bytes]:
    """Chat chunks that write the arguments of a tool call."""
    return [chunk({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}) for text in arguments]


def delta(kind: str, *texts: str) -> list[bytes]:
    """Responses events of a kind; their numbers all differ, as OpenAI's do, or are all the same."""
    return [said(f"response.{kind}.delta", item_id="msg_1", delta=text, logprobs=[]) for text in texts]


LATIN1 = chunk({"content": "caf?"}).replace(b"?", b"\xe9")
STREAMS: list[tuple[str, list[bytes]]] = [
    ("chat", CHAT),
    ("chat", [ROLE, *spell("content", *WORDS), FINISH, USAGE_CHUNK, DONE]),
    ("chat", [ROLE, *spell("reasoning_content", *WORDS[:6]), *spell("content", *WORDS[:6]), FINISH]),
    ("chat", [*spell("reasoning", *WORDS[:6]), *spell("refusal", *WORDS[:4]), *call('{"a', '":', "1}"), FINISH]),
    ("chat", [chunk({"content": text, "reasoning_content": ""}) for text in WORDS] + [FINISH]),
    ("chat", [*spell("content", *WORDS[:5]), b": ping\n\n", *spell("content", "b", "c"), TEXT, TEXT, FINISH]),
    ("chat", [b"event: chunk\nid: 7\n" + piece for piece in CHAT]),
    ("chat", [piece.replace(b"\n", b"\r\n") for piece in CHAT]),
    ("chat", [piece.replace(b"\n", b"\r") for piece in CHAT]),
    ("chat", [piece.replace(b":", b": ").replace(b",", b", ") for piece in CHAT]),
    ("chat", [LATIN1, LATIN1, LATIN1, FINISH]),
    ("completions", [*map(completion, WORDS), completion(" end", "stop", usage=USAGE), DONE]),
    ("chat", [*spell("content", *WORDS[:5], usage=USAGE), FINISH]),
    ("responses", RESPONSES),
    (
        "responses",
        [*RESPONSES[:4], *delta("reasoning_summary_text", *WORDS), *delta("output_text", *WORDS), RESPONSES[-1]],
    ),
    ("responses", [*RESPONSES[:4], *delta("reasoning_text", *WORDS), *delta("refusal", *WORDS), RESPONSES[-1]]),
    ("chat", [ROLE, *spell("content", "<think>", "hm", " so", " <b>", "</think>", "\n\n", "42", "!"), FINISH, DONE]),
    ("chat", [*spell("content", "<thi", "nk>hm", " so", " it", "</th", "ink>", "4", "2", " <", "i>"), FINISH, DONE]),
    ("chat", [*spell("content", "hm", " so", " it", "</think>", "42", "!", "!"), FINISH]),
    (
        "chat",
        [*(chunk({"content": [{"type": "thinking", "thinking": text}]}) for text in WORDS[:5]), TEXT, TEXT, FINISH],
    ),
    ("chat", [*(chunk({"content": [{"type": "text", "text": text}]}) for text in WORDS), FINISH, USAGE_CHUNK]),
    ("chat", [*(chunk({"content": [{"text": text, "type": "thinking"}]}) for text in WORDS[:5]), TEXT, FINISH]),
    (
        "chat",
        [*(chunk({"reasoning_details": [{"type": "reasoning.text", "text": text}]}) for text in "abc"), TEXT, DONE],
    ),
    ("chat", [ROLE, TEXT, b"data:\n\n", b"event: ping\ndata: x\n\n", b"data: null\n\n", TEXT, FINISH, USAGE_CHUNK]),
    ("chat", [TEXT, TEXT, b"".join(piece.replace(b"\n\n", b"\n") for piece in (TEXT, TEXT, FINISH)) + b"\n"]),
    ("responses", [piece.replace(b'"type":', b'"kind":') for piece in RESPONSES]),
    ("responses", [*RESPONSES[:4], *delta("output_text", "<think>", "hm", "</think>", "4", "2"), RESPONSES[-1]]),
    *((api, read_pieces(api)) for api in APIS),
]

PIECES = [
    *CHAT,
    *RESPONSES[4:6],
    head(),
    stream(CHAT),
    plain("500 Oops", b'{"error": "Oh no"}'),
    *(b"\r", b"\n", b"\r\n", b"\n\n", b"data: ", b"data:", b"event: error\n", b"id: 1\n", b": x\n", b"\xef\xbb\xbf"),
    *(b"{", b"}", b'"', b'\\"', b"\\", b"\\ud83d", b"\\u00e9", b"\\x", b"\0", b"\xff", b"\x1f", b"0\r\n\r\n", b"5\r\n"),
    *(b'"content":', b'"content":""', b'"error":{}', b'"finish_reason":"stop"', b"null", b"HTTP/1.1 100 Go\r\n\r\n"),
]


TOLD = ("x_ratelimit_reset_tokens", "x_ratelimit_limit_requests", "x_ratelimit_remaining_tokens", "retry_after", "date")
"""Headers whose values are read, by the names that `head` takes."""
VALUES = (
    *("0000-00-00T00:00:00Z", "2026-13-01T00:00:00Z", "2026-02-30T25:61:61Z", "9999-12-31T23:59:60.999Z"),
    *("1m30s", "6s", "-1", "1e999", "nan", "9" * 40, "0x10", " ", "\u00e9", "1,2;w=60"),
    "Wed, 99 Foo 2026 25:00:00 GMT",
)


def change_byte(rng: random.Random, text: bytes) -> bytes:
    at = rng.randrange(len(text))
    return text[:at] + bytes([rng.choice((rng.randrange(256), text[at] ^ 0x20, text[at] ^ 1))]) + text[at + 1 :]


def drop(rng: random.Random, text: bytes) -> bytes:
    at = rng.randrange(len(text))
    return text[:at] + text[at + rng.choice((1, 1, 2, 8, 300)) :]


def double(rng: random.Random, text: bytes) -> bytes:
    at = rng.randrange(len(text))
    return text[: at + rng.choice((1, 2, 8, 300))] + text[at:]


def insert(rng: random.Random, text: bytes) -> bytes:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(PIECES) + text[at:]


SPOIL: list[Callable[[random.Random, bytes], bytes]] = [change_byte, drop, double, insert]


def spoil(rng: random.Random, texts: list[bytes]) -> list[bytes]:
    """Change one to three places of a list of texts, or their order."""
    texts = list(texts)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.randrange(len(texts))
        if rng.random() < 0.2:
            texts.insert(rng.randrange(len(texts)), texts[at])
        elif texts[at]:
            texts[at] = rng.choice(SPOIL)(rng, texts[at])
    return texts


def cut(rng: random.Random, reads: list[bytes]) -> list[bytes]:
    """Have some reads end elsewhere: two in one, or one in two."""
    whole: list[bytes] = []
    for read in reads:
        if whole and rng.random() < 0.15:
            whole[-1] += read
        elif len(read) > 1 and rng.random() < 0.1:
            at = rng.randrange(1, len(read))
            whole += [read[:at], read[at:]]
        else:
            whole.append(read)
    return whole


def make_case(seed: int) -> tuple[str, list[bytes]]:
    """A dialect, and the reads in which an answer of it arrives: spoiled before it was framed, after it, or not."""
    rng = random.Random(seed)
    dialect, pieces = STREAMS[seed % len(STREAMS)]
    headers: dict[str, str | None] = {}
    if rng.random() < 0.5:
        pieces = spoil(rng, pieces)
    if rng.random() < 0.03:
        pieces, headers = [gzip.compress(b"".join(pieces), mtime=0)], {"content_encoding": "gzip"}
    if rng.random() < 0.1:
        headers |= {rng.choice(TOLD): rng.choice(VALUES)}
    capital = rng.random() < 0.2
    framed = chunked(piece for piece in pieces if piece)
    reads = [head(**headers), *(upper_head(frame) if capital else frame for frame in framed)]
    if rng.random() < 0.35:
        reads = spoil(rng, reads)
    return dialect, [read for read in cut(rng, reads) if read]


def upper_head(frame: bytes) -> bytes:
    """A chunk whose size is written in capitals."""
    size, rest = frame.split(b"\r\n", 1)
    return size.upper() + b"\r\n" + rest
