"""A worker's state in a run: it follows what its master says, and reports how far it is.

Rule: it follows a state and not a command. Whatever messages came before, twice or not at all, after a sync it drives
the shares that are its own, in the phases that have begun; and without messages of its master it soon sends nothing.
"""

from collections.abc import Sequence
from contextlib import ExitStack

from msgspec.structs import replace

from firsttoken.load.control.counters import Counters, add_up
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.samples import Outbox
from firsttoken.load.session.gc_pause import gc_paused
from firsttoken.load.session.session import Session
from firsttoken.load.session.stage_run import StageRun
from firsttoken.load.workers.messages import Order, StateSync, WorkerProgress
from firsttoken.load.workers.shares import Share
from firsttoken.plan.stage import StagePlan, find_schedule
from firsttoken.row import Outcome
from firsttoken.traffic.trace import Arrival


class WorkerState:
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
        self._stage_runs: dict[Share, StageRun] = {}
        self._closed = True
        self._stage_long = ExitStack()
        """What holds as long as a group of stages runs."""

    def apply_sync(self, sync: StateSync) -> None:
        """Bring this worker to where the master says that the run is."""
        self._session.limiter.share_quotas(sync.workers)
        if sync.group == self._group or self._take_up(sync):
            for order in sync.orders:
                self._follow(order)
        if sync.closes is not None:
            self.close(sync.closes)
        if sync.lost:
            self.close("cancelled_by_run")
        self.over, self.lost = sync.over, sync.lost

    def close(self, outcome: Outcome) -> None:
        """Admit no more requests, and end what is on the wire."""
        if not self._closed:
            self._closed = True
            self._session.admission.close_stages(outcome)
            self._stage_long.close()

    @property
    def is_drained(self) -> bool:
        """Whether admission is closed and no user has a request any more."""
        return self._closed and self._session.counters.busy == 0

    @property
    def standing(self) -> object:
        """What a master waits for: a change is sent at once."""
        return self._group, self._session.users.ready, len(self._stage_runs), self._closed, self.is_drained

    def describe_progress(self, *, done: bool = False) -> WorkerProgress:
        """How far this worker is."""
        session = self._session
        for share, stage_run in self._stage_runs.items():
            self._samples[share.stage].collect(share, stage_run.counters.samples)
        return WorkerProgress(
            group=self._group,
            users=session.users.ready,
            starting=session.users.starting,
            left=session.users.left,
            traceback=session.cancellation.traceback,
            closed=self._closed,
            drained=self.is_drained,
            counters={stage: self._collect_counters(stage) for stage in self._plans},
            samples={stage: outbox.next_piece() for stage, outbox in self._samples.items()},
            failure=session.cancellation.stopping,
            done=done,
            clock_error_ns=self._clock_error_ns,
        )

    def _take_up(self, sync: StateSync) -> bool:
        """Begin a new group; False where its plans have not arrived yet."""
        plans = {order.stage: order.plan for order in sync.orders if order.plan is not None}
        is_new = sync.group is not None and (self._group is None or sync.group > self._group)
        if not is_new or len(plans) < len(sync.orders) or not self.is_drained:
            return False
        self._group, self._plans, self._stage_runs, self._closed = sync.group, plans, {}, False
        self._samples = {stage: Outbox() for stage in plans}
        if not any(self._session.targets[plan.target].target.client == "sdk" for plan in plans.values()):
            self._stage_long.enter_context(gc_paused())
        self._session.admission.open_stages([])
        return True

    def _follow(self, order: Order) -> None:
        """Take up the shares of a stage that are new, and move all of them to the phase that it is in."""
        self._samples[order.stage].record_known(order.samples)
        new = [share for share in order.shares if share not in self._stage_runs and not self._closed]
        for share in new:
            self._stage_runs[share] = self._open_stage_run(share, order.start_ns)
        now_ns = self._session.clock.now_ns()
        for share, stage_run in self._stage_runs.items():
            if share.stage == order.stage:
                stage_run.clock.follow(order.phases, now_ns)
                if order.ended:
                    stage_run.clock.break_off(now_ns)
        if new:
            self._session.admission.add_stages([self._stage_runs[share] for share in new])

    def _open_stage_run(self, share: Share, start_ns: int) -> StageRun:
        plan = self._plans[share.stage]
        schedule = find_schedule(plan, self._seed, self._trace, share.place, share.of)
        return StageRun(
            StageClock(replace(plan, requests=share.requests), start_ns),
            slots=share.slots(plan.users),
            schedule=((number, due_ns) for number, due_ns in schedule if due_ns >= share.from_ns),
            generation=share.generation,
        )

    def _collect_counters(self, stage: int) -> Counters:
        """What was counted in a stage, over all shares of it; what a process counts as a whole is counted once.

        Its samples are sent in pieces beside it.
        """
        all_counters = [
            self._session.counters.collect_counters(stage_run.clock)
            for share, stage_run in self._stage_runs.items()
            if share.stage == stage
        ]
        total = replace(add_up(all_counters), samples=[])
        if all_counters:
            total.started, total.in_flight = all_counters[0].started, all_counters[0].in_flight
        return total
