"""A worker's rows on their way to the master's disk: appended there byte for byte as they lie here.

Rule: the length of the master's file is the acknowledgement. A batch is appended only where it begins at the end of
what is there already, and every answer says how long that is; so a batch may be lost, doubled or late, and either side
may start anew: nothing is lost or doubled, and the master's file is at all times a beginning of the worker's.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from firsttoken.decoding.duration import NS
from firsttoken.error import FirstTokenError
from firsttoken.load.session.run_clock import RunClock
from firsttoken.load.workers.carrier import UploadCarrier
from firsttoken.load.workers.messages import Ack, Batch, Rows, decode_at_worker, encode

BATCH_BYTES = 256 * 1024
PATIENCE_NS = NS
"""How long to wait for the answer to a batch before it is sent again."""
UPLOAD_SILENCE_S = 3.0
"""After so long without an answer to an upload there is no master, or it is that of another run."""
LISTEN_S = 0.1


class SpoolError(FirstTokenError):
    """The two files do not belong together; the message is a sentence for the user."""


class Shipper:
    """The worker's side of one journal; it only reads the file."""

    def __init__(self, path: Path, worker: int) -> None:
        self.path = path
        self.worker = worker
        self._acknowledged: int | None = None
        """Bytes that the master has; None until it was asked."""
        self._sent_ns: int | None = None
        """When the batch was sent that is still unanswered."""

    @property
    def size(self) -> int:
        """Bytes in the file now; before the first write there is no file."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def has_shipped_all(self) -> bool:
        """Whether the master has said that it has every byte that lies here now."""
        return self._acknowledged == self.size

    def next_batch(self, now_ns: int) -> Batch | None:
        """What to send now; None where nothing is new or an answer may still come."""
        if self._sent_ns is not None and now_ns < self._sent_ns + PATIENCE_NS:
            return None
        if self.has_shipped_all:
            return None
        offset, data = 0, b""
        if self._acknowledged is not None:
            offset, data = self._acknowledged, self._read(self._acknowledged)
        self._sent_ns = now_ns
        return Batch(self.worker, offset, data)

    def record_ack(self, size: int) -> None:
        """Record how much the master has: whatever was thought before, the next batch begins there.

        Raises SpoolError where it has more than there is.
        """
        if size > self.size:
            raise SpoolError(
                f"{self.path}: expected to hold at least the {size} bytes that the master has, got {self.size}; this "
                "is not the journal that was sent before: keep both files"
            )
        self._acknowledged, self._sent_ns = size, None

    def _read(self, offset: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(BATCH_BYTES)


class Receiver:
    """The master's side of one journal."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.size = os.fstat(self._fd).st_size
        """Bytes in the file: the worker gets this after every batch."""

    def accept(self, batch: Batch) -> int:
        """Append a batch if it begins where the file ends; the file's size. Raises OSError when the disk refuses."""
        if batch.offset == self.size and batch.data:
            self.size += os.write(self._fd, batch.data)
        return self.size

    def close(self) -> None:
        """Have the rows survive the machine as well. Raises OSError when the disk refuses."""
        os.fsync(self._fd)
        os.close(self._fd)


class Shipment:
    """Every journal that a worker ships in one run: its own, and what earlier starts of it left of this run."""

    def __init__(self, run_key: str, shippers: Mapping[int, Shipper]) -> None:
        """`shippers`: worker number -> its journal."""
        self._run_key = run_key
        self._shippers = dict(shippers)

    @property
    def has_shipped_all(self) -> bool:
        """Whether the master has every row that lies here."""
        return all(shipper.has_shipped_all for shipper in self._shippers.values())

    def next_messages(self, now_ns: int) -> list[Rows]:
        """What to send now."""
        batches = [shipper.next_batch(now_ns) for shipper in self._shippers.values()]
        return [Rows(self._run_key, batch) for batch in batches if batch is not None]

    def record_ack(self, ack: Ack) -> None:
        """Record how much the master has of a journal; of another run, or of another worker, it says nothing here.

        Raises SpoolError where it has more than there is.
        """
        if ack.run_key == self._run_key and ack.worker in self._shippers:
            self._shippers[ack.worker].record_ack(ack.size)


class Intake:
    """The master's side of every journal of a run."""

    def __init__(self, attempts: Path, run_key: str) -> None:
        """`attempts`: the folder of the run that the journals lie in."""
        self.failure: str | None = None
        """Why no more rows are taken, in a sentence: the disk refused."""
        self._attempts = attempts
        self._run_key = run_key
        self._receivers: dict[int, Receiver] = {}

    @property
    def takes_rows(self) -> bool:
        """Whether the disk takes rows; where it does not, they stay where they are."""
        return self.failure is None

    def accept(self, rows: Rows) -> Ack | None:
        """Append a piece of a journal; how much of that is here, or None where the piece is not taken."""
        if rows.run_key != self._run_key or not self.takes_rows:
            return None
        batch = rows.batch
        try:
            receiver = self._receivers.get(batch.worker)
            if receiver is None:
                receiver = self._receivers[batch.worker] = Receiver(name_journal(self._attempts, batch.worker))
            size = receiver.accept(batch)
        except OSError as error:
            self._fail(error)
            return None
        return Ack(rows.run_key, batch.worker, size)

    def close(self) -> None:
        """Have the rows survive the machine as well; what the disk refuses is the `failure`."""
        for receiver in self._receivers.values():
            try:
                receiver.close()
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = self.failure or (
            f"{self._attempts}: expected to write the workers' rows, got: {error.strerror}; "
            "the other rows stay on the disks of the workers: free some space, then start the workers again"
        )


def upload_journal(carrier: UploadCarrier, run_key: str, shipper: Shipper, clock: RunClock) -> bool:
    """Bring a journal that an earlier start left to the master of its run; False where that does not answer.

    It is accepted at any time of a running run, also in the middle of a stage, and no worker has to join for it.
    Raises SpoolError.
    """
    answered_ns = clock.now_ns()
    while not shipper.has_shipped_all:
        if clock.now_ns() - answered_ns > UPLOAD_SILENCE_S * 1e9:
            return False
        if batch := shipper.next_batch(clock.now_ns()):
            carrier.send(encode(Rows(run_key, batch)))
        answer = carrier.receive(LISTEN_S)
        message = decode_at_worker(answer) if answer is not None else None
        if isinstance(message, Ack) and (message.run_key, message.worker) == (run_key, shipper.worker):
            shipper.record_ack(message.size)
            answered_ns = clock.now_ns()
    return True


def name_journal(attempts: Path, worker: int) -> Path:
    """Where the journal of a worker lies in a folder of attempts."""
    return attempts / f"worker-{worker}.jsonl"


def find_last_number(attempts: Path) -> int:
    """The highest number of a worker that has a journal there; 0 where none has."""
    return max((int(path.stem.removeprefix("worker-")) for path in attempts.glob("worker-*.jsonl")), default=0)
