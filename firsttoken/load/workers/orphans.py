"""Orphaned rows, left by an earlier start of a worker, uploaded to their master before anything else.

Rule: they are accepted as long as their run lasts, in the middle of a stage as well, and the uploader need
not join as a worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from firsttoken.load.workers.messages import Ack, Rows, decode_at_worker, encode
from firsttoken.load.workers.shipping import Shipper

SILENCE_S = 3.0
"""After so long without an answer there is no master, or it is that of another run."""
LISTEN_S = 0.1


class Link(Protocol):
    """A way to a master that needs no welcome."""

    def send(self, message: bytes) -> None: ...

    def receive(self, within_s: float) -> bytes | None: ...


def deliver(link: Link, run_key: str, shipper: Shipper, clock: Callable[[], int] = time.monotonic_ns) -> bool:
    """Upload a journal to the master of its run; False where that does not answer. Raises SpoolError."""
    received_ns = clock()
    while not shipper.has_shipped_all:
        if clock() - received_ns > SILENCE_S * 1e9:
            return False
        if batch := shipper.next_batch(clock()):
            link.send(encode(Rows(run_key, batch)))
        answer = link.receive(LISTEN_S)
        message = decode_at_worker(answer) if answer is not None else None
        if isinstance(message, Ack) and (message.run_key, message.worker) == (run_key, shipper.worker):
            shipper.record_ack(message.size)
            received_ns = clock()
    return True
