"""The backend of a run with many load processes: Locust's master here, a worker in each of them.

Rule: everything that a worker must know is sent again five times a second, and at once when it changes. The end is in
order: admission closed, streams ended, rows on disk, rows here, and only then does a worker leave.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import gevent
from msgspec.structs import replace

from firsttoken import __version__
from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.load.budget.ledger import Ledger
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock, advance_together
from firsttoken.load.session.gathering import TICK_S, await_users
from firsttoken.load.session.session import Session
from firsttoken.load.workers.carrier import MasterCarrier
from firsttoken.load.workers.messages import (
    SYNC_EVERY_S,
    BudgetGrant,
    BudgetRequest,
    HealthReport,
    Ping,
    Pong,
    Refusal,
    Register,
    Rows,
    ToWorker,
    Welcome,
    WorkerProgress,
    decode_at_master,
    encode,
)
from firsttoken.load.workers.roster import Roster
from firsttoken.load.workers.shipping import Intake, find_last_number
from firsttoken.load.workers.user_placement import UserPlacement
from firsttoken.plan.stage import Group
from firsttoken.row import Outcome, StageEvent

logger = logging.getLogger(__name__)

LEAD_NS, FAR_LEAD_NS = 100_000_000, 500_000_000
"""How long before its first arrival a stage is sent to the workers: here, and where some are on other machines."""

KEEP_S = 0.05
"""How often to look for silent workers."""


class WorkerBackend:
    """The backend of several load processes; all of them have to be there before the first stage."""

    def __init__(
        self, carrier: MasterCarrier, session: Session, ledger: Ledger, welcome: Welcome, attempts: Path, remote: int
    ) -> None:
        """`welcome` is what every worker has to know, but for its number; `remote`: workers of other machines."""
        self._carrier = carrier
        self._session = session
        self._clock = session.clock
        self._ledger = ledger
        self._welcome = welcome
        self._intake = Intake(attempts, welcome.run_key)
        self._has_remote = remote > 0
        self._failure: str | None = None
        first = 1 + find_last_number(attempts)
        self.numbers = range(first, first + welcome.workers - remote)
        """Of the workers of this machine; those of others are numbered as they come."""
        self._roster = Roster(self.numbers.stop)
        self._placement = UserPlacement(carrier, self._roster)
        self._clocks: list[StageClock] = []
        self._sent: list[object] = []
        carrier.listen(self.on_message)
        self._keeper = gevent.spawn(self._keep)

    @property
    def port(self) -> int:
        """Where workers connect."""
        return self._carrier.port

    # -- what the controller asks ---------------------------------------------------------------------------------

    @property
    def exhausted(self) -> str | None:
        return self._ledger.exhausted(self._session.clock.lasted_ns)

    @property
    def stopping(self) -> str | None:
        return self._session.cancellation.stopping or self.failure

    @property
    def failure(self) -> str | None:
        return self._session.cancellation.failure or self._failure or self._intake.failure or self._roster.failure

    @property
    def traceback(self) -> str:
        return self._session.cancellation.traceback or self._roster.traceback

    @property
    def workers_lost(self) -> int:
        return self._roster.lost

    @property
    def clock_error_ns(self) -> int:
        """How far the clock of any worker may be from the run's."""
        return self._roster.clock_error_ns

    def now_ns(self) -> int:
        return self._session.clock.now_ns()

    def next_start_ns(self) -> int:
        return self.now_ns() + (FAR_LEAD_NS if self._has_remote else LEAD_NS)

    def gather_users(self, group: Group) -> str | None:
        self._carrier.admit_workers(True)
        while self._roster.ready < self._welcome.workers or not self._roster.living:
            if self.stopping:
                return self.stopping
            self._clock.sleep(TICK_S)
        self._carrier.admit_workers(False)
        placement = self._placement
        placement.place_users(group)
        return await_users(placement.count_users, lambda: self.stopping, placement.spread_users, self._clock.sleep)

    def begin_stages(self, clocks: Sequence[StageClock]) -> None:
        self._clocks = list(clocks)
        self._roster.begin(clocks)
        self._send_states()

    def leaves_cycles(self, group: Group) -> bool:
        return False  # nothing is sent from this process

    def collect_counters(self, clock: StageClock) -> Counters:
        return self._roster.collect_counters(clock.plan.stage)

    def advance_clocks(self, decided: Sequence[StageClock]) -> None:
        advance_together([(clock, self.collect_counters(clock)) for clock in self._clocks], self.now_ns(), decided)
        if self._sent != self._standing():
            self._send_states()

    def end_stages(self, outcome: Outcome) -> None:
        self._roster.close(outcome)
        self._placement.end_group()
        self._send_states()
        while not self._roster.is_drained:
            self._clock.sleep(TICK_S / 4)

    def journal_event(self, event: StageEvent) -> None:
        self._session.recorder.record_boundary(event)

    def flush_journal(self) -> None:
        self._session.recorder.flush()

    def end_run(self) -> None:
        """Wait until every row of every living worker is here, and they have gone."""
        self._roster.finish()
        self._send_states()
        while any(not each.has_left for each in self._roster.living):
            self._clock.sleep(TICK_S)
        self._keeper.kill()
        self._carrier.quit()
        self._intake.close()
        self._session.recorder.flush()

    # -- beside the stages -----------------------------------------------------------------------------------

    def lose(self, number: int, why: str, in_order: bool = False) -> None:
        """A worker does not live any more; one that left `in_order` once the run was over is none that was lost."""
        member = self._roster.members.get(number)
        if member is None or member.progress is None:
            self._failure = self._failure or f"worker {number}: {why} before it was ready"
            return
        if member.lost or member.has_left or (in_order and self._roster.lets_go(member)):
            return
        self._roster.lose(number, self.now_ns())
        self._ledger.lose(number)
        if not self._roster.living:
            self._failure = self._failure or f"all workers were lost, the last one, worker {number}: {why}"
        gevent.spawn(self._placement.replace_worker, member.client)
        self._send_states()

    def _keep(self) -> None:
        """Notice silent workers, and send the state of the run; runs as a greenlet."""
        since_sync_s = 0.0
        while True:
            for client in self._carrier.find_missing():
                if member := self._roster.find(client):
                    self.lose(member.number, "it sent nothing for too long")
            for member in self._roster.find_idle():
                self.lose(member.number, "no message reached it for too long")
            if since_sync_s >= SYNC_EVERY_S:
                self._send_states()
                since_sync_s = 0.0
            self._clock.sleep(KEEP_S)
            since_sync_s += KEEP_S

    def _standing(self) -> list[object]:
        """What has to be sent at once when it changes."""
        return [(len(clock.boundaries), clock.ended_ns) for clock in self._clocks]

    def _send_states(self) -> None:
        self._sent = self._standing()
        for member in list(self._roster.members.values()):
            if not member.has_left:
                self._send(member.client, self._roster.build_sync(member))

    def _send(self, client: str, message: ToWorker) -> None:
        self._carrier.send(client, encode(message))

    def on_message(self, client: str, data: bytes) -> None:
        """Answer a worker's message."""
        try:
            message = decode_at_master(data)
        except UNREADABLE as error:
            logger.warning("a message from %s: expected one of FirstToken, got something else: %s", client, error)
            return
        member = self._roster.find(client)
        if isinstance(message, Register):
            self._register(client, message)
        elif isinstance(message, Ping):
            self._send(client, Pong(message.asked_ns, self.now_ns()))
        elif isinstance(message, Rows):
            self._receive(client, message)
        elif member is None:
            return
        elif isinstance(message, WorkerProgress):
            member.record_progress(message)
        elif isinstance(message, HealthReport):
            self._session.recorder.record_health(message.health)
        elif isinstance(message, BudgetRequest):
            self._send(client, BudgetGrant(self._ledger.answer_top_up(member.number, message.top_up)))

    def _register(self, client: str, register: Register) -> None:
        if register.version != __version__:
            sentence = (
                f"the master is FirstToken {__version__}, this worker {register.version}: install the same on both"
            )
            self._send(client, Refusal(sentence))
            return
        member = self._roster.enrol(client, register.number)
        self._send(client, replace(self._welcome, number=member.number))

    def _receive(self, client: str, rows: Rows) -> None:
        """Append a piece of a journal, and report how much of it is here."""
        ack = self._intake.accept(rows)
        self._roster.takes_rows = self._intake.takes_rows
        if ack is not None:
            self._send(client, ack)
