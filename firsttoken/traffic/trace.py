"""Recorded traffic: when real requests came and how long they were, from a file, to be sent again at those times.

Rule: a trace is read line by line and kept in whole nanoseconds from its first request; a file that is not what it
should be is refused with the number of the line. Two formats are told apart by their first line:

    Azure LLM inference     CSV, "TIMESTAMP,ContextTokens,GeneratedTokens"; times in UTC with up to nine decimals
    Mooncake                JSON lines of timestamp (ms), input_length, output_length and hash_ids, one number for each
                            512 tokens of the prompt: what begins with the same numbers begins with the same text

An arrival at t of the trace's own time is due at (t - from)/speed of the run's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec

NS = 1_000_000_000
BLOCK_TOKENS = 512
"""Tokens of a prompt that one number of hash_ids stands for; the last one's may be fewer."""
AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens"
_AZURE_LINE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(?:\+00:00)?,([0-9]+),([0-9]+)"
)


class TraceError(ValueError):
    """A trace that cannot be replayed; its text is the one sentence to show."""


class Arrival(NamedTuple):
    """One request of a trace."""

    at_ns: int
    """From the beginning of the window, at the speed asked for."""
    input_tokens: int
    output_tokens: int
    blocks: tuple[int, ...] = ()
    """What stands for each BLOCK_TOKENS of the prompt; empty where the trace does not tell."""


def read_trace(path: Path, speed: float = 1.0, from_s: float = 0.0, to_s: float | None = None) -> list[Arrival]:
    """The requests of a trace from `from_s` until before `to_s` (None: to its end), in their order.

    Raises TraceError for a file that cannot be read or is neither format, a line that is not a request or goes back
    in time, and a window without requests.
    """
    from_ns, until_ns = round(from_s * NS), math.inf if to_s is None else round(to_s * NS)
    arrivals: list[Arrival] = []
    last_ns = 0
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            for arrival in _read_offsets(path, file):
                last_ns = arrival.at_ns
                if last_ns >= until_ns:
                    break
                if last_ns >= from_ns:
                    arrivals.append(arrival._replace(at_ns=_divide(last_ns - from_ns, speed)))
    except OSError as error:
        raise TraceError(f"{path}: expected a readable trace, got: {error.strerror}") from None
    if not arrivals:
        window = f"from {from_s:g} s" + ("" if to_s is None else f" until before {to_s:g} s")
        raise TraceError(f"{path}: expected requests {window} of the trace, got none; it goes to {last_ns / NS:g} s")
    return arrivals


def _read_offsets(path: Path, file: TextIO) -> Iterator[Arrival]:
    """Yield every request at its time since the first one."""
    first_ns = before_ns = None
    for number, arrival in _read_lines(path, file):
        first_ns = arrival.at_ns if first_ns is None else first_ns
        if before_ns is not None and arrival.at_ns < before_ns:
            raise TraceError(f"{path}:{number}: expected a time not before the line above, got an earlier one; sort it")
        before_ns = arrival.at_ns
        yield arrival._replace(at_ns=before_ns - first_ns)


def _read_lines(path: Path, file: TextIO) -> Iterator[tuple[int, Arrival]]:
    """Yield every request at its own time, with the number of its line; empty lines are passed over."""
    first = next(file, "").strip()
    if first == AZURE:
        read, begin, lines = _read_azure, 2, iter(file)
    elif first.startswith("{"):
        read, begin, lines = _read_mooncake, 1, chain([first], file)
    else:
        expected = f'the header "{AZURE}", or a JSON object of timestamp, input_length, output_length and hash_ids'
        raise TraceError(f"{path}:1: expected {expected}, got {_shown(first)}")
    for number, line in enumerate(lines, begin):
        if line := line.strip():
            try:
                yield number, read(line)
            except ValueError as error:
                raise TraceError(f"{path}:{number}: expected {error}, got {_shown(line)}") from None


def _read_azure(line: str) -> Arrival:
    found = _AZURE_LINE.fullmatch(line)
    if found is None:
        raise ValueError('a request such as "2023-11-16 18:17:03.9799600,4808,10"')
    moment, fraction, read, written = found.groups()
    try:
        second = int(datetime.fromisoformat(f"{moment}+00:00").timestamp())
    except ValueError:
        raise ValueError("a date and time of the calendar") from None
    return _checked(Arrival(second * NS + int((fraction or "").ljust(9, "0")), int(read), int(written)))


class _MooncakeLine(msgspec.Struct):
    timestamp: Decimal
    input_length: int
    output_length: int
    hash_ids: tuple[int, ...] = ()


_decode_mooncake: Callable[[str], _MooncakeLine] = msgspec.json.Decoder(_MooncakeLine).decode


def _read_mooncake(line: str) -> Arrival:
    try:
        read = _decode_mooncake(line)
    except msgspec.DecodeError as error:
        example = '{"timestamp": 0, "input_length": 600, "output_length": 9, "hash_ids": [1, 2]}'
        raise ValueError(f"a request such as {example} ({error})") from None
    if read.hash_ids and len(read.hash_ids) != math.ceil(read.input_length / BLOCK_TOKENS):
        raise ValueError(f"one of hash_ids for each {BLOCK_TOKENS} tokens of input_length")
    at_ns = int(read.timestamp * 1_000_000)
    return _checked(Arrival(at_ns, read.input_length, read.output_length, read.hash_ids))


def _checked(arrival: Arrival) -> Arrival:
    if arrival.input_tokens < 1 or arrival.output_tokens < 1:
        raise ValueError("1 token or more each way, as less cannot be asked for")
    return arrival


def _divide(span_ns: int, speed: float) -> int:
    """span/speed to the nearest ns, in whole numbers: a float has no room for the nanoseconds of a long trace."""
    numerator, denominator = speed.as_integer_ratio()
    return (2 * span_ns * denominator + numerator) // (2 * numerator)


def _shown(line: str) -> str:
    return f'"{line}"' if len(line) <= 80 else f'"{line[:77]}..."'
