"""A server that does as it is told: one script per connection, on raw sockets, in threads of its own.

Rule: it knows no HTTP but where a request ends, so that it can break every rule of it.
"""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

CERTS = Path(__file__).parent / "certs"


class Line:
    """One accepted connection, as its script sees it."""

    def __init__(self, sock: socket.socket, requests: list[bytes]) -> None:
        self.sock = sock
        self._requests = requests

    def hear(self) -> bytes:
        """Read one whole request and return its body; b"" if the client has hung up."""
        request = b""
        while b"\r\n\r\n" not in request:
            piece = self.sock.recv(65536)
            if not piece:
                return b""
            request += piece
        head, body = request.split(b"\r\n\r\n", 1)
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while length and len(body) < int(length[1]):
            body += self.sock.recv(65536)
        self._requests.append(head)
        return body

    def say(self, *pieces: bytes) -> None:
        """Send each piece in a segment of its own."""
        for piece in pieces:
            self.sock.sendall(piece)

    def wait_for_end(self) -> None:
        """Block until the client has hung up."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass

    def break_off(self) -> None:
        """Close with a reset instead of a good-bye."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.sock.close()


Script = Callable[[Line], None]


def script(*pieces: bytes, then: Script = Line.wait_for_end) -> Script:
    """Hear one request, say these pieces, then do something else: by default keep the connection open and silent."""

    def run(line: Line) -> None:
        line.hear()
        line.say(*pieces)
        then(line)

    return run


def hang_up(_line: Line) -> None:
    """Close the connection."""


class Scripted:
    """A running server: the n-th connection runs the n-th script, further ones the last."""

    def __init__(self, scripts: tuple[Script, ...], context: ssl.SSLContext | None) -> None:
        self._scripts = scripts
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.base_url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}/v1"
        self.requests: list[bytes] = []
        """The head of every request heard."""
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                script = self._scripts[min(self.connections, len(self._scripts) - 1)]
                self.connections += 1
                threading.Thread(target=self._run, args=(script, sock), daemon=True).start()

    def _run(self, script: Script, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(self._wrap(sock)) as line:
            script(Line(line, self.requests))

    def _wrap(self, sock: socket.socket) -> socket.socket:
        return self._context.wrap_socket(sock, server_side=True) if self._context else sock

    def close(self) -> None:
        self._listener.close()

    def refuse(self) -> None:
        """Take no connection from now on; closing alone would leave the port open to one more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextlib.contextmanager
def scripted(*scripts: Script, certificate: str | None = None) -> Iterator[Scripted]:
    """Run a server for the block; with a certificate (a name in certs/) it speaks TLS."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTS / f"{certificate}.pem")
    server = Scripted(scripts, context)
    try:
        yield server
    finally:
        server.close()


def answer(*pieces: bytes) -> Script:
    """A script that answers every request of its connection with these pieces, and keeps the connection."""

    def run(line: Line) -> None:
        while line.hear():
            line.say(*pieces)

    return run
