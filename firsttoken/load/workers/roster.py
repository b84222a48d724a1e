"""What a master knows of its workers, and what each of them has to know of the run. Pure.

Rule: a worker is what it reported last, and a lost worker stays lost: what it had counted stays, what it had open
is gone, and its shares are assigned to the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from msgspec.structs import replace

from firsttoken.load.control.counters import Counters, add_up
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.samples import Sample, join
from firsttoken.load.workers.messages import Order, StateSync, WorkerProgress
from firsttoken.load.workers.shares import Assignments, assign, reassign
from firsttoken.plan.stage import Group
from firsttoken.row import Outcome


@dataclass
class Member:
    """One worker."""

    number: int
    client: str
    """What the link calls it."""
    progress: WorkerProgress | None = None
    """What it reported last; None until it is ready."""
    lost: bool = False
    samples: dict[int, list[Sample]] = field(default_factory=dict)
    """Stage of the present group -> those that have come so far."""

    def record_progress(self, progress: WorkerProgress) -> None:
        """Record what it reports."""
        self.progress = progress
        for stage, piece in progress.samples.items():
            join(self.samples.setdefault(stage, []), piece)

    @property
    def has_left(self) -> bool:
        """Whether it has sent its last message."""
        return self.progress is not None and self.progress.done

    def collect_counters(self, stage: int) -> Counters:
        """What it counted in a stage."""
        counters = Counters() if self.progress is None else self.progress.counters.get(stage, Counters())
        counters = replace(counters, samples=self.samples.get(stage, []))
        return replace(counters, open_measured=0, busy=0, in_flight=0, streaming=0) if self.lost else counters


class Roster:
    """All workers of a run; `first_number` is what the first is called that has no number yet."""

    def __init__(self, first_number: int = 1) -> None:
        self.members: dict[int, Member] = {}
        self._first_number = first_number
        self._clocks: list[StageClock] = []
        self._assignments: Assignments = {}
        self._closes: Outcome | None = None
        self._over = False
        self.takes_rows = True

    @property
    def living(self) -> list[Member]:
        """Those who are ready and not lost, by number."""
        return [each for _, each in sorted(self.members.items()) if each.progress is not None and not each.lost]

    @property
    def ready(self) -> int:
        """How many are ready or were."""
        return sum(each.progress is not None for each in self.members.values())

    @property
    def lost(self) -> int:
        """How many were lost."""
        return sum(each.lost for each in self.members.values())

    @property
    def clock_error_ns(self) -> int:
        """How far the clock of any worker may be from the run's."""
        return max((each.progress.clock_error_ns for each in self.members.values() if each.progress), default=0)

    @property
    def users(self) -> int:
        """Users that live, by what their workers reported last."""
        return sum(each.progress.users for each in self.living if each.progress)

    @property
    def starting(self) -> int:
        """Users whose `on_start` is not through yet."""
        return sum(each.progress.starting for each in self.living if each.progress)

    @property
    def left(self) -> int:
        """Users who were ready and live no more."""
        return sum(each.progress.left for each in self.living if each.progress)

    @property
    def traceback(self) -> str:
        """Where an exception came from that a worker failed with."""
        return next((each.progress.traceback for each in self.living if each.progress and each.progress.failure), "")

    @property
    def failure(self) -> str | None:
        """Why the run has to end, in a sentence of the worker that says so."""
        said = ((each.number, each.progress.failure) for each in self.living if each.progress)
        return next((f"worker {number}: {failure}" for number, failure in said if failure), None)

    @property
    def is_drained(self) -> bool:
        """Whether every living worker has ended what it had open of the present group, and has it on disk."""
        return all(
            each.progress and each.progress.group == self._group and each.progress.drained for each in self.living
        )

    @property
    def _group(self) -> int | None:
        return self._clocks[0].plan.stage if self._clocks else None

    def find(self, client: str) -> Member | None:
        """The worker whom the link calls so."""
        return next((each for each in self.members.values() if each.client == client), None)

    def enrol(self, client: str, number: int | None = None) -> Member:
        """Register a worker; one that asks twice is the same."""
        member = self.find(client)
        if member is None:
            number = number or max([self._first_number - 1, *self.members]) + 1
            member = self.members[number] = Member(number, client)
        return member

    def count_each(self, group: Group) -> int:
        """Users that every worker needs for a group, as many as any has slots.

        Locust spreads users in an order of its own; with equal numbers its placement does not matter.
        """
        return ceil(sum(plan.users for plan in group) / len(self.living))

    def has_users(self, each: int) -> bool:
        """Whether on every living worker so many users live."""
        return all(member.progress and member.progress.users == each for member in self.living)

    def begin(self, clocks: Sequence[StageClock]) -> None:
        """Assign a new group of stages."""
        self._clocks, self._closes = list(clocks), None
        for member in self.members.values():
            member.samples.clear()
        self._assignments = assign(self._plans, [each.number for each in self.living])

    def close(self, outcome: Outcome) -> None:
        """The group is over."""
        self._closes = outcome

    def finish(self) -> None:
        """The run is over."""
        self._over = True

    def lets_go(self, member: Member) -> bool:
        """Whether a worker that left in order was to leave: then its last word, should it be lost, counts as said."""
        if self._over and member.progress:
            member.progress = replace(member.progress, done=True)
        return self._over

    def lose(self, number: int, now_ns: int) -> None:
        """A worker is lost: assign its shares of what still runs to the others."""
        member = self.members[number]
        member.lost = True
        if number not in self._assignments:
            return
        issued = {plan.stage: member.collect_counters(plan.stage).issued for plan in self._plans}
        since = {clock.plan.stage: now_ns - clock.start_ns for clock in self._clocks}
        self._assignments = reassign(self._assignments, number, self._plans, issued, since)

    def collect_counters(self, stage: int) -> Counters:
        """What all of them counted in a stage."""
        return add_up(each.collect_counters(stage) for each in self.members.values())

    def find_idle(self) -> list[Member]:
        """Living workers that have closed admission while the group runs: no message reached them for too long."""
        if self._group is None or self._closes is not None:
            return []
        return [
            each
            for each in self.living
            if each.progress and each.progress.group == self._group and each.progress.closed
        ]

    def build_sync(self, member: Member) -> StateSync:
        """The state of the run, for one worker."""
        return StateSync(
            group=self._group,
            orders=[self._order(clock, member) for clock in self._clocks],
            closes=self._closes,
            over=self._over,
            takes_rows=self.takes_rows,
            workers=max(1, len(self.living)),
            lost=member.lost,
        )

    @property
    def _plans(self) -> Group:
        return tuple(clock.plan for clock in self._clocks)

    def _order(self, clock: StageClock, member: Member) -> Order:
        knows = member.progress is not None and member.progress.group == self._group
        return Order(
            stage=clock.plan.stage,
            plan=None if knows else clock.plan,
            start_ns=clock.start_ns,
            phases=[phase for phase, _ in clock.boundaries],
            ended=clock.ended_ns is not None,
            shares=[share for share in self._assignments.get(member.number, []) if share.stage == clock.plan.stage],
            samples=len(member.samples.get(clock.plan.stage, [])),
        )
