"""From an endpoint to an open socket: name, connection, TLS handshake.

Rule: the socket is Python's own even in a process that Locust has patched, for its reads are ours to time; waiting is
left to the hub; what fails is a DialError, an ssl.SSLError, or this machine's own OSError.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl

from gevent import Timeout
from gevent.lock import Semaphore
from gevent.monkey import get_original
from gevent.socket import getaddrinfo, wait_read, wait_write

from firsttoken.wire.clock import SO_TIMESTAMPNS
from firsttoken.wire.endpoint import Endpoint
from firsttoken.wire.outcome import OUR_ERRNOS, DialError
from firsttoken.wire.tls import Tunnel

PIECE_BYTES = 64 * 1024

Address = tuple[socket.AddressFamily, tuple[str | int, ...]]


class Dialer:
    """Opens connections to one endpoint; keeps its addresses until none of them answers."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._place = endpoint.authority
        self._addresses: list[Address] = []
        self._resolving = Semaphore()
        self._context = ssl.create_default_context() if endpoint.tls else None
        self._pioneer = ask_for_stamps(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        """Never used: the kernel begins to stamp a moment after the first socket asks, and stops with the last."""

    def close(self) -> None:
        self._pioneer.close()

    def dial(self, patience_s: float) -> tuple[socket.socket, Tunnel | None]:
        """Return a connected, non-blocking socket, and its tunnel if the endpoint speaks TLS.

        Raises DialError for a name, a connection or a wait of `patience_s` that came to nothing, ssl.SSLError for a
        handshake, OSError where this machine has no socket or port left.
        """
        late = DialError(f"no connection to {self._place} within {patience_s:g} s")
        with Timeout(patience_s, late), contextlib.ExitStack() as undo:
            addresses = self._resolve()
            sock = undo.enter_context(self._connect(addresses, patience_s / len(addresses)))
            tunnel = None if self._context is None else self._shake_hands(sock, self._context)
            undo.pop_all()
            return sock, tunnel

    def _resolve(self) -> list[Address]:
        with self._resolving:
            if not self._addresses:
                try:
                    found = getaddrinfo(self._endpoint.host, self._endpoint.port, type=socket.SOCK_STREAM)
                except socket.gaierror as problem:
                    raise DialError(f"the name {self._endpoint.host} was not resolved: {problem.strerror}") from None
                self._addresses = [(family, address) for family, _, _, _, address in found]
            return self._addresses

    def _connect(self, addresses: list[Address], patience_s: float) -> socket.socket:
        """A socket to the first address that answers, which is asked first from then on."""
        for address in addresses:
            try:
                sock = _connect_to(address, patience_s)
            except OSError as problem:
                if problem.errno in OUR_ERRNOS:
                    raise
                failure = DialError(f"no connection to {self._place}: {problem.strerror or 'no answer'}")
            else:
                self._addresses = [address, *(other for other in addresses if other != address)]
                return sock
        self._addresses = []
        raise failure

    def _shake_hands(self, sock: socket.socket, context: ssl.SSLContext) -> Tunnel:
        tunnel = Tunnel(context, self._endpoint.host)
        try:
            while not tunnel.shake_hands():
                _send_all(sock, tunnel.take_outgoing())
                tunnel.accept(_receive(sock))
            _send_all(sock, tunnel.take_outgoing())
        except ConnectionError as problem:
            raise ssl.SSLError(f"{self._place} broke off the handshake: {problem.strerror}") from None
        return tunnel


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
