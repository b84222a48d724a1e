"""From an endpoint to an open socket: name, connection, the proxy's tunnel, TLS handshake.

Rule: the socket is Python's own even in a process that Locust has patched, for its reads are ours to time; waiting is
left to the hub; what fails is a DialError, an ssl.SSLError, or this machine's own OSError.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl

from gevent import Timeout
from gevent.lock import Semaphore
from gevent.monkey import get_original
from gevent.socket import getaddrinfo, wait_read, wait_write

from firsttoken.wire.clock import SO_TIMESTAMPNS
from firsttoken.wire.endpoint import Endpoint
from firsttoken.wire.outcome import OUR_ERRNOS, DialError
from firsttoken.wire.request import write_connect
from firsttoken.wire.tls import Tunnel

PIECE_BYTES = 64 * 1024
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}[^\r\n]*)")

Address = tuple[socket.AddressFamily, tuple[str | int, ...]]


class Dialer:
    """Opens connections to one endpoint; keeps its addresses until none of them answers."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._peer = endpoint.proxy or endpoint
        self._place = f"the proxy {endpoint.proxy.authority}" if endpoint.proxy else endpoint.authority
        self._addresses: list[Address] = []
        self._resolving = Semaphore()
        self._context = ssl.create_default_context(cafile=endpoint.ca_file or None) if endpoint.tls else None
        self._pioneer = ask_for_stamps(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        """Never used: the kernel begins to stamp a moment after the first socket asks, and stops with the last."""

    def close(self) -> None:
        self._pioneer.close()

    def dial(self, patience_s: float) -> tuple[socket.socket, Tunnel | None]:
        """Return a connected, non-blocking socket, and its tunnel if the endpoint speaks TLS.

        Raises DialError for a name, a connection, a proxy's refusal or a wait of `patience_s` that came to nothing,
        ssl.SSLError for a handshake, OSError where this machine has no socket or port left.
        """
        way = f" by way of {self._place}" if self._endpoint.proxy else ""
        late = DialError(f"no connection to {self._endpoint.authority}{way} within {patience_s:g} s")
        with Timeout(patience_s, late), contextlib.ExitStack() as undo:
            addresses = self._resolve()
            sock = undo.enter_context(self._connect(addresses, patience_s / len(addresses)))
            if self._endpoint.proxy and self._endpoint.tls:
                self._pass_proxy(sock)
            tunnel = None if self._context is None else self._shake_hands(sock, self._context)
            undo.pop_all()
            return sock, tunnel

    def _resolve(self) -> list[Address]:
        with self._resolving:
            if not self._addresses:
                try:
                    found = getaddrinfo(self._peer.host, self._peer.port, type=socket.SOCK_STREAM)
                except socket.gaierror as problem:
                    raise DialError(f"the name {self._peer.host} was not resolved: {problem.strerror}") from None
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

    def _pass_proxy(self, sock: socket.socket) -> None:
        """Have the proxy connect us to the endpoint; what it says instead is the refusal."""
        wanted = f"expected {self._place} to connect to {self._endpoint.tunnel_authority}, got"
        answer = b""
        try:
            _send_all(sock, write_connect(self._endpoint))
            while b"\r\n\r\n" not in answer and len(answer) < PIECE_BYTES:
                answer += _receive(sock)
        except ConnectionError as problem:
            raise DialError(f"{wanted} a connection broken off: {problem.strerror}") from None
        status = STATUS_LINE.match(answer)
        if status is None:
            raise DialError(f"{wanted} no HTTP/1.1")
        if status[1][:1] != b"2":
            raise DialError(f"{wanted} {status[1].decode('latin-1').strip()}")
        if not answer.endswith(b"\r\n\r\n"):
            raise DialError(f"{wanted} bytes before the server could have sent any")

    def _shake_hands(self, sock: socket.socket, context: ssl.SSLContext) -> Tunnel:
        tunnel = Tunnel(context, self._endpoint.host)
        try:
            while not tunnel.shake_hands():
                _send_all(sock, tunnel.take_outgoing())
                tunnel.accept(_receive(sock))
            _send_all(sock, tunnel.take_outgoing())
        except ConnectionError as problem:
            place = self._endpoint.authority
            raise ssl.SSLError(f"{place} broke off the handshake: {problem.strerror}") from None
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
