"""The format of a scenario: every table and key, its type, its default, and what a table must satisfy by itself.

Rule: a value that cannot be meant is refused here, while it is decoded, so that a Scenario that exists is sound.
What depends on the catalogue stands in `rules`. Durations stay as written: "1.5s", "200ms", "2m", "1h".
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firsttoken.decoding.duration import parse_duration
from firsttoken.row import By
from firsttoken.scenario.load import KINDS, Load
from firsttoken.scenario.retry import Retry
from firsttoken.scenario.slo import LIMITS, Slo
from firsttoken.scenario.target import Target
from firsttoken.scenario.values import (
    AboveZero,
    AtLeastZero,
    Count,
    Duration,
    FileWord,
    OptionalDuration,
    Period,
    Positive,
    Share,
    Word,
)
from firsttoken.traffic.conversation import count_words_of
from firsttoken.traffic.lengths import mean_length


class Spread(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A lognormal length in tokens, by its median and 95th percentile."""

    median: Annotated[float, Meta(ge=1)]
    p95: Annotated[float, Meta(ge=1)]

    def __post_init__(self) -> None:
        if self.p95 < self.median:
            raise ValueError(f"p95: expected at least the median {self.median:g}, got {self.p95:g}")


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a trace is replayed, and how fast."""

    trace: str = ""
    """A file of recorded requests, whose times and lengths are replayed; a path as seen from the working directory."""
    trace_speed: AboveZero = 1.0
    """2: twice as fast."""
    trace_from: Duration = "0s"
    """Where in the trace's own time to begin."""
    trace_to: OptionalDuration = ""
    """Where to end; empty: with its last request."""
    trace_longest: Count = 0
    """Leave out requests of more tokens, prompt and answer together; 0: none."""
    trace_block_tokens: Count = 0
    """Tokens of the prompt that one number of hash_ids stands for; 0: as the trace's format has it."""
    trace_left_out: str = ""
    """What of the trace is no request and is not replayed; FirstToken writes it."""


_WHOLE = Replay()


CacheName = Literal["cold", "warm"]
CACHES: dict[CacheName, str] = {
    "cold": "every prompt begins with a unique word, so that no prompt cache can help",
    "warm": "prompts repeat, so that a prompt cache can help",
}
"""What prompts have in common, by its name -> how the report says it; a share is said as it is."""


