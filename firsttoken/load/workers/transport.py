"""Locust's own master and worker as the carriers of our messages, and tuned to notice what they would sit out.

Rule: whoever is silent for a few seconds is noticed, and a link that was cut is there again within a second of the
cut's end. Locust spreads users over workers; when, and how many, is said here and by no timer of its own.
"""

from __future__ import annotations

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

from firsttoken.load.workers.messages import CHANNEL
from firsttoken.process.launch import LaunchError

CONSTANTS = {
    "HEARTBEAT_LIVENESS": 4,  # one heartbeat a second: missing after 4 to 6 s without
    "MASTER_HEARTBEAT_TIMEOUT": 3600,  # a worker of ours watches for syncs instead, and leaves in order
    "CONNECT_TIMEOUT": 1,  # how often a worker tries to connect
    "CONNECT_RETRY_COUNT": 900,  # and how many times before it gives up
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

OnMessage = Callable[[str, bytes], None]
"""(client id, message)"""


class Received(Protocol):
    """What Locust hands to a listener."""

    node_id: str
    data: dict[str, bytes]


def tune() -> None:
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
    """Locust's master that may ignore new workers: one that comes meanwhile tries again a second later."""

    is_open = True

    def handle_message(self, client_id: str, msg: Message) -> None:
        if msg.type == "client_ready" and not self.is_open and client_id not in self.clients:
            return
        super().handle_message(client_id, msg)


class MasterLink:
    """The master's end of all links. Raises LaunchError where it cannot listen."""

    def __init__(self, environment: Environment, host: str, port: int, on_message: OnMessage) -> None:
        tune()
        try:
            with _without_quit_message(environment):
                self._runner = _Runner(environment, host, port)
        except (RPCError, SystemExit) as error:
            raise LaunchError(
                f"--bind {host}:{port}: expected an address to listen on, got: {error}; name another"
            ) from None
        environment.runner = self._runner
        self.port: int = self._runner.server.port
        self._runner.register_message(CHANNEL, _pass_on(on_message))

    def send(self, client: str, message: bytes) -> None:
        """Send a message to one worker; whether it arrives is not reported."""
        self._runner.send_message(CHANNEL, {"message": message}, client_id=client)

    def accept_workers(self, is_open: bool) -> None:
        """Accept new workers, or ignore them."""
        self._runner.is_open = is_open

    def spread(self, users: int) -> None:
        """Have so many users living, spread evenly over the workers. Blocks for up to a second or two."""
        self._runner.start(users, float(max(1, users)))

    def find_missing(self) -> set[str]:
        """Workers that have been silent for too long."""
        return {client.id for client in self._runner.clients.missing}

    def dismiss(self, client: str) -> None:
        """Count no more on a worker; its users are gone."""
        if client in self._runner.clients:
            self._runner.handle_message(client, Message("client_stopped", None, client))

    def quit(self) -> None:
        """Hang up."""
        self._runner.greenlet.kill(block=True)
        self._runner.server.close()


class WorkerLink:
    """A worker's end of its link; made once the master has answered. Raises ConnectionError where it never does."""

    def __init__(self, environment: Environment, host: str, port: int, on_message: OnMessage) -> None:
        tune()
        with _without_quit_message(environment):
            self._runner = environment.create_worker_runner(host, port)
        self._runner.register_message(CHANNEL, _pass_on(on_message))

    def send(self, message: bytes) -> None:
        """Send a message to the master; whether it arrives is not reported."""
        self._runner.send_message(CHANNEL, {"message": message})

    def quit(self) -> None:
        """Stop the users and hang up; what was said last still goes out."""
        self._runner.stop()
        self._runner.greenlet.kill(block=True)
        self._runner.client.close()


class UploadLink:
    """A link to a master that only uploads rows: no worker to Locust, so it may come at any time."""

    def __init__(self, host: str, port: int) -> None:
        tune()
        self._name = f"upload-{uuid4().hex}"
        self._client = zmqrpc.Client(host, port, self._name)

    def send(self, message: bytes) -> None:
        """Send a message to the master; whether it arrives is not reported."""
        self._client.send(Message(CHANNEL, {"message": message}, self._name))

    def receive(self, within_s: float) -> bytes | None:
        """What the master says next; None where it says nothing in that time."""
        try:
            with gevent.Timeout(within_s):
                message: bytes = self._client.recv().data["message"]
        except gevent.Timeout:
            return None
        return message

    def close(self) -> None:
        """Hang up."""
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
