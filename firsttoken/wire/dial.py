"""From an endpoint to an open socket: name, the address whose turn it is, the proxy's tunnel, TLS handshake.

Rule: the socket is Python's own even in a process that Locust has patched, for its reads are ours to time; waiting is
left to the hub; what fails is a DialError, an ssl.SSLError, or this machine's own OSError.
"""

import contextlib
import os
import re
import socket
import ssl
from time import monotonic_ns
from typing import NamedTuple

from gevent import Timeout
from gevent.lock import Semaphore
from gevent.monkey import get_original
from gevent.socket import getaddrinfo, wait_read, wait_write

from firsttoken.wire.addresses import Address, Addresses, write_peer
from firsttoken.wire.clock import SO_TIMESTAMPNS
from firsttoken.wire.endpoint import Endpoint
from firsttoken.wire.outcome import OUR_ERRNOS, DialError
from firsttoken.wire.request import write_connect
from firsttoken.wire.tls import Tunnel, is_record, word_broken_handshake, word_late_handshake, word_plain_answer

PIECE_BYTES = 64 * 1024
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}[^\r\n]*)")


class Dialed(NamedTuple):
    """A connection that came about."""

    sock: socket.socket
    """Connected and non-blocking."""
    tunnel: Tunnel | None
    """None where the endpoint speaks no TLS."""
    address: Address
    """Whose turn it was, or that of the next one that answered; a proxy's where one is on the way."""
    passed_over: int
    """Addresses that refused or were silent before it."""


