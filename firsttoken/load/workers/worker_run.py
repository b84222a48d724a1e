"""A worker's duty in one run: obey, count, ship, and leave in order.

Rule: it leaves with every row at the master, or with a sentence that says why not. Without a word of its master it
sends nothing after `SILENCE_S`, and is gone within ten seconds.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import gevent

from firsttoken.load.session.session import Session
from firsttoken.load.workers.handshake import Doorway
from firsttoken.load.workers.messages import SILENCE_S, SYNC_EVERY_S, Ack, Asked, Lent, Rows, Sync, ToWorker
from firsttoken.load.workers.spool import Shipper, SpoolError
from firsttoken.load.workers.worker_state import Station

GONE_S = 8.0
"""After so long without a word of its master a worker leaves."""
TICK_S = 0.02


class Duty:
    """One worker in one run, from its welcome until it leaves."""

    def __init__(
        self, door: Doorway, station: Station, session: Session, run_key: str, shippers: Mapping[int, Shipper]
    ) -> None:
        self._door = door
        self._station = station
        self._run_key = run_key
        self._session = session
        self._shippers = dict(shippers)
        """Worker number -> its journal: of this process, and of earlier ones that left rows of this run."""
        self._heard_ns = time.monotonic_ns()
        self._told_ns = 0
        self._told: object = None
        self._takes_rows = True
        self._stopped: str | None = None
        self.failure: str | None = None
        session.refill = self._refill
        door.listener = self.hear

    def hear(self, message: ToWorker) -> None:
        """Do what the master says."""
        if isinstance(message, Sync):
            self._heard_ns = time.monotonic_ns()
            self._takes_rows = message.takes_rows
            self._station.obey(message)
        elif isinstance(message, Lent):
            self._session.spending.purse.take(message.grant)
        elif isinstance(message, Ack):
            self._note(message)

    def stop(self, why: str) -> None:
        """Leave before the run is over, in order: what is on the wire ends, rows go to the master."""
        self._stopped = self._stopped or why
        self._station.close("cancelled_by_user")

    def serve(self) -> None:
        """Until the run is over and the master has all rows, or is gone; `failure` says what went wrong."""
        while self.failure is None and not self._is_done():
            now_ns = time.monotonic_ns()
            silent_s = (now_ns - self._heard_ns) / 1e9
            if silent_s > SILENCE_S:
                self._station.close("cancelled_by_run")
            if silent_s > GONE_S:
                self.failure = f"the master has said nothing for {GONE_S:.0f} s: it is gone, or the network is"
            self._ship(now_ns)
            self._count(now_ns)
            gevent.sleep(TICK_S)
        self._session.recorder.flush()
        self._door.say(self._station.count(done=True))

    def flush(self) -> None:
        """Have every row so far survive this process."""
        self._session.recorder.flush()

    @property
    def has_shipped_all(self) -> bool:
        """Whether the master has every row that lies here."""
        return all(shipper.has_shipped_all for shipper in self._shippers.values())

    def _is_done(self) -> bool:
        leaves = self._stopped or self._station.over or self._station.lost
        return bool(leaves) and self._station.is_drained and (self.has_shipped_all or not self._takes_rows)

    def _count(self, now_ns: int) -> None:
        """Say how far this worker is, now and then and whenever the master waits for it."""
        standing = self._station.standing
        if standing != self._told or now_ns - self._told_ns >= SYNC_EVERY_S * 1e9:
            self._session.recorder.flush()
            self._told, self._told_ns = standing, now_ns
            self._door.say(self._station.count())

    def _ship(self, now_ns: int) -> None:
        for shipper in self._shippers.values():
            if batch := shipper.next_batch(now_ns):
                self._door.say(Rows(self._run_key, batch))

    def _note(self, ack: Ack) -> None:
        if ack.run_key == self._run_key and ack.worker in self._shippers:
            try:
                self._shippers[ack.worker].note(ack.size)
            except SpoolError as error:
                self.failure = str(error)

    def _refill(self) -> None:
        """Carry what the purse asks for to the master's treasury."""
        if slip := self._session.spending.purse.write_slip(self._session.now_ns()):
            self._door.say(Asked(slip))
