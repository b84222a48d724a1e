"""The formats in which others record their traffic, recognised by the columns or the keys of the first line.

Rule: one table each of what a format calls its time, its prompt and its answer; a line that is no request is refused in
words that do not depend on its content, so that the like of it can be counted.

    Azure LLM inference     CSV, "TIMESTAMP,ContextTokens,GeneratedTokens"; times in UTC with up to nine decimals
    BurstGPT                CSV, "Timestamp,Model,Request tokens,Response tokens,..."; times in seconds; a failed call
                            has 0 response tokens
    Splitwise               CSV of arrival_timestamp (s), prompt_size and token_size
    Vidur                   CSV of arrived_at (s), num_prefill_tokens and num_decode_tokens
    Mooncake                JSON lines of timestamp (ms), input_length, output_length and hash_ids, one number for each
                            512 tokens of the prompt: what begins with the same numbers begins with the same text
    Qwen-Bailian            JSON lines as Mooncake's, with chat_id, times in seconds and blocks of 16 tokens
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import NamedTuple

import msgspec

from firsttoken.decoding.duration import NS
from firsttoken.decoding.unreadable import UNREADABLE

BLOCK_TOKENS = 512
"""Tokens of a prompt that one number of hash_ids stands for where a format says nothing else; the last one's may be
fewer."""


class LineError(ValueError):
    """A line that is no request that can be replayed; its text is the kind of fault."""


class Recorded(NamedTuple):
    """One request, read from its line."""

    at_ns: int
    """On the clock of the trace."""
    input_tokens: int
    output_tokens: int
    blocks: tuple[int, ...] = ()


class Format(NamedTuple):
    """How one format is read: a line to a request, or LineError."""

    name: str
    read: Callable[[str], Recorded]
    begins: int
    """The number of the first line that is a request."""
    clock: str
    """The unit of its times."""
    block_tokens: int = BLOCK_TOKENS


class CsvColumns(NamedTuple):
    """What a format in CSV calls what is needed."""

    name: str
    time: str
    input: str
    output: str
    clock: str
    read_time: Callable[[str], int]


_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9})[0-9]*)?(?:\+00:?00|Z)?"
)


def read_date(text: str) -> int:
    """Nanoseconds since 1970 of a date and time in UTC."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise LineError(_name_fault(text, "an invalid time"))
    try:
        second = int(datetime.fromisoformat(f"{found[1]}+00:00").timestamp())
    except ValueError:
        raise LineError("an invalid time") from None
    if abs(second) > MOST_S:
        raise LineError("an invalid time")
    return second * NS + int((found[2] or "").ljust(9, "0"))


def read_seconds(text: str) -> int:
    """Nanoseconds of a number of seconds, exact to the last digit."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise LineError(_name_fault(text, "an invalid time")) from None
    if not number.is_finite() or abs(number) > MOST_S:
        raise LineError("an invalid time")
    return int(number * NS)


MOST_S = 4e9
"""Seconds either way: the nanoseconds between two times beyond it would not fit into 64 bits."""
MOST_TOKENS = 10**9
"""No prompt has more."""

CSV = (
    CsvColumns("Azure LLM inference", "TIMESTAMP", "ContextTokens", "GeneratedTokens", "date", read_date),
    CsvColumns("BurstGPT", "Timestamp", "Request tokens", "Response tokens", "s", read_seconds),
    CsvColumns("Splitwise", "arrival_timestamp", "prompt_size", "token_size", "s", read_seconds),
    CsvColumns("Vidur", "arrived_at", "num_prefill_tokens", "num_decode_tokens", "s", read_seconds),
)


def find_format(first: str, block_tokens: int = 0) -> Format | None:
    """The format of a trace by its first line; None for one that is not known.

    `block_tokens` above 0 is said of its hash_ids by who knows better than the format.
    """
    if first.startswith("{"):
        return _find_json(first, block_tokens)
    header = [column.strip().strip('"').casefold() for column in first.split(",")]
    for columns in CSV:
        wanted = [column.casefold() for column in (columns.time, columns.input, columns.output)]
        if set(wanted) <= set(header):
            places = [header.index(column) for column in wanted]
            return Format(columns.name, partial(_read_csv, columns, places), 2, columns.clock)
    return None


def list_formats() -> str:
    """What a trace may begin with, in words."""
    headers = "; ".join(f"{each.name}: {each.time}, {each.input}, {each.output}" for each in CSV)
    return (
        f"the header of a CSV ({headers}), or a JSON object of timestamp, input_length, output_length and hash_ids "
        "(Mooncake in ms, Qwen-Bailian, with chat_id, in s)"
    )


def _read_csv(columns: CsvColumns, places: list[int], line: str) -> Recorded:
    fields = line.split(",")
    if max(places) >= len(fields):
        raise LineError("fewer fields than the header")
    time, prompt, answer = (fields[place].strip().strip('"') for place in places)
    return _check(Recorded(columns.read_time(time), read_count(prompt), read_count(answer)))


def read_count(text: str) -> int:
    """A number of tokens."""
    try:
        number = float(text)
    except ValueError:
        raise LineError(_name_fault(text, "an invalid number of tokens")) from None
    if not abs(number) <= MOST_TOKENS or not number.is_integer():
        raise LineError("an invalid number of tokens")
    return int(number)


def _name_fault(text: str, otherwise: str) -> str:
    return otherwise if text.strip() else "a blank field"


def _check(request: Recorded) -> Recorded:
    if request.input_tokens < 0 or request.output_tokens < 0:
        raise LineError("a negative number of tokens")
    if not request.input_tokens or not request.output_tokens:
        raise LineError("0 tokens one way")
    return request


class _Line(msgspec.Struct):
    timestamp: Decimal
    input_length: Decimal
    output_length: Decimal
    hash_ids: tuple[int, ...] | None = None


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KEYS = {"timestamp", "input_length", "output_length"}


def _find_json(first: str, block_tokens: int) -> Format | None:
    try:
        keys: Mapping[str, object] = _decode_object(first)
    except UNREADABLE:
        keys = {}
    if keys and not keys.keys() & _KEYS:
        return None
    name, clock, unit_ns, block = ("Mooncake", "ms", 1_000_000, BLOCK_TOKENS)
    if "chat_id" in keys:
        name, clock, unit_ns, block = ("Qwen-Bailian", "s", NS, 16)
    block = block_tokens or block
    return Format(name, lambda line: _read_json(line, unit_ns, block), 1, clock, block)


def _read_json(line: str, unit_ns: int, block_tokens: int) -> Recorded:
    try:
        read = _decode_line(line)
    except UNREADABLE:
        raise LineError("fields that are missing, blank or not numbers") from None
    if not read.timestamp.is_finite() or abs(read.timestamp) > MOST_S * NS / unit_ns:
        raise LineError("an invalid time")
    prompt, answer = read_count(str(read.input_length)), read_count(str(read.output_length))
    request = _check(Recorded(int(read.timestamp * unit_ns), prompt, answer, read.hash_ids or ()))
    if request.blocks and len(request.blocks) != math.ceil(prompt / block_tokens):
        raise BlockError(prompt, len(request.blocks), block_tokens)
    return request


class BlockError(LineError):
    """A line whose hash_ids are not one for each so many tokens of its prompt."""

    def __init__(self, tokens: int, blocks: int, block_tokens: int) -> None:
        super().__init__(f"hash_ids that are not one for each {block_tokens} tokens of input_length")
        self.fits = range(math.ceil(tokens / blocks), math.ceil(tokens / (blocks - 1)) if blocks > 1 else 1 << 20)
        """The block sizes that would fit it: those with ceil(tokens / size) = blocks."""