class Dialer:
    """Opens connections to one endpoint, each to the next of its addresses; keeps these until none of them answers."""

    def __init__(self, endpoint: Endpoint, seed: str = "") -> None:
        self._endpoint = endpoint
        self._peer = endpoint.proxy or endpoint
        self._place = f"the proxy {endpoint.proxy.authority}" if endpoint.proxy else endpoint.authority
        self._addresses = Addresses(seed)
        self._resolving = Semaphore()
        self._context = ssl.create_default_context(cafile=endpoint.ca_file or None) if endpoint.tls else None
        self._pioneer = ask_for_stamps(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        """Never used: the kernel begins to stamp a moment after the first socket asks, and stops with the last."""

    def close(self) -> None:
        self._pioneer.close()

    def take_turn(self) -> Address | None:
        """The address whose turn it is; None while the name is not resolved."""
        return self._addresses.take_turn(monotonic_ns()) if self._addresses else None

    def dial(self, patience_s: float, first: Address | None = None) -> Dialed:
        """Open a connection, to `first` if it answers; None: to the address whose turn it is.

        Raises DialError for a name, a connection, a proxy's refusal or a wait of `patience_s` that came to nothing,
        ssl.SSLError for a handshake, OSError where this machine has no socket or port left.
        """
        way = f" by way of {self._place}" if self._endpoint.proxy else ""
        late = DialError(f"no connection to {self._endpoint.authority}{way} within {patience_s:g} s")
        ends_ns = monotonic_ns() + round(patience_s * 1e9)
        with contextlib.ExitStack() as undo:
            with Timeout(patience_s, late):
                self._resolve()
                sock, address, passed_over = self._connect(first, patience_s)
                undo.enter_context(sock)
                if self._endpoint.proxy and self._endpoint.tls:
                    self._pass_proxy(sock)
            tunnel = None
            if self._context is not None:
                tunnel = self._shake_hands(sock, self._context, ends_ns, patience_s)
            undo.pop_all()
            return Dialed(sock, tunnel, address, passed_over)

    def _resolve(self) -> None:
        with self._resolving:
            if not self._addresses:
                self._addresses.learn(look_up(self._peer.host, self._peer.port))

    def _connect(self, first: Address | None, patience_s: float) -> tuple[socket.socket, Address, int]:
        """A socket to the first address that answers, which that is, and how many did not before it."""
        addresses = self._addresses
        way = addresses.order_from(first or addresses.take_turn(monotonic_ns()))
        reasons: list[str] = []
        for address in way:
            try:
                sock = _connect_to(address, patience_s / len(way))
            except OSError as problem:
                if problem.errno in OUR_ERRNOS:
                    raise
                reasons.append(problem.strerror or "no answer")
                addresses.record_failed(address, monotonic_ns())
            else:
                addresses.record_working(address)
                return sock, address, len(reasons)
        addresses.forget()
        named = [f"{write_peer(address)} {reason}" for address, reason in zip(way, reasons, strict=True)]
        raise DialError(f"no connection to {self._place}: {reasons[0] if len(way) == 1 else '; '.join(named)}")

    def _pass_proxy(self, sock: socket.socket) -> None:
        """Have the proxy connect us to the endpoint; what it says instead is the refusal."""
        wanted = f"expected {self._place} to connect to {self._endpoint.tunnel_authority}, got"
        answer = b""
        try:
            _send_all(sock, write_connect(self._endpoint))
            while b"\r\n\r\n" not in answer and len(answer) < PIECE_BYTES:
                answer += _receive(sock)
        except ConnectionError as problem:
            raise DialError(f"{wanted} a lost connection: {problem.strerror}") from None
        status = STATUS_LINE.match(answer)
        if status is None:
            raise DialError(f"{wanted} no HTTP/1.1")
        if status[1][:1] != b"2":
            raise DialError(f"{wanted} {status[1].decode('latin-1').strip()}")
        if not answer.endswith(b"\r\n\r\n"):
            raise DialError(f"{wanted} bytes before the server could have sent any")

    def _shake_hands(self, sock: socket.socket, context: ssl.SSLContext, ends_ns: int, patience_s: float) -> Tunnel:
        place = self._endpoint.authority
        tunnel = Tunnel(context, self._endpoint.host)
        answered = False
        late = DialError(word_late_handshake(place, patience_s))
        try:
            with Timeout(max(0.0, ends_ns - monotonic_ns()) / 1e9, late):
                while not tunnel.shake_hands():
                    _send_all(sock, tunnel.take_outgoing())
                    data = _receive(sock)
                    if not answered and not is_record(data):
                        raise ssl.SSLError(0, word_plain_answer(place))
                    tunnel.accept(data)
                    answered = True
                _send_all(sock, tunnel.take_outgoing())
        except ConnectionError as problem:
            raise ssl.SSLError(0, word_broken_handshake(place, f"{problem.strerror}")) from None
        return tunnel


def look_up(host: str, port: int) -> list[Address]:
    """Every address that a name stands for, of families that this machine has a way to. Raises DialError."""
    failure = DialError(f"the name {host} has no address")
    for flags in (socket.AI_ADDRCONFIG, 0):  # which takes no address of this machine alone for a way
        try:
            found = getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
        except socket.gaierror as problem:
            failure = DialError(f"the name {host} was not resolved: {problem.strerror}")
            continue
        if found:
            return list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    raise failure


def try_address(address: Address, patience_s: float) -> str | None:
    """Open a connection and close it again; return why that failed, None if it succeeded. Raises our own OSError."""
    try:
        _connect_to(address, patience_s).close()
    except OSError as problem:
        if problem.errno in OUR_ERRNOS:
            raise
        return problem.strerror or "no answer"
    return None


def ask_for_stamps(sock: socket.socket) -> socket.socket:
    """Have the kernel note when the packets of a socket arrive, where it can; return the socket."""
    if SO_TIMESTAMPNS is not None:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return sock


def _connect_to(address: Address, patience_s: float) -> socket.socket:
    family, place = address
    with contextlib.ExitStack() as undo:
        sock: socket.socket = undo.enter_context(get_original("socket", "socket")(family, socket.SOCK_STREAM))
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ask_for_stamps(sock)
        try:
            sock.connect(place)
        except BlockingIOError:
            wait_write(sock.fileno(), patience_s, TimeoutError())
        problem = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            raise OSError(problem, os.strerror(problem))
        undo.pop_all()
        return sock


def _send_all(sock: socket.socket, data: bytes) -> None:
    while data:
        try:
            data = data[sock.send(data) :]
        except BlockingIOError:
            wait_write(sock.fileno())


def _receive(sock: socket.socket) -> bytes:
    """The next bytes. Raises ConnectionError at the end."""
    wait_read(sock.fileno())
    data = sock.recv(PIECE_BYTES)
    if not data:
        raise ConnectionAbortedError(0, "the connection was closed")
    return data
