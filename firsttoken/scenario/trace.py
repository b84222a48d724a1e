"""The trace of a scenario: its requests, their mean rate, and the mean lengths that stand for it in [traffic].

Rule: a trace is read where it is needed and never copied; what the report must know of it without the file, the mean
lengths and what was left out of it, is written into the resolved scenario.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from statistics import fmean

import msgspec

from firsttoken.decoding.duration import NS, parse_duration
from firsttoken.scenario.format import Replay
from firsttoken.scenario.values import ScenarioError
from firsttoken.traffic.trace import (
    Arrival,
    Recording,
    TraceError,
    cut_window,
    describe_emptiness,
    describe_faults,
    find_busiest,
    read_recording,
)

LEAST_S = 1e-3
"""A trace of one instant counts as this long."""
MOST_RATE, SUSPICIOUS_RATE = 2_000.0, 200.0
"""Requests a second above which a replay gives a warning: no service of one account has so many."""
LEAST_RATE = 0.01
"""Requests a second below which the times of a trace give a warning."""
DENSER, SPARSER = {"ms": "seconds"}, {"ms": "microseconds", "s": "milliseconds"}
"""Clock of a format -> the unit that times were written in where they are read as too dense, or as too sparse."""
FEW = 20
"""Requests from which on a rate says something."""
UNLIKE = 2.0
"""A window stands for its trace while neither the whole nor the busiest stretch has so many times its rate."""


def read_whole(replay: Replay) -> Recording:
    """All of a trace, whatever part of it is replayed. Raises ScenarioError."""
    path = Path(replay.trace)
    try:
        written = path.stat()
        return _read(path, replay.trace_block_tokens, written.st_mtime_ns, written.st_size)
    except OSError as error:
        raise ScenarioError(f"traffic.trace: {path}: expected a readable trace, got: {error.strerror}") from None
    except TraceError as error:
        raise ScenarioError(f"traffic.trace: {error}") from None


@lru_cache(maxsize=1)
def _read(path: Path, block_tokens: int, _written_ns: int, _size: int) -> Recording:
    """A trace, read again only after it has been written anew."""
    return read_recording(path, block_tokens)


def read_arrivals(replay: Replay) -> list[Arrival]:
    """The requests of the part of a trace that is replayed, due at the run's speed. Raises ScenarioError."""
    return _cut(replay, read_whole(replay))


@lru_cache(maxsize=1)
def _cut(replay: Replay, recording: Recording) -> list[Arrival]:
    from_s, until_s = parse_duration(replay.trace_from), _find_end(replay)
    arrivals = cut_window(recording, replay.trace_speed, from_s, until_s, replay.trace_longest)
    if not arrivals:
        longest = f" of at most {replay.trace_longest:,} tokens" if replay.trace_longest else ""
        raise ScenarioError(f"traffic.trace: {replay.trace}: {describe_emptiness(recording, from_s, until_s)}{longest}")
    return arrivals


def measure_trace(replay: Replay, arrivals: Sequence[Arrival]) -> float:
    """Seconds that the replay takes: to the end of its window where one is written, else to its last request."""
    if not replay.trace_to:
        return max(arrivals[-1].at_ns / NS, LEAST_S)
    return (parse_duration(replay.trace_to) - parse_duration(replay.trace_from)) / replay.trace_speed


def find_mean_rate(replay: Replay, arrivals: Sequence[Arrival]) -> float:
    """Its mean arrivals a second, to three significant digits."""
    return float(f"{len(arrivals) / measure_trace(replay, arrivals):.3g}")


def fill_trace(traffic: dict[str, object]) -> None:
    """Write into [traffic], as it stands in the file, what its trace says: mean lengths, and what was left out of it.

    A table that is not what it should be is left for the format to refuse. Raises ScenarioError.
    """
    try:
        replay = msgspec.convert(traffic, Replay)
    except msgspec.ValidationError:
        return
    if not replay.trace:
        return
    arrivals = read_arrivals(replay)
    for key in ("input_tokens", "output_tokens"):
        if key not in traffic:
            traffic[key] = max(1, round(fmean(getattr(arrival, key) for arrival in arrivals)))
    traffic.pop("trace_left_out", None)
    if left_out := describe_left_out(replay):
        traffic["trace_left_out"] = left_out


