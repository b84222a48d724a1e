"""A worker's place in a run: does what its master says, and says how far it is.

Rule: it obeys a state and not a command. Whatever it has heard before, twice or not at all, after a sync it drives the
shares that are its own, in the phases that have begun; and without a word of its master it sends nothing for long.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from msgspec.structs import replace

from firsttoken.load.control.counters import Tally, add_up
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.samples import Outbox
from firsttoken.load.session.gc_pause import uncollected
from firsttoken.load.session.session import Session
from firsttoken.load.session.stage_run import Lane
from firsttoken.load.workers.messages import Counts, Order, Sync
from firsttoken.load.workers.shares import Share
from firsttoken.plan.stage import StagePlan, find_schedule
from firsttoken.row import Outcome
from firsttoken.traffic.trace import Arrival


class Station:
    """One worker's, for the whole of a run."""

    def __init__(self, session: Session, seed: int, trace: Sequence[Arrival] | None, clock_error_ns: int = 0) -> None:
        self.over = False
        """The master has said that the run is over."""
        self.lost = False
        """The master has given this worker's load to others."""
        self._session = session
        self._seed = seed
        self._trace = trace
        self._clock_error_ns = clock_error_ns
        self._group: int | None = None
        self._plans: dict[int, StagePlan] = {}
        self._samples: dict[int, Outbox] = {}
        self._lanes: dict[Share, Lane] = {}
        self._closed = True
        self._stage_long = ExitStack()
        """What holds as long as a group of stages runs."""

    def obey(self, sync: Sync) -> None:
        """Bring this worker to where the master says that the run is."""
        self._session.spending.share_quotas(sync.workers)
        if sync.group == self._group or self._take_up(sync):
            for order in sync.orders:
                self._follow(order)
        if sync.closes is not None:
            self.close(sync.closes)
        if sync.lost:
            self.close("cancelled_by_run")
        self.over, self.lost = sync.over, sync.lost

    def close(self, outcome: Outcome) -> None:
        """Let nobody in any more, and end what is on the wire."""
        if not self._closed:
            self._closed = True
            self._session.close_gate(outcome)
            self._stage_long.close()

    @property
    def is_drained(self) -> bool:
        """Whether the gate is closed and nobody has a request any more."""
        return self._closed and self._session.busy == 0

    @property
    def standing(self) -> object:
        """What a master waits for: where this changes it is told at once."""
        return self._group, len(self._session.users), len(self._lanes), self._closed, self.is_drained

    def count(self, *, done: bool = False) -> Counts:
        """How far this worker is."""
        session = self._session
        for share, lane in self._lanes.items():
            self._samples[share.stage].collect(share, lane.tally.samples)
        return Counts(
            group=self._group,
            users=len(session.users),
            starting=len(session.starting),
            left=session.left,
            traceback=session.traceback,
            closed=self._closed,
            drained=self.is_drained,
            tallies={stage: self._tally(stage) for stage in self._plans},
            samples={stage: outbox.next_piece() for stage, outbox in self._samples.items()},
            failure=session.stopping,
            done=done,
            clock_error_ns=self._clock_error_ns,
        )

    def _take_up(self, sync: Sync) -> bool:
        """Begin a new group; False where its plans have not been told yet."""
        plans = {order.stage: order.plan for order in sync.orders if order.plan is not None}
        is_new = sync.group is not None and (self._group is None or sync.group > self._group)
        if not is_new or len(plans) < len(sync.orders) or not self.is_drained:
            return False
        self._group, self._plans, self._lanes, self._closed = sync.group, plans, {}, False
        self._samples = {stage: Outbox() for stage in plans}
        if not any(self._session.targets[plan.target].target.client == "sdk" for plan in plans.values()):
            self._stage_long.enter_context(uncollected())
        self._session.open_gate([])
        return True

    def _follow(self, order: Order) -> None:
        """Take up the shares of a stage that are new, and move all of them to the phase that it is in."""
        self._samples[order.stage].note(order.samples)
        new = [share for share in order.shares if share not in self._lanes and not self._closed]
        for share in new:
            self._lanes[share] = self._open_lane(share, order.start_ns)
        now_ns = self._session.now_ns()
        for share, lane in self._lanes.items():
            if share.stage == order.stage:
                lane.clock.follow(order.phases, now_ns)
                if order.ended:
                    lane.clock.break_off(now_ns)
        if new:
            self._session.widen_gate([self._lanes[share] for share in new])

    def _open_lane(self, share: Share, start_ns: int) -> Lane:
        plan = self._plans[share.stage]
        schedule = find_schedule(plan, self._seed, self._trace, share.place, share.of)
        return Lane(
            StageClock(replace(plan, requests=share.requests), start_ns),
            seats=share.seats(plan.users),
            schedule=((number, due_ns) for number, due_ns in schedule if due_ns >= share.from_ns),
            generation=share.generation,
        )

    def _tally(self, stage: int) -> Tally:
        """What was counted in a stage, over all shares of it; what a process counts as a whole is counted once.

        Its samples are told in pieces beside it.
        """
        tallies = [self._session.tally(lane.clock) for share, lane in self._lanes.items() if share.stage == stage]
        total = replace(add_up(tallies), samples=[])
        if tallies:
            total.started, total.in_flight = tallies[0].started, tallies[0].in_flight
        return total
