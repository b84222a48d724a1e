"""How a worker joins a run: it reaches the master, registers, is welcomed with what it has to know, and sets its clock.

Rule: a worker that cannot join says in a sentence what was expected where; the master refuses one of another version.
"""

import platform
import socket
from collections.abc import Callable

from firsttoken import __version__
from firsttoken.error import FirstTokenError
from firsttoken.load.session.run_clock import RunClock
from firsttoken.load.workers.carrier import WorkerCarrier
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

REGISTER_TRIES = 30
"""How often, a second apart, to register with a master that has answered Locust and not us."""
REGISTER_S = 1.0
EXCHANGES, EXCHANGES_NEEDED = 16, 8
"""Questions for the time, and how many of them have to be answered."""
EXCHANGE_S = 0.5
POLL_S = 0.001
"""How often to look whether an answer has come: it bounds how exactly the clock is set."""


class JoinError(FirstTokenError):
    """The run cannot be joined; the message is a sentence for the user."""


class HandshakeClient:
    """A worker's link to its master; what does not belong to the handshake goes to `listener`."""

    def __init__(self, carrier: WorkerCarrier, master: str, clock: RunClock) -> None:
        """`master` is its address as the user wrote it; `clock` is this machine's own, whatever its origin."""
        self.listener: Callable[[ToWorker], None] = lambda _message: None
        self._carrier = carrier
        self._master = master
        self._clock = clock
        self._answer: Welcome | Refusal | None = None
        self._exchanges: list[Exchange] = []
        carrier.listen(self._on_message)

    def send(self, message: ToMaster) -> None:
        """Send a message to the master; it may be lost."""
        self._carrier.send(encode(message))

    def register(self, number: int | None) -> Welcome:
        """Register until the master says what there is to know. Raises JoinError."""
        for _ in range(REGISTER_TRIES):
            self.send(Register(__version__, platform.node(), number))
            self._wait(lambda: self._answer is not None, REGISTER_S)
            if isinstance(self._answer, Refusal):
                raise JoinError(f"--master {self._master}: {self._answer.sentence}")
            if self._answer is not None:
                return self._answer
        raise JoinError(
            f"--master {self._master}: expected FirstToken, got an answer of Locust alone; is it another load test?"
        )

    def measure_offset(self) -> Offset:
        """The offset of this machine's clock to the run's. Raises JoinError where it cannot be measured."""
        for _ in range(EXCHANGES):
            self._ask_time()
        if len(self._exchanges) < EXCHANGES_NEEDED:
            raise JoinError(
                f"--master {self._master}: expected at least {EXCHANGES_NEEDED} answers to {EXCHANGES} questions for "
                f"the time, got {len(self._exchanges)}; the network loses too many messages"
            )
        try:
            return estimate_offset(self._exchanges)
        except ClockError as error:
            raise JoinError(f"--master {self._master}: {error}") from None

    def quit(self) -> None:
        """Stop Locust's users and close the link."""
        self._carrier.quit()

    def _ask_time(self) -> None:
        known = len(self._exchanges)
        self.send(Ping(self._clock.now_ns()))
        self._wait(lambda: len(self._exchanges) > known, EXCHANGE_S)

    def _wait(self, has_come: Callable[[], bool], at_most_s: float) -> None:
        until_ns = self._clock.now_ns() + round(at_most_s * 1e9)
        while not has_come() and self._clock.now_ns() < until_ns:
            self._clock.sleep(POLL_S)

    def _on_message(self, _master: str, data: bytes) -> None:
        answered_ns = self._clock.now_ns()
        message = decode_at_worker(data)
        if isinstance(message, Welcome | Refusal):
            self._answer = message
        elif isinstance(message, Pong):
            self._exchanges.append(Exchange(message.asked_ns, message.now_ns, answered_ns))
        else:
            self.listener(message)


def reach_master(master: str, open_carrier: Callable[[str, int], WorkerCarrier], clock: RunClock) -> HandshakeClient:
    """Wait until the master at HOST or HOST:PORT answers. Raises JoinError where there is none.

    open_carrier: opens the link to a host and port; raises ConnectionError where no master answers in time.
    """
    try:
        host, port = parse_address(master)
        socket.getaddrinfo(host, port)
    except AddressError as error:
        raise JoinError(f"--master: {error}") from None
    except OSError as error:
        raise JoinError(f"--master {master}: expected where a master listens, got: {error.strerror}") from None
    try:
        return HandshakeClient(open_carrier(host, port), master, clock)
    except ConnectionError:
        raise JoinError(
            f"--master {master}: expected `firsttoken run SCENARIO --remote N --bind HOST:PORT` there, "
            "got no answer; start it, or check the firewall"
        ) from None
