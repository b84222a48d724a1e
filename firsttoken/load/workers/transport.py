"""Locust's master and worker as the carriers of our messages, tuned to notice a silent peer or a cut link in seconds.

Rule: a peer that is silent for a few seconds is noticed, and a link that was cut is there again within a second of the
cut's end. Locust spreads users over workers; when, and how many, is decided here and by no timer of its own.

All that is changed in Locust itself, for every link that is opened from here on:

| in Locust | becomes | why |
|---|---|---|
| constants of `locust.runners` | `CONSTANTS` | a lost worker is noticed in 4 to 6 s, and only by us |
| `zmqrpc.BaseSocket.__init__` | as it is, then `SOCKET_OPTIONS` | Locust opens a socket without heartbeats of its own |
| `MasterRunner.handle_message` | `_Runner`, in our master only | a worker that comes during a stage has to wait |
| `events.quitting`, while a runner is made | an empty hook | its runners would send "quit" on a link that is closed |
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import uuid4

import gevent
import zmq
from locust import runners
from locust.env import Environment
from locust.event import EventHook
from locust.exception import RPCError
from locust.rpc import Message, zmqrpc

from firsttoken.load.workers.carrier import MasterCarrier, OnMessage, UploadCarrier, WorkerCarrier
from firsttoken.load.workers.messages import CHANNEL
from firsttoken.process.launch import LaunchError

CONSTANTS = {
    "HEARTBEAT_LIVENESS": 4,  # one heartbeat a second: missing after 4 to 6 s without
    "MASTER_HEARTBEAT_TIMEOUT": 3600,  # a worker of ours watches for syncs instead, and leaves in order
    "CONNECT_TIMEOUT": 1,  # seconds between two tries of a worker to connect
    "CONNECT_RETRY_COUNT": 900,  # how many tries before it gives up
    "WORKER_REPORT_INTERVAL": 1.0,
    "WORKER_LOG_REPORT_INTERVAL": -1,  # logs stay where they were written
}
SOCKET_OPTIONS = {
    zmq.HEARTBEAT_IVL: 500,
    zmq.HEARTBEAT_TIMEOUT: 1500,
    zmq.CONNECT_TIMEOUT: 1000,
    zmq.RECONNECT_IVL: 100,
    zmq.LINGER: 500,
}
"""Milliseconds. Without the heartbeats a cut is left to TCP, whose next try after it may be many seconds away."""


class Received(Protocol):
    """What Locust hands to a listener."""

    node_id: str
    data: dict[str, bytes]


def tune_locust() -> None:
    """Set Locust's constants, and the options of every socket that it opens from now on."""
    for name, value in CONSTANTS.items():
        setattr(runners, name, value)
    setattr(zmqrpc.BaseSocket, "__init__", _open_steady_socket)  # noqa: B010 - a method is not assigned to by its name


_open_socket = zmqrpc.BaseSocket.__init__


def _open_steady_socket(self: zmqrpc.BaseSocket, sock_type: int, ipv4_only: bool) -> None:
    """As Locust opens it; options count from the next bind or connect on, so they are set in between."""
    _open_socket(self, sock_type, ipv4_only)  # type: ignore[no-untyped-call]  # Locust leaves it untyped
    for option, value in SOCKET_OPTIONS.items():
        self.socket.setsockopt(option, value)
    if sock_type == zmq.ROUTER:  # a worker that comes back by a new connection is not a stranger
        self.socket.setsockopt(zmq.ROUTER_HANDOVER, 1)


class _Runner(runners.MasterRunner):
    """Locust's master, which ignores a new worker while none is admitted: it tries again a second later."""

    admits_workers = True

    def handle_message(self, client_id: str, msg: Message) -> None:
        if msg.type == "client_ready" and not self.admits_workers and client_id not in self.clients:
            return
        super().handle_message(client_id, msg)


class MasterLink(MasterCarrier):
    """The master's end of all links."""

    def __init__(self, environment: Environment, host: str, port: int) -> None:
        """Raises LaunchError where it cannot listen."""
        tune_locust()
        try:
            with _without_quit_message(environment):
                self._runner = _Runner(environment, host, port)
        except (RPCError, SystemExit) as error:
            raise LaunchError(
                f"--bind {host}:{port}: expected an address to listen on, got: {error}; choose another"
            ) from None
        environment.runner = self._runner
        self.port: int = self._runner.server.port

    def listen(self, on_message: OnMessage) -> None:
        self._runner.register_message(CHANNEL, _pass_on(on_message))

    def send(self, client: str, message: bytes) -> None:
        self._runner.send_message(CHANNEL, {"message": message}, client_id=client)

    def admit_workers(self, admits: bool) -> None:
        self._runner.admits_workers = admits

    def spread_users(self, users: int) -> None:
        self._runner.start(users, float(max(1, users)))

    def find_missing(self) -> set[str]:
        return {client.id for client in self._runner.clients.missing}

    def dismiss(self, client: str) -> None:
        if client in self._runner.clients:
            self._runner.handle_message(client, Message("client_stopped", None, client))

    def quit(self) -> None:
        self._runner.greenlet.kill(block=True)
        self._runner.server.close()


class WorkerLink(WorkerCarrier):
    """A worker's end of its link."""

    def __init__(self, environment: Environment, host: str, port: int) -> None:
        """Returns once the master has answered. Raises ConnectionError where it never does."""
        tune_locust()
        with _without_quit_message(environment):
            self._runner = environment.create_worker_runner(host, port)

    def listen(self, on_message: OnMessage) -> None:
        self._runner.register_message(CHANNEL, _pass_on(on_message))

    def send(self, message: bytes) -> None:
        self._runner.send_message(CHANNEL, {"message": message})

    def quit(self) -> None:
        self._runner.stop()
        self._runner.greenlet.kill(block=True)
        self._runner.client.close()


class UploadLink(UploadCarrier):
    """A link to a master that only brings rows: no worker to Locust, so it may come at any time."""

    def __init__(self, host: str, port: int) -> None:
        tune_locust()
        self._name = f"upload-{uuid4().hex}"
        self._client = zmqrpc.Client(host, port, self._name)

    def send(self, message: bytes) -> None:
        self._client.send(Message(CHANNEL, {"message": message}, self._name))

    def receive(self, within_s: float) -> bytes | None:
        try:
            with gevent.Timeout(within_s):
                message: bytes = self._client.recv().data["message"]
        except gevent.Timeout:
            return None
        return message

    def close(self) -> None:
        self._client.close()


@contextmanager
def _without_quit_message(environment: Environment) -> Iterator[None]:
    """Keep a runner that is made meanwhile from saying "quit" when `quitting` is fired: its link is closed by then."""
    quitting, environment.events.quitting = environment.events.quitting, EventHook()
    try:
        yield
    finally:
        environment.events.quitting = quitting


def _pass_on(on_message: OnMessage) -> Callable[..., None]:
    def listen(environment: Environment, msg: Received, **_other: Any) -> None:
        on_message(msg.node_id, msg.data["message"])

    return listen
