"""Recorded traffic: when real requests came and how long they were, from a file, to be sent again at those times.

Rule: a trace is read line by line and kept in whole nanoseconds from its first request. A line that is no request is
left out and counted; where more than `MOST_LEFT_OUT` of them are none, the file is not what it should be, and is
refused with all that is wrong. An arrival at t of the trace's own time is due at (t - from)/speed of the run's.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple, TextIO

from firsttoken.decoding.duration import NS
from firsttoken.error import FirstTokenError
from firsttoken.traffic.trace_formats import BLOCK_TOKENS, BlockError, Format, LineError, find_format, list_formats

MOST_LEFT_OUT = 0.25
"""Of a trace with a larger share of lines that are no requests nothing is replayed."""
ANY_BLOCK = range(1, 1 << 20)


class TraceError(FirstTokenError, ValueError):
    """A trace that cannot be replayed; its text is the one sentence to show."""


class Arrival(NamedTuple):
    """One request of a trace."""

    at_ns: int
    """From the beginning of the window, at the speed asked for."""
    input_tokens: int
    output_tokens: int
    blocks: tuple[int, ...] = ()
    """What stands for each `block_tokens` of the prompt; empty where the trace does not say."""
    block_tokens: int = BLOCK_TOKENS


class Fault(NamedTuple):
    """A kind of line that is no request."""

    lines: int
    first_line: int


@dataclass(eq=False)
class Recording:
    """All requests of a trace in their order, and what in the file is no request."""

    format: Format
    times_ns: array[int] = field(default_factory=lambda: array("q"))
    """From the first request; ascending."""
    input_tokens: array[int] = field(default_factory=lambda: array("q"))
    output_tokens: array[int] = field(default_factory=lambda: array("q"))
    blocks: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Number of a request -> its hash_ids, where it has any."""
    faults: dict[str, Fault] = field(default_factory=dict)
    unsorted: int = 0
    """Lines whose time is before the line above's."""

    @property
    def rows(self) -> int:
        """Lines of the file, empty ones and a header apart."""
        return len(self.times_ns) + self.left_out

    @property
    def left_out(self) -> int:
        """Lines that are no requests."""
        return sum(fault.lines for fault in self.faults.values())

    @property
    def length_s(self) -> float:
        """From the first request to the last."""
        return self.times_ns[-1] / NS if self.times_ns else 0.0