def describe_left_out(replay: Replay) -> str:
    """What of a trace is not replayed though it lies in the window; empty where nothing is."""
    recording = read_whole(replay)
    parts = [describe_faults(recording)]
    if replay.trace_longest:
        window = cut_window(recording, 1.0, parse_duration(replay.trace_from), _find_end(replay))
        over = sum(each.input_tokens + each.output_tokens > replay.trace_longest for each in window)
        parts.append(
            f"{over:,} of {len(window):,} requests of more than {replay.trace_longest:,} tokens" if over else ""
        )
    return "; ".join(filter(None, parts))


def check_rate(replay: Replay) -> None:
    """Refuse a trace whose times cannot be meant. Raises ScenarioError."""
    if not replay.trace:
        return
    arrivals = read_arrivals(replay)
    if len(arrivals) >= FEW and find_mean_rate(replay, arrivals) > MOST_RATE:
        raise ScenarioError(f"traffic.trace: {_describe_rush(replay, arrivals)}")


def warn_of_trace(replay: Replay) -> Iterator[str]:
    """Warnings about a trace: lines that are no requests, times too dense, a window unlike the whole."""
    if not replay.trace:
        return
    recording, arrivals = read_whole(replay), read_arrivals(replay)
    if left_out := describe_left_out(replay):
        yield f"traffic.trace ({recording.format.name}): left out {left_out}"
    if recording.unsorted:
        counted, were = ("request", "was") if recording.unsorted == 1 else ("requests", "were")
        yield f"traffic.trace: {recording.unsorted:,} {counted} {were} out of order and {were} sorted by time"
    if len(arrivals) >= FEW and find_mean_rate(replay, arrivals) > SUSPICIOUS_RATE:
        yield f"traffic.trace: {_describe_rush(replay, arrivals)}"
    yield from _warn_of_lull(replay, recording, arrivals)
    yield from _warn_of_window(replay, recording)


def _describe_rush(replay: Replay, arrivals: Sequence[Arrival]) -> str:
    length_s, unit = measure_trace(replay, arrivals), DENSER.get(read_whole(replay).format.clock)
    rate = find_mean_rate(replay, arrivals)
    dense = f"{len(arrivals):,} requests within {length_s:.3g} s, {rate:,.4g}/s"
    speed = float(f"{replay.trace_speed / 1000:.6g}")
    if unit and rate / 1000 < SUSPICIOUS_RATE:
        return f"{dense}: are the times in {unit}? then set trace_speed = {speed:g}"
    bound = f"expected at most {MOST_RATE:,.0f}/s" if rate > MOST_RATE else "are they meant?"
    return f"{dense}: {bound}; a trace_speed below {replay.trace_speed:g} spreads them out"


def _warn_of_lull(replay: Replay, recording: Recording, arrivals: Sequence[Arrival]) -> Iterator[str]:
    """A sentence where requests are so far apart that their times were probably written in a smaller unit."""
    unit, rate = SPARSER.get(recording.format.clock), find_mean_rate(replay, arrivals)
    if unit and len(arrivals) >= FEW and rate < LEAST_RATE:
        length_s, speed = measure_trace(replay, arrivals), float(f"{replay.trace_speed * 1000:.6g}")
        yield (
            f"traffic.trace: {len(arrivals):,} requests within {length_s:,.0f} s, {rate:.3g}/s: are the times in "
            f"{unit}? then set trace_speed = {speed:g}"
        )


def _warn_of_window(replay: Replay, recording: Recording) -> Iterator[str]:
    """A sentence where the replayed window has another load than its trace. Rates are the trace's own."""
    from_s, until_s = parse_duration(replay.trace_from), _find_end(replay)
    if not from_s and until_s is None:
        return
    window = cut_window(recording, 1.0, from_s, until_s)
    length_s = min(recording.length_s, (recording.length_s if until_s is None else until_s) - from_s)
    if length_s <= 0 or len(recording.times_ns) < FEW:
        return
    rate, whole = len(window) / length_s, len(recording.times_ns) / recording.length_s
    busiest = find_busiest(recording, length_s)
    if busiest.rate >= UNLIKE * rate or not 1 / UNLIKE < whole / rate < UNLIKE:
        yield (
            f"traffic.trace: the replayed window has {rate:.2g} requests/s, the whole trace {whole:.2g}/s, its "
            f"busiest {length_s:,.3g} s {busiest.rate:.2g}/s (from {busiest.from_s:,.0f} s): results of this window "
            "may not hold for the whole trace"
        )


def _find_end(replay: Replay) -> float | None:
    return parse_duration(replay.trace_to) if replay.trace_to else None
