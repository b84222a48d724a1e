"""A worker in one run: it follows its master, counts, ships rows, and leaves in order.

Rule: it leaves with every row at the master, or with a sentence that says why not. Without a message from its master
it sends nothing after `SILENCE_S`, and is gone within ten seconds.
"""

from firsttoken.load.session.gathering import TICK_S
from firsttoken.load.session.session import Session
from firsttoken.load.workers.handshake import HandshakeClient
from firsttoken.load.workers.messages import (
    SILENCE_S,
    SYNC_EVERY_S,
    Ack,
    BudgetGrant,
    BudgetRequest,
    StateSync,
    ToWorker,
)
from firsttoken.load.workers.shipping import Shipment, SpoolError
from firsttoken.load.workers.worker_state import WorkerState

GONE_S = 8.0
"""After so long without a message from its master a worker leaves."""


class WorkerRun:
    """One worker in one run, from its welcome until it leaves."""

    def __init__(self, master: HandshakeClient, state: WorkerState, session: Session, shipment: Shipment) -> None:
        self.failure: str | None = None
        """Why it left before the run was over, in a sentence."""
        self._master = master
        self._state = state
        self._session = session
        self._shipment = shipment
        self._clock = session.clock
        self._received_ns = self._clock.now_ns()
        self._sent_ns = 0
        self._sent: object = None
        self._takes_rows = True
        self._stopped: str | None = None
        session.limiter.connect_ledger(self._top_up)
        master.listener = self.on_message

    def on_message(self, message: ToWorker) -> None:
        """Follow a message of the master."""
        if isinstance(message, StateSync):
            self._received_ns = self._clock.now_ns()
            self._takes_rows = message.takes_rows
            self._state.apply_sync(message)
        elif isinstance(message, BudgetGrant):
            self._session.limiter.allowance.add_grant(message.grant)
        elif isinstance(message, Ack):
            self._record_ack(message)

    def stop(self, why: str) -> None:
        """Leave before the run is over, in order: what is on the wire ends, rows go to the master."""
        self._stopped = self._stopped or why
        self._state.close("cancelled_by_user")

    def run(self) -> None:
        """Until the run is over and the master has all rows, or is gone; `failure` says what went wrong."""
        while self.failure is None and not self._is_done():
            now_ns = self._clock.now_ns()
            silent_s = (now_ns - self._received_ns) / 1e9
            if silent_s > SILENCE_S:
                self._state.close("cancelled_by_run")
            if silent_s > GONE_S:
                self.failure = f"no message from the master for {GONE_S:.0f} s: it has ended, or the network is down"
            self._ship(now_ns)
            self._send_progress(now_ns)
            self._clock.sleep(TICK_S)
        self._session.recorder.flush()
        self._master.send(self._state.describe_progress(done=True))

    def flush(self) -> None:
        """Have every row so far survive this process."""
        self._session.recorder.flush()

    def _is_done(self) -> bool:
        leaves = self._stopped or self._state.over or self._state.lost
        if not leaves or not self._state.is_drained:
            return False
        self._session.recorder.flush()  # the last rows may wait in memory, where no shipper sees them
        return self._shipment.has_shipped_all or not self._takes_rows

    def _send_progress(self, now_ns: int) -> None:
        """Report how far this worker is, at intervals and whenever the master waits for it."""
        standing = self._state.standing
        if standing != self._sent or now_ns - self._sent_ns >= SYNC_EVERY_S * 1e9:
            self._session.recorder.flush()
            self._sent, self._sent_ns = standing, now_ns
            self._master.send(self._state.describe_progress())

    def _ship(self, now_ns: int) -> None:
        for message in self._shipment.next_messages(now_ns):
            self._master.send(message)

    def _record_ack(self, ack: Ack) -> None:
        try:
            self._shipment.record_ack(ack)
        except SpoolError as error:
            self.failure = str(error)

    def _top_up(self) -> None:
        """Send the allowance's top-up request to the master's ledger."""
        if top_up := self._session.limiter.allowance.write_top_up(self._clock.now_ns()):
            self._master.send(BudgetRequest(top_up))
