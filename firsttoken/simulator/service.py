"""One model at work: its slots, its queue and its chances, as pure state with the time handed in.

Rule: first come, first served. Whatever is drawn for a request (jitter, fault, where its answer starts) depends on the
seed, the model's name and the request's number only, so the same seed deals the same hands in the same order.
"""

from collections import deque
from random import Random
from typing import Literal

from firsttoken.catalogue import Faults
from firsttoken.simulator.behaviour import Behaviour, first_token_ns, slowdown, token_ns
from firsttoken.simulator.errors import ApiError, rate_limited
from firsttoken.simulator.limits import RateLimits, write_duration
from firsttoken.simulator.prefix import Blocks, PrefixCache
from firsttoken.simulator.timing.standstill import Standstill

Fault = Literal["error", "cut", "stall"]

JITTER_BOUND = 2.0
"""Jitter is drawn from a normal distribution, held within so many standard deviations."""
DEFAULT_OUTPUT = (48, 160)
"""Least and most tokens of an answer whose length the request leaves open."""


class Job:
    """One request to a model: its size, what chance has dealt it, and when it came and got its slot (ns)."""

    __slots__ = (
        "arrival_ns",
        "blocks",
        "cached_tokens",
        "fault",
        "first_token_factor",
        "output_tokens",
        "prompt_tokens",
        "started_ns",
        "text_start",
        "token_factor",
    )

    def __init__(
        self,
        chance: Random,
        behaviour: Behaviour,
        prompt_tokens: int,
        asked_tokens: int | None,
        blocks: Blocks = (),
    ) -> None:
        self.prompt_tokens = prompt_tokens
        self.blocks = blocks
        self.cached_tokens = 0
        """Of the prompt's; known once the job has a slot."""
        self.arrival_ns = 0
        self.started_ns: int | None = None
        self.fault = draw_fault(chance.random(), behaviour.faults)
        self.first_token_factor = draw_factor(chance, behaviour.jitter)
        self.token_factor = draw_factor(chance, behaviour.jitter)
        self.text_start = chance.randrange(1_000_000)
        default = chance.randint(*DEFAULT_OUTPUT)
        self.output_tokens = default if asked_tokens is None else asked_tokens

    @property
    def waited_ns(self) -> int | None:
        """From arrival to slot; None while it waits."""
        return None if self.started_ns is None else self.started_ns - self.arrival_ns


def draw_fault(chance: float, faults: Faults) -> Fault | None:
    """Return the fault that a draw from [0, 1) falls upon: each has its share of the interval, the rest is None."""
    share = 0.0
    shares: dict[Fault, float] = {"error": faults.error, "cut": faults.cut, "stall": faults.stall}
    for fault, width in shares.items():
        share += width
        if chance < share:
            return fault
    return None


def draw_factor(chance: Random, jitter: float) -> float:
    """Return 1 + jitter * z, z standard normal but held within +-JITTER_BOUND."""
    return 1.0 + jitter * max(-JITTER_BOUND, min(JITTER_BOUND, chance.gauss(0.0, 1.0)))


class Service:
    """One model's limits, slots and queue. A job that was let in is given back with `leave`, however it ended."""

    def __init__(self, model: str, behaviour: Behaviour, seed: int) -> None:
        self.model = model
        self.behaviour = behaviour
        self.slowdown = 1.0
        """Factor on all times for the slots busy now."""
        self.standstill = Standstill(behaviour.freeze)
        self._seed = seed
        self._dealt = 0
        self._serving: set[Job] = set()
        self._waiting: deque[Job] = deque()
        self._cache = PrefixCache() if behaviour.prefix_cache else None
        self._limits = RateLimits(model, behaviour.requests_per_minute, behaviour.tokens_per_minute)

    def deal(self, prompt_tokens: int, asked_tokens: int | None, blocks: Blocks = ()) -> Job:
        """Return the next job of this model, with all that chance decides about it."""
        self._dealt += 1
        chance = Random(f"{self._seed} {self.model} {self._dealt}")
        return Job(chance, self.behaviour, prompt_tokens, asked_tokens, blocks)

    def enter(self, job: Job, now_ns: int) -> bool:
        """Let a job in; True: a slot is its own at once, False: it waits. Raises ApiError (429) past a limit or the
        queue. The limits are charged first: a job that finds the queue full has still used its share of them.
        """
        job.arrival_ns = now_ns
        try:
            self._limits.charge(job.prompt_tokens + job.output_tokens, now_ns)
            if len(self._serving) < self.behaviour.slots:
                self._start(job, now_ns)
                return True
            if len(self._waiting) >= self.behaviour.queue:
                raise self._full()
        except ApiError as error:
            error.headers |= self.headers(now_ns)
            raise
        self._waiting.append(job)
        return False

    def leave(self, job: Job, now_ns: int) -> Job | None:
        """Take a job out, served or waiting; return the job that is next in turn, None if there is none."""
        if job in self._serving:
            self._serving.remove(job)
        else:
            self._waiting.remove(job)
        started = None
        if self._waiting and len(self._serving) < self.behaviour.slots:
            started = self._waiting.popleft()
            self._start(started, now_ns)
        self.slowdown = slowdown(self.behaviour, len(self._serving))
        return started

    def _start(self, job: Job, now_ns: int) -> None:
        job.started_ns = now_ns
        job.cached_tokens = self._cache.read(job.blocks) if self._cache else 0
        self._serving.add(job)
        self.slowdown = slowdown(self.behaviour, len(self._serving))

    def _full(self) -> ApiError:
        wait_s = self.behaviour.retry_after_s
        load = f"{len(self._serving)} requests are served, {len(self._waiting)} wait"
        text = f"Rate limit reached for {self.model}: {load}. Please try again in {write_duration(wait_s)}."
        return rate_limited(text, wait_s)

    def first_token_ns(self, job: Job) -> int:
        """Return when the first token of a job that has just started is due, by the load at its start."""
        assert job.started_ns is not None, "expected a job that has a slot, got one that waits"
        unread = job.prompt_tokens - job.cached_tokens
        wait_ns = first_token_ns(self.behaviour, unread) * job.first_token_factor * self.slowdown
        return round(self.standstill.finish_ns(job.started_ns, wait_ns))

    def token_ns(self, job: Job) -> float:
        """Return the time between tokens of a job while it is alone; times `slowdown` it is the time at any load."""
        return token_ns(self.behaviour) * job.token_factor

    def headers(self, now_ns: int) -> dict[str, str]:
        """Return the x-ratelimit-* headers: of its limits per minute, and of how many requests fit in at once, in slots
        and queue, which is no quota of a minute and has a name of its own.
        """
        places = self.behaviour.slots + self.behaviour.queue
        free = places - len(self._serving) - len(self._waiting)
        return {
            **self._limits.headers(now_ns),
            "x-ratelimit-limit-concurrent-requests": str(places),
            "x-ratelimit-remaining-concurrent-requests": str(free),
        }