class Traffic(Replay, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a user asks."""

    locustfile: Word
    """How a user behaves: a file of locustfiles/."""
    input_tokens: Positive | Spread
    """Left out beside a trace, whose mean it is then, and beside prompts, whose median and p95 it is."""
    output_tokens: Positive | Spread
    cache: CacheName | Share = "cold"
    """cold: no two prompts share a beginning; warm: the same prompts again; 0..1: that share of a prompt is common."""
    prompts: str = ""
    """A file of prompts to ask instead of drawn ones, JSONL: a line is {"prompt": "..."}, {"messages": [...]} or a list
    of messages. A path as seen from the scenario's folder, else from the working directory."""
    prompts_digest: str = ""
    """What the bytes of that file were; FirstToken writes it."""
    system: str = ""
    """The system prompt in front of every conversation that has none of its own."""

    def __post_init__(self) -> None:
        if self.prompts and (self.trace or self.shared):
            beside = f'trace = "{self.trace}", which has lengths' if self.trace else f"cache = {self.cache}"
            raise ValueError(f'prompts: expected none beside {beside}; write cache = "cold" or "warm", and no trace')
        written = [key for key in Replay.__struct_fields__ if getattr(self, key) != getattr(_WHOLE, key)]
        if written and not self.trace:
            got = ", ".join(f"{key} = {getattr(self, key)}" for key in written)
            raise ValueError(f"{written[0]}: expected this only beside a trace, got {got} without one")
        if self.trace_to and parse_duration(self.trace_to) <= parse_duration(self.trace_from):
            raise ValueError(f'trace_to: expected more than trace_from = "{self.trace_from}", got "{self.trace_to}"')

    @property
    def system_words(self) -> int:
        """Words of the system prompt, which every prompt has besides its own."""
        return count_words_of(self.system) if self.system else 0

    @property
    def shared(self) -> float:
        """The share of every prompt that all prompts have in common, 0 to 1."""
        return self.cache if isinstance(self.cache, float) else 0.0


class Timeouts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Deadlines of an attempt."""

    connect: Period = "10s"
    first_token: Period = "120s"
    idle: Period = "60s"
    total: Period = "600s"


class Budget(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What the run may use up, across all workers; 0: no cap. Simulated targets never count."""

    usd: AtLeastZero = 0.0
    tokens: Count = 0
    """Input and output together."""
    requests: Count = 0
    """Attempts: a retry is one more."""
    minutes: AtLeastZero = 0.0
    quota_share: Share = 0.0
    """The share of the account's rate limits that the run may use; 0: all of it."""


class Demand(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The traffic that the answer is for."""

    requests_per_day: AboveZero | None = None
    output_tokens_per_day: AboveZero | None = None
    peak_rps: AboveZero | None = None
    headroom: AtLeastZero = 0.3
    days: Positive = 30


class Scenario(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One reproducible run."""

    name: FileWord
    seed: Count = 7
    target: Annotated[list[Target], Meta(min_length=1)]
    traffic: Traffic
    load: Load = Load()
    """Left out beside a trace, which brings its own times."""
    slo: Slo = Slo()
    retry: Retry = Retry()
    timeouts: Timeouts = Timeouts()
    budget: Budget = Budget()
    demand: Demand | None = None

    def __post_init__(self) -> None:
        if conflicts := list(self._find_conflicts()):
            raise ValueError("; ".join(conflicts))

    def _find_conflicts(self) -> Iterator[str]:
        """A sentence for each thing in one table that contradicts another table."""
        names = [target.name for target in self.target]
        if twice := {name for name in names if names.count(name) > 1}:
            yield f'target.name: expected a different name for each, got "{min(twice)}" twice'
        given = self.load.kinds + (["traffic.trace"] if self.traffic.trace else [])
        if len(given) != 1:
            got = " and ".join(given) or "none"
            yield f"load: expected exactly one of {', '.join(KINDS)} and traffic.trace, got {got}"
        for key in UNTRACED:
            if self.traffic.trace and (written := self.load.written(key)):
                yield f"load.{key}: expected none beside traffic.trace, which sets it itself, got {written}"
        if self.load.search is not None and not any(getattr(self.slo, limit) for limit in LIMITS):
            yield f"slo: expected a limit on {', '.join(LIMITS)} for load.search to search by, got none"
        if self.slo.level is not None and len(given) == 1:
            yield from self._find_odd_level(*self.slo.level)

    def _find_odd_level(self, by: By, level: float) -> Iterator[str]:
        """A sentence where the level that decides is not run."""
        load = self.load
        if load.search is not None:
            yield f'slo.at: expected none beside load.search, which finds the level itself, got "{self.slo.at}"'
            return
        levels = [load.profile.peak] if load.profile is not None else [*load.users, *load.rate]
        if not levels:
            yield f'slo.at: expected none, as only one level is run and it decides, got "{self.slo.at}"'
        elif by != load.by or level not in levels:
            known = f"{load.by}={levels[0]:g}" if load.profile else f"load.{load.by} = {levels}"
            yield f'slo.at: expected a level of {known}, got "{self.slo.at}"'


UNTRACED = ("arrivals", "turns", "think", "ramp", "settle", "measure", "until", "requests")
"""Keys of [load] that a trace leaves nothing to say for: all of it is measured as it was recorded."""


def mean_tokens(length: int | Spread) -> float:
    """The mean of a length of [traffic] in tokens."""
    return mean_length((length.median, length.p95) if isinstance(length, Spread) else length)
