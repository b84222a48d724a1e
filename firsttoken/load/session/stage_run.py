"""A stage run: one stage in one load process, with its user slots, its arrivals and its counters.

Rule: in a closed loop a user keeps its slot; an arrival of an open loop goes to an idle user, and
is dropped and counted where there is none. Its `intended_ns` is the schedule's, however late it is handed out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from gevent.event import AsyncResult

from firsttoken.load.asking.ask import NO_WISH, Ask, Wish
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.credit import PENDING_S
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.slo import LatencyLimits, shows
from firsttoken.plan.slots import Span, find_opening, find_spans
from firsttoken.plan.stage import Schedule
from firsttoken.row import Phase, Row

PENDING_NS = round(PENDING_S * 1e9)
REASSIGNED = 1_000_000
"""Requests of a reassigned slot are numbered from a multiple of this, so that no two share an id."""


@dataclass(slots=True, eq=False)
class Request:
    """What a user wants now: where it was admitted, when it became free or its arrival was due, what came of it."""

    stage_run: StageRun
    slot: int
    """The user slot of a closed loop, the number of the arrival in an open one."""
    number: int
    """Of this slot in this stage, from 0."""
    intended_ns: int
    phase: Phase
    ask: Ask | None = None
    """What is sent, where that was composed ahead or is under way."""
    wish: Wish = NO_WISH
    """What the behaviour says of it."""
    has_next_turn: bool = False
    """Whether its session has another one."""
    kept: list[bytes] | None = None
    """The events that hold the text of its last attempt; None where it is not read."""
    rows: list[Row] = field(default_factory=list)
    """Its attempts so far."""
    over: bool = False
    waited_until_ns: int = 0
    """Until when it waited for its budget or its share of the quota, if it did."""


class StageRun:
    """One stage as this process drives it."""

    def __init__(
        self, clock: StageClock, *, slots: Sequence[int], schedule: Schedule = (), generation: int = 0
    ) -> None:
        self.clock = clock
        self.counters = Counters()
        self.schedule = schedule
        """Its arrivals in this process; a closed loop has none."""
        self.slots = tuple(slots)
        """Of this process; in an open loop only their number matters."""
        self.idle: deque[AsyncResult[Request | None]] = deque()
        """Users of an open loop who wait for an arrival."""
        self.waiting = 0
        """Users of it who wait for the run's own budget or share of a quota."""
        self._looked_ns: int | None = None
        self._open: set[Request] = set()
        self._measured: deque[Request] = deque()
        """Measured requests not judged yet, in the order in which they were intended."""
        self._conversations: dict[Hashable, tuple[int, int]] = {}
        """User -> (arrival, requests so far) of a conversation with turns left."""
        self._first = generation * REASSIGNED
        self._turns: dict[int, int] = {}
        self._spans: dict[int, list[Span]] = {}

    @property
    def is_open(self) -> bool:
        """Whether it is an open loop, where arrivals come whatever became of the ones before."""
        return self.clock.plan.by == "rate"

    @property
    def is_full(self) -> bool:
        """Whether the stage has issued all the requests that it was to issue, or is over."""
        return not self.clock.admits(self.counters.issued)

    def find_opening(self, slot: int, now_ns: int) -> int | None:
        """When a user slot of a closed loop opens or has opened, on the run's clock; None where it never will again."""
        spans = self._spans.get(slot)
        if spans is None:
            spans = self._spans[slot] = find_spans(self.clock.plan, slot)
        opens_ns = find_opening(spans, now_ns - self.clock.start_ns)
        return None if opens_ns is None else opens_ns + self.clock.start_ns

    def take_slot(self, slot: int, intended_ns: int) -> Request:
        """The next request of a user slot of a closed loop."""
        number = self._turns.get(slot, self._first)
        self._turns[slot] = number + 1
        return self._issue_request(slot, number, intended_ns)

    def dispatch_arrival(self, number: int, due_ns: int, ask: Ask) -> None:
        """Give an arrival to an idle user, or drop it."""
        if self.idle:
            request = self._issue_request(number, self._first, due_ns)
            request.ask = ask
            self.idle.popleft().set(request)
        else:
            self.counters.dropped += 1

    def continue_conversation(self, user: Hashable, intended_ns: int) -> Request | None:
        """The next turn of a user's conversation; None where it has none to continue."""
        if user not in self._conversations:
            return None
        arrival, asked = self._conversations.pop(user)
        return self._issue_request(arrival, asked, intended_ns)

    def remember_conversation(self, user: Hashable, request: Request) -> None:
        """Keep a conversation that has turns left."""
        if request.number + 1 - self._first < self.clock.plan.turns:
            self._conversations[user] = (request.slot, request.number + 1)
            request.has_next_turn = True

    def dismiss_users(self) -> None:
        """Send every idle user away."""
        while self.idle:
            self.idle.popleft().set(None)

    def _issue_request(self, slot: int, number: int, intended_ns: int) -> Request:
        request = Request(self, slot, number, intended_ns, self.clock.phase_at(intended_ns))
        counters = self.counters
        counters.issued += 1
        counters.busy += 1
        self._open.add(request)
        if request.phase == "measure":
            counters.open_measured += 1
            self._measured.append(request)
        return request

    def end_request(self, request: Request) -> None:
        """A request is over, whatever became of it."""
        request.over = True
        self._open.discard(request)
        self.counters.busy -= 1
        self.counters.open_measured -= request.phase == "measure"

    def count_streams(self, now_ns: int) -> None:
        """Count the answers that are running, where the question may arise whether anything is alive."""
        if not (self.counters.unanswered or self.counters.unpaid):
            return
        rows = [request.rows[-1] for request in self._open if request.rows and request.rows[-1].end_ns is None]
        self.counters.streaming = sum(row.first_event_ns is not None for row in rows)
        self.counters.pending = sum(row.sent_ns is not None and row.sent_ns + PENDING_NS < now_ns for row in rows)

    def record_idle(self, empty: Sequence[int], now_ns: int) -> None:
        """Count for how long, in ns of a user, open slots had no user at work since this was last called.

        `empty` are those without a living user; one who waits for the budget is not at work either. A living user who
        has no request waits as the behaviour says, or is in its own code: that is no lack of load.
        """
        since_ns, self._looked_ns = self._looked_ns, now_ns
        if since_ns is None or self.is_open or self.clock.ended_ns is not None:
            return
        opened = [opens_ns for slot in empty if (opens_ns := self.find_opening(slot, now_ns)) is not None]
        idle = self.waiting + sum(opens_ns <= now_ns for opens_ns in opened)
        self.counters.idle_ns += idle * (now_ns - since_ns)

    def judge_measured(self, limits: LatencyLimits, now_ns: int) -> None:
        """Count who met the SLO, up to the first of whom it is not known yet.

        Those that end soonest are not like the others, so none is counted before the ones intended before it.
        """
        while self._measured:
            request = self._measured[0]
            kept = shows(limits, request.rows, now_ns) if request.rows else None
            if kept is None and not request.over:
                return
            self._measured.popleft()
            if kept is not None:
                self.counters.judged += 1
                self.counters.kept += kept
