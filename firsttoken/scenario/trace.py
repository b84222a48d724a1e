"""The trace of a scenario: its requests, their mean rate, and the mean lengths that stand for it in [traffic].

Rule: a trace is read where it is needed and never copied; what the report must know of it without the file, the mean
lengths, is written into the resolved scenario.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from statistics import fmean

import msgspec

from firsttoken.duration import parse_duration
from firsttoken.scenario.format import Replay
from firsttoken.scenario.values import ScenarioError
from firsttoken.traffic.trace import NS, Arrival, TraceError, read_trace

LEAST_S = 1e-3
"""A trace of one instant counts as this long."""


@lru_cache(maxsize=1)
def read_arrivals(replay: Replay) -> list[Arrival]:
    """The requests of the part of a trace that is replayed, due at the run's speed. Raises ScenarioError."""
    until_s = parse_duration(replay.trace_to) if replay.trace_to else None
    try:
        return read_trace(Path(replay.trace), replay.trace_speed, parse_duration(replay.trace_from), until_s)
    except TraceError as error:
        raise ScenarioError(f"traffic.trace: {error}") from None


def measure_trace(replay: Replay, arrivals: Sequence[Arrival]) -> float:
    """Seconds that the replay takes: to the end of its window where one is written, else to its last request."""
    if not replay.trace_to:
        return max(arrivals[-1].at_ns / NS, LEAST_S)
    return (parse_duration(replay.trace_to) - parse_duration(replay.trace_from)) / replay.trace_speed


def find_mean_rate(replay: Replay, arrivals: Sequence[Arrival]) -> float:
    """Its mean arrivals a second, to three significant digits."""
    return float(f"{len(arrivals) / measure_trace(replay, arrivals):.3g}")


def fill_lengths(traffic: dict[str, object]) -> None:
    """Write the trace's mean lengths where [traffic], as it stands in the file, leaves them out. Raises ScenarioError.

    A table that is not what it should be is left for the format to refuse.
    """
    try:
        replay = msgspec.convert(traffic, Replay)
    except msgspec.ValidationError:
        return
    left_out = [key for key in ("input_tokens", "output_tokens") if key not in traffic]
    if replay.trace and left_out:
        arrivals = read_arrivals(replay)
        for key in left_out:
            traffic[key] = max(1, round(fmean(getattr(arrival, key) for arrival in arrivals)))
