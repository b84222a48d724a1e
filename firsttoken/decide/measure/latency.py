"""Latencies of attempts and requests, by the definitions of the glossary.

    TTFT  first_token - sent
    TTFO  first_visible - sent
    user-perceived TTFT  first_token of the attempt that succeeded - intended of the first attempt
    e2e   end - intended of the first attempt
    TPOT  (last_token - first_token) / (streamed - 1)
    streamed = output tokens, less reasoning tokens whose text was not streamed

Rule: a latency is taken from requests that succeeded with a product; errors and empty answers are counted beside it,
never mixed in. A request that failed has an infinite user-perceived TTFT. One that the end of the run cut off is known
to be *at least* so slow: its floor. In a closed loop `intended` is when the user became free, so user-perceived latency
cannot see the lateness that a crowd which does not wait for answers would have felt.
"""

from dataclasses import dataclass

import numpy as np

from firsttoken.decide.measure.attempts import Attempts, Bools, Floats, Ints, Requests
from firsttoken.row import BURST_TOKENS

NS_PER_MS = 1e6
US_PER_MS = 1e3


@dataclass(frozen=True, eq=False)
class Latency:
    """One latency of every request, in ms."""

    value: Floats
    """Known latency; inf where no answer ever came; nan where it is unknown or there is none."""
    floor: Floats
    """Where the value is unknown, at least this; nan where it is known, or where there is none to know."""


def ttft_ms(attempts: Attempts) -> Floats:
    return (attempts.first_token_ns - attempts.sent_ns) / NS_PER_MS


def ttfo_ms(attempts: Attempts) -> Floats:
    return (attempts.first_visible_ns - attempts.sent_ns) / NS_PER_MS


def streamed_tokens(attempts: Attempts) -> Floats:
    """Tokens whose text came over the wire; nan where the server reported no usage or streamed a summary.

    Reasoning that was not streamed shows as a first token that is visible at once although reasoning was counted.
    """
    hidden = attempts.first_token_ns == attempts.first_visible_ns
    streamed = attempts.output_tokens - np.where(hidden, np.nan_to_num(attempts.reasoning_tokens), 0)
    return np.where(attempts.summarised, np.nan, streamed)


def has_pace(attempts: Attempts) -> Bools:
    """Whether there is a pace at all: a single token, or one event that held everything, has none.

    A longer answer that was held back had one, which is unknown; of a short one this is unknown.
    """
    streamed = streamed_tokens(attempts)
    in_events = ~(streamed < 2) & (attempts.token_events >= 2)
    return np.where(attempts.buffered, ~(streamed < BURST_TOKENS) & (attempts.token_events >= 1), in_events)


def tpot_ms(attempts: Attempts) -> Floats:
    """Mean time per output token after the first; nan where there is no pace, or it is unknown."""
    paced = has_pace(attempts) & ~attempts.buffered
    span_ms = (attempts.last_token_ns - attempts.first_token_ns) / NS_PER_MS
    return np.where(paced, span_ms / np.where(paced, streamed_tokens(attempts) - 1, 1), np.nan)


def late_tokens(gap_count: Ints, gaps_us: Ints, streamed: Floats, pace_ms: float) -> Floats:
    """Tokens of each attempt that came later than a reader needs them who starts at the first and takes pace_ms each.

    Per attempt: how many gaps it has in the flat `gaps_us`, and its streamed tokens. They are spread evenly over token
    events: event i holds tokens i w to (i + 1) w, and of these the reader was already waiting for those that are due
    before the event came.
    """
    weight = np.repeat(streamed / (gap_count + 1), gap_count)
    begins = np.cumsum(gap_count) - gap_count
    walked = np.cumsum(gaps_us, dtype=np.int64)
    before = np.repeat(np.where(begins > 0, walked[begins - 1], 0), gap_count) if len(walked) else walked
    came_ms = (walked - before) / US_PER_MS
    event = np.arange(len(walked)) - np.repeat(begins, gap_count) + 1
    late = np.clip(came_ms / pace_ms - event * weight, 0, weight)
    of_attempt = np.repeat(np.arange(len(gap_count)), gap_count)
    return np.bincount(of_attempt, late, len(gap_count)).astype(np.float64)


def measure_latencies(attempts: Attempts, requests: Requests) -> dict[str, Latency]:
    """Every latency of every request by metric; ttft, ttfo, tpot and stall are those of its last attempt."""
    last = requests.last
    waited_ms = np.where(requests.waiting, 0, (requests.end_ns - attempts.sent_ns[last]) / NS_PER_MS)
    lived_ms = (requests.end_ns - requests.intended_ns) / NS_PER_MS
    felt_ms = (attempts.first_token_ns[last] - requests.intended_ns) / NS_PER_MS
    gap_ms = np.where(attempts.buffered, np.nan, attempts.longest_gap_us)[last] / US_PER_MS
    ttfo = _at_mark(requests, ttfo_ms(attempts)[last], waited_ms)
    unseen = requests.succeeded & attempts.unseen[last] & np.isnan(ttfo.value)
    tpot = _at_end(requests, tpot_ms(attempts)[last], np.zeros(len(requests)))
    unmetered = requests.succeeded & np.isnan(tpot.value) & has_pace(attempts)[last]
    return {
        "ttft_ms": _at_mark(requests, ttft_ms(attempts)[last], waited_ms),
        "ttfo_ms": Latency(ttfo.value, np.where(unseen, np.nan_to_num(ttft_ms(attempts)[last]), ttfo.floor)),
        "felt_ttft_ms": _at_mark(requests, np.where(requests.gave_up, np.inf, felt_ms), lived_ms),
        "tpot_ms": Latency(tpot.value, np.where(unmetered, 0, tpot.floor)),
        "e2e_ms": _at_end(requests, lived_ms, lived_ms),
        "stall_ms": _at_end(requests, gap_ms, gap_ms),
    }


def _at_mark(requests: Requests, mark_ms: Floats, so_far_ms: Floats) -> Latency:
    """A latency that is known as soon as its mark came; of a success without the mark the floor is infinite."""
    seen = ~np.isnan(mark_ms) & ~requests.waiting & (requests.succeeded | requests.unjudged | np.isinf(mark_ms))
    floor = np.where(requests.unjudged, np.nan_to_num(so_far_ms), np.where(requests.succeeded, np.inf, np.nan))
    return Latency(np.where(seen, mark_ms, np.nan), np.where(seen, np.nan, floor))


def _at_end(requests: Requests, whole_ms: Floats, so_far_ms: Floats) -> Latency:
    """A latency that is known only once the answer is whole."""
    floor = np.where(requests.unjudged, np.nan_to_num(so_far_ms), np.nan)
    return Latency(np.where(requests.succeeded, whole_ms, np.nan), floor)
