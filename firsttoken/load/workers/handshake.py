"""How a worker joins a run: it connects, registers, receives the welcome, and measures its clock's offset.

Rule: a worker that cannot join says in a sentence what was expected where; one of another version is refused.
"""

from __future__ import annotations

import platform
import socket
import time
from collections.abc import Callable

import gevent
from gevent.event import AsyncResult
from locust.env import Environment

from firsttoken import __version__
from firsttoken.error import FirstTokenError
from firsttoken.load.workers.clock_offset import ClockError, Exchange, Offset, estimate_offset
from firsttoken.load.workers.messages import (
    AddressError,
    Ping,
    Pong,
    Refusal,
    Register,
    ToMaster,
    ToWorker,
    Welcome,
    decode_at_worker,
    encode,
    parse_address,
)
from firsttoken.load.workers.transport import WorkerLink

WELCOME_TRIES = 30
"""How often, a second apart, to register with a master that has answered Locust and not us."""
EXCHANGES, EXCHANGES_NEEDED = 16, 8
EXCHANGE_S = 0.5


class JoinError(FirstTokenError):
    """The run cannot be joined; the message is a sentence for the user."""


class HandshakeClient:
    """A worker's link to its master; what does not belong to the handshake goes to `listener`."""

    def __init__(self, environment: Environment, master: str) -> None:
        """Connect until a master answers. Raises JoinError."""
        self.master = master
        self.listener: Callable[[ToWorker], None] = lambda _message: None
        self._welcomed: AsyncResult[Welcome] = AsyncResult()
        self._exchanges: list[Exchange] = []
        try:
            host, port = parse_address(master)
            socket.getaddrinfo(host, port)
        except AddressError as error:
            raise JoinError(f"--master: {error}") from None
        except OSError as error:
            raise JoinError(f"--master {master}: expected where a master listens, got: {error.strerror}") from None
        try:
            self._link = WorkerLink(environment, host, port, self._on_message)
        except ConnectionError:
            raise JoinError(
                f"--master {master}: expected `firsttoken run SCENARIO --remote N --bind HOST:PORT` there, "
                "got no answer; start it, or look at the firewall"
            ) from None

    def send(self, message: ToMaster) -> None:
        """Send the master a message; whether it arrives is not reported."""
        self._link.send(encode(message))

    def register(self, number: int | None) -> Welcome:
        """Register until the master sends its welcome. Raises JoinError."""
        for _ in range(WELCOME_TRIES):
            self.send(Register(__version__, platform.node(), number))
            if self._welcomed.wait(1.0) is not None or self._welcomed.ready():
                welcome: Welcome = self._welcomed.get()
                return welcome
        raise JoinError(f"--master {self.master}: expected FirstToken, only Locust answered; is it another load test?")

    def measure_offset(self) -> Offset:
        """The offset of this machine's clock to the run's. Raises JoinError where it cannot be measured."""
        for _ in range(EXCHANGES):
            known = len(self._exchanges)
            self.send(Ping(time.monotonic_ns()))
            with gevent.Timeout(EXCHANGE_S, False):
                while len(self._exchanges) == known:
                    gevent.sleep(0.001)
        if len(self._exchanges) < EXCHANGES_NEEDED:
            raise JoinError(
                f"--master {self.master}: expected at least {EXCHANGES_NEEDED} answers to {EXCHANGES} questions for "
                f"the time, got {len(self._exchanges)}; the network loses too much"
            )
        try:
            return estimate_offset(self._exchanges)
        except ClockError as error:
            raise JoinError(f"--master {self.master}: {error}") from None

    def quit(self) -> None:
        """Stop Locust's users and hang up."""
        self._link.quit()

    def _on_message(self, _master: str, data: bytes) -> None:
        answered_ns = time.monotonic_ns()
        message = decode_at_worker(data)
        if isinstance(message, Welcome):
            self._welcomed.set(message)
        elif isinstance(message, Refusal):
            self._welcomed.set_exception(JoinError(f"--master {self.master}: {message.sentence}"))
        elif isinstance(message, Pong):
            self._exchanges.append(Exchange(message.asked_ns, message.now_ns, answered_ns))
        else:
            self.listener(message)
