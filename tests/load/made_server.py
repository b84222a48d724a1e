"""A made server: slots, a queue and a closed loop of users, in made time, measured as a search and as a ladder measure.

A request waits for a slot, then for its first token, then streams; lengths are lognormal, so that requests of one level
fare differently and the knee is not a cliff. Phases last as `load.clock` and `load.plan` have them.
"""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from firsttoken.load.control.stopping import LEAST_CYCLES
from firsttoken.plan.search import Verdict, judge_level, next_level
from firsttoken.plan.windows import MEASURE_S, SEARCH_MEASURE_S, SETTLE_S

SHARE = 0.95
LIMIT_S = 1.0
"""Of the time to first token that is promised."""
SETTLE_TIMES, MEASURE_TIMES = 2, 5
"""Of the p95 and p99 of whole answers. A real ladder measures on until a level can be decided, for more tokens."""


@dataclass(frozen=True)
class Server:
    """How many it serves at once, how fast, and how long its answers are."""

    slots: int
    first_token_s: float = 0.5
    tokens_per_s: float = 100.0
    median_tokens: float = 100.0
    sigma: float = 0.5


class Stage(NamedTuple):
    """What the measurement of a level showed and cost."""

    verdict: Verdict
    tokens: float
    share: float


class Served(NamedTuple):
    """One request."""

    intended_s: float
    first_s: float
    end_s: float
    tokens: float

    @property
    def kept(self) -> bool:
        return self.first_s - self.intended_s <= LIMIT_S

    def is_known(self, at_s: float) -> bool:
        """Whether it has ended by then, or is past the limit."""
        return self.end_s <= at_s or (not self.kept and at_s > self.intended_s + LIMIT_S)

    def tokens_by(self, at_s: float) -> float:
        """How many of its tokens had come by then."""
        return self.tokens * min(1.0, max(0.0, (at_s - self.first_s) / (self.end_s - self.first_s)))


class Loop:
    """A closed loop of users at one level, which goes on for as long as it is asked to."""

    def __init__(self, server: Server, users: float, seed: int) -> None:
        self.requests: list[Served] = []
        self._server, self._draw = server, random.Random(f"{seed}-{users}")
        self._asks = [(0.02 * user, user) for user in range(round(users))]
        self._slots = [0.0] * server.slots
        self._ending: list[float] = []

    def advance(self) -> None:
        """Let the next user ask."""
        now, user = self._asks[0]
        draw, server = self._draw, self._server
        start_s = max(now, heapq.heappop(self._slots))
        first_s = start_s + server.first_token_s * draw.gauss(1, 0.05)
        tokens = server.median_tokens * draw.lognormvariate(0, server.sigma)
        end_s = first_s + tokens / server.tokens_per_s
        heapq.heappush(self._slots, end_s)
        heapq.heapreplace(self._asks, (end_s, user))
        self.requests.append(Served(now, first_s, end_s, tokens))

    def advance_to(self, at_s: float) -> None:
        """Let everybody ask who is free before then."""
        while self._asks[0][0] < at_s:
            self.advance()

    def lived(self, at_s: float, q: float) -> float:
        """A quantile of the end-to-end times of requests that have ended by then; 0 of none."""
        times = sorted(each.end_s - each.intended_s for each in self.requests if each.end_s <= at_s)
        return times[min(len(times) - 1, int(q * len(times)))] if times else 0.0

    def go_on(self, began_s: float, bounds_s: tuple[float, float], times: float, q: float) -> float:
        """Go on for so many times a quantile of the end-to-end time, within bounds; when that is over."""
        least_s, most_s = bounds_s
        at_s = began_s + least_s
        self.advance_to(at_s)
        while at_s < began_s + min(most_s, times * self.lived(at_s, q)):
            at_s += 1.0
            self.advance_to(at_s)
        return at_s


def measure(server: Server, users: float, seed: int, early: bool) -> Stage:
    """Measure one level as a search does, which ends early, or as a ladder does."""
    loop = Loop(server, users, seed)
    ramped_s = min(10.0, 0.02 * users)
    loop.advance_to(ramped_s)
    opens_s = loop.go_on(ramped_s, SETTLE_S, SETTLE_TIMES, 0.95)
    closes_s = _watch(loop, opens_s) if early else loop.go_on(opens_s, MEASURE_S, MEASURE_TIMES, 0.99)
    measured = [each for each in loop.requests if opens_s <= each.intended_s < closes_s]
    held_s = max(each.end_s for each in measured)
    loop.advance_to(held_s)
    kept = sum(each.kept for each in measured)
    tokens = sum(each.tokens_by(held_s) for each in loop.requests)
    return Stage(judge_level(kept, len(measured), SHARE), tokens, kept / len(measured))


def _watch(loop: Loop, opens_s: float) -> float:
    """Measure until the bound decides, looking every quarter of a second; when that is."""
    begin = sum(each.intended_s < opens_s for each in loop.requests)
    kept = judged = 0
    least_s, most_s = SEARCH_MEASURE_S
    at_s = opens_s
    while at_s < opens_s + most_s:
        at_s += 0.25
        loop.advance_to(at_s)
        while begin + judged < len(loop.requests) and loop.requests[begin + judged].is_known(at_s):
            kept += loop.requests[begin + judged].kept
            judged += 1
        watched_s = max(least_s, LEAST_CYCLES * loop.lived(at_s, 0.95))
        if at_s >= opens_s + watched_s and judge_level(kept, judged, SHARE) is not None:
            break
    return at_s


def climb(server: Server, levels: Sequence[float], seed: int) -> tuple[list[tuple[float, Verdict]], float]:
    """A whole search: its results and its tokens."""
    results: list[tuple[float, Verdict]] = []
    tokens = 0.0
    while (level := next_level(levels, results)) is not None:
        stage = measure(server, level, seed=1000 * seed + len(results), early=True)
        results.append((level, stage.verdict))
        tokens += stage.tokens
    return results, tokens


def find_knee(server: Server, levels: Sequence[float], requests: int = 20_000) -> float:
    """The highest level that meets the SLO in the long run, by the share of very many requests."""
    kept = [level for level in levels if server.slots / 2 <= level <= 4 * server.slots]
    while len(kept) > 1:
        middle = len(kept) // 2
        loop = Loop(server, kept[middle], seed=-1)
        while len(loop.requests) < requests:
            loop.advance()
        share = sum(each.kept for each in loop.requests[requests // 10 :]) / (0.9 * requests)
        kept = kept[middle:] if share >= SHARE else kept[:middle]
    return kept[0]
