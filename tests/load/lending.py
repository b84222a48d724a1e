"""A world of workers and one ledger in virtual time, in which messages are late, lost or repeated.

Rule: it knows what is truly spent and in flight, of which neither allowance nor ledger sees the whole, and holds that
against the cap whenever something is sent.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from firsttoken.decoding.duration import NS
from firsttoken.load.budget.cost import NOTHING, Cost
from firsttoken.load.budget.ledger import Allowance, Grant, Ledger, TopUpRequest
from firsttoken.scenario.format import Budget

TICK_NS = NS // 20


@dataclass(eq=False)
class Worker:
    """One load process: its allowance, and the requests that wait for it: which, with what cost, since when."""

    number: int
    allowance: Allowance = field(default_factory=Allowance)
    waiting: list[tuple[int, Cost, int]] = field(default_factory=list)
    killed: bool = False


@dataclass(kw_only=True)
class World:
    """Closed-loop users on several workers, who ask as long as the budget lasts."""

    caps: Budget
    workers: int
    users: int
    """Per worker."""
    seed: int = 0
    delay_s: float = 0.0
    """A message takes from a quarter of this to all of it."""
    lost: float = 0.0
    """Share of messages that are lost; as many are told twice."""
    answer_s: float = 2.0
    worst: tuple[int, int] = (200, 1000)
    """Tokens that a request may take at most: drawn between."""
    frugal: float = 1.0
    """Answers take between this share of their worst cost and all of it."""

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.caps)
        self.workers_of_run = [Worker(number) for number in range(self.workers)]
        self.now_ns = 0
        self.spent = NOTHING
        self.in_flight = NOTHING
        self.highest = NOTHING
        """The most that was spent and in flight at once."""
        self.waits_s: list[float] = []
        """For how long each request that was sent had waited for its grant, in order."""
        self._random = random.Random(self.seed)
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()

    def run(self, until_s: float = 3600.0) -> World:
        """Let everybody ask until the budget is used up and all is quiet."""
        for worker in self.workers_of_run:
            for _ in range(self.users):
                self.later(self._random.random(), partial(self._ask, worker))
            self.later(0, partial(self._tick, worker))
        while self._events and self.now_ns < until_s * NS:
            self.now_ns, _, event = heapq.heappop(self._events)
            event()
        return self

    def later(self, seconds: float, event: Callable[[], None]) -> None:
        """Have something happen."""
        heapq.heappush(self._events, (self.now_ns + round(seconds * NS), next(self._order), event))

    def kill(self, worker: Worker) -> None:
        """A worker dies with what it holds; what it had in flight is spent, and nobody will tell."""
        worker.killed = True
        self.later(6.0, partial(self.ledger.lose, worker.number))

    def _ask(self, worker: Worker) -> None:
        tokens = self._random.randint(*self.worst)
        cost = Cost(requests=1, tokens=tokens, nano_usd=tokens * 2_000)
        worker.waiting.append((next(self._order), cost, self.now_ns))
        self._serve_waiting(worker)

    def _serve_waiting(self, worker: Worker) -> None:
        waiting, worker.waiting = worker.waiting, []
        for who, cost, since_ns in waiting:
            over = self.ledger.exhausted(self.now_ns) is not None
            if over or worker.killed or not worker.allowance.reserve(who, cost, self.now_ns):
                worker.waiting.append((who, cost, since_ns))
                continue
            self.waits_s.append((self.now_ns - since_ns) / NS)
            self.in_flight += cost
            self.highest = self.highest.most(self.spent + self.in_flight)
            self.later(self.answer_s * self._random.uniform(0.5, 1.5), partial(self._end, worker, cost))
        self._talk(worker)

    def _end(self, worker: Worker, cost: Cost) -> None:
        share = self._random.uniform(self.frugal, 1.0)
        told = Cost(requests=1, tokens=round(cost.tokens * share), nano_usd=round(cost.nano_usd * share))
        self.in_flight -= cost
        self.spent += told
        if not worker.killed:
            worker.allowance.reconcile(cost, told)
            self._ask(worker)

    def _tick(self, worker: Worker) -> None:
        if worker.killed or self.ledger.exhausted(self.now_ns):
            return
        self._talk(worker)
        self.later(TICK_NS / NS, partial(self._tick, worker))

    def _talk(self, worker: Worker) -> None:
        over = worker.killed or self.ledger.exhausted(self.now_ns) is not None
        top_up = None if over else worker.allowance.write_top_up(self.now_ns)
        if top_up is not None:
            self._carry(partial(self._answer, worker, top_up))

    def _answer(self, worker: Worker, top_up: TopUpRequest) -> None:
        grant = self.ledger.answer_top_up(worker.number, top_up)
        self._carry(partial(self._receive, worker, grant))

    def _receive(self, worker: Worker, grant: Grant) -> None:
        worker.allowance.add_grant(grant)
        self._serve_waiting(worker)

    def _carry(self, arrival: Callable[[], None]) -> None:
        """Bring a message over, late; or not at all, or twice."""
        if self.delay_s == 0:
            arrival()
            return
        draw = self._random.random()
        for _ in range(0 if draw < self.lost else 2 if draw < 2 * self.lost else 1):
            self.later(self.delay_s * self._random.uniform(0.25, 1.0), arrival)