def read_recording(path: Path, block_tokens: int = 0) -> Recording:
    """All of a trace. `block_tokens` above 0: what each of its hash_ids stands for, whatever the format says.

    Raises TraceError for a file that cannot be read, is of no known format, or holds too little that is a request.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            recording, fits = _read_lines(path, file, block_tokens)
    except OSError as error:
        raise TraceError(f"{path}: expected a readable trace, got: {error.strerror}") from None
    if recording.left_out > MOST_LEFT_OUT * recording.rows:
        raise TraceError(
            f"{path}: expected a trace of requests ({recording.format.name}), got "
            f"{describe_faults(recording)}{_name_block(fits)}"
        )
    if recording.unsorted:
        _sort(recording)
    return recording


def cut_window(
    recording: Recording, speed: float = 1.0, from_s: float = 0.0, to_s: float | None = None, longest: int = 0
) -> list[Arrival]:
    """The requests from `from_s` until before `to_s` (None: to the end), in their order.

    `longest` above 0 leaves out what has more tokens, prompt and answer together.
    """
    from_ns, until_ns = round(from_s * NS), math.inf if to_s is None else round(to_s * NS)
    size = recording.format.block_tokens
    return [
        Arrival(_divide(at_ns - from_ns, speed), prompt, answer, recording.blocks.get(number, ()), size)
        for number, (at_ns, prompt, answer) in enumerate(
            zip(recording.times_ns, recording.input_tokens, recording.output_tokens, strict=True)
        )
        if from_ns <= at_ns < until_ns and not 0 < longest < prompt + answer
    ]


def describe_emptiness(recording: Recording, from_s: float, to_s: float | None) -> str:
    """What is wrong with a window in which nothing is left."""
    window = f"from {from_s:g} s" + ("" if to_s is None else f" until before {to_s:g} s")
    return f"expected requests {window} of the trace, got none; the trace ends at {recording.length_s:g} s"


def describe_faults(recording: Recording) -> str:
    """What was left out of a trace: "2 of 1,000 rows: 2 with 0 tokens one way (first in line 502)"; empty: nothing."""
    if not recording.faults:
        return ""
    kinds = [
        f"{fault.lines:,} with {kind} (first in line {fault.first_line})" for kind, fault in recording.faults.items()
    ]
    return f"{recording.left_out:,} of {recording.rows:,} rows that are not requests: {', '.join(kinds)}"


class Busy(NamedTuple):
    """The stretch of a trace with the most requests."""

    from_s: float
    rate: float
    """Requests a second."""


def find_busiest(recording: Recording, length_s: float) -> Busy:
    """The busiest stretch of a given length that begins with a request."""
    times_ns, length_ns = recording.times_ns, round(length_s * NS)
    most, start, first = 0, 0, 0
    for last, at_ns in enumerate(times_ns):
        while at_ns - times_ns[first] >= length_ns:
            first += 1
        if last - first + 1 > most:
            most, start = last - first + 1, first
    return Busy(times_ns[start] / NS, most / length_s)


def _read_lines(path: Path, file: TextIO, block_tokens: int) -> tuple[Recording, range]:
    """The requests in the order of the file, and the block sizes that would fit every line whose blocks do not."""
    first = next(file, "").strip()
    found = find_format(first, block_tokens)
    if found is None:
        raise TraceError(f"{path}:1: expected {list_formats()}, got {_shown(first)}")
    recording, fits, first_ns = Recording(found), ANY_BLOCK, None
    for number, line in _number_lines(chain([first], file) if found.begins == 1 else file, found.begins):
        try:
            request = found.read(line)
        except LineError as error:
            lines, first_line = recording.faults.get(str(error), Fault(0, number))
            recording.faults[str(error)] = Fault(lines + 1, first_line)
            if isinstance(error, BlockError):
                fits = range(max(fits.start, error.fits.start), min(fits.stop, error.fits.stop))
            continue
        first_ns = request.at_ns if first_ns is None else first_ns
        if request.blocks:
            recording.blocks[len(recording.times_ns)] = request.blocks
        recording.times_ns.append(request.at_ns - first_ns)
        recording.input_tokens.append(request.input_tokens)
        recording.output_tokens.append(request.output_tokens)
    recording.unsorted = sum(later < earlier for earlier, later in pairwise(recording.times_ns))
    return recording, fits


def _number_lines(lines: Iterator[str], begins: int) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, begins):
        if stripped := line.strip():
            yield number, stripped


def _sort(recording: Recording) -> None:
    """Put the requests into the order of their times; those of one instant stay as they are."""
    times_ns = recording.times_ns
    order = sorted(range(len(times_ns)), key=times_ns.__getitem__)
    first_ns = times_ns[order[0]]
    recording.blocks = {new: recording.blocks[old] for new, old in enumerate(order) if old in recording.blocks}
    recording.input_tokens = array("q", (recording.input_tokens[old] for old in order))
    recording.output_tokens = array("q", (recording.output_tokens[old] for old in order))
    recording.times_ns = array("q", (times_ns[old] - first_ns for old in order))


def _name_block(fits: range) -> str:
    """The block size to write where one fits every line that the format's own does not; a power of 2 before others."""
    powers = [1 << power for power in range(20) if 1 << power in fits]
    size = next(iter(powers or fits), None)
    if size is None or fits == ANY_BLOCK:
        return ""
    return f"; {size} tokens fit all of these: write trace_block_tokens = {size} in [traffic]"


def _divide(span_ns: int, speed: float) -> int:
    """span/speed to the nearest ns, in whole numbers: a float has no room for the nanoseconds of a long trace."""
    numerator, denominator = speed.as_integer_ratio()
    return (2 * span_ns * denominator + numerator) // (2 * numerator)


def _shown(line: str) -> str:
    return f'"{line}"' if len(line) <= 80 else f'"{line[:77]}..."'
