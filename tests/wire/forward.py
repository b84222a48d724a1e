"""An HTTP proxy in threads: tunnels for CONNECT, requests passed on for http, or a refusal, as it is told.

Rule: whatever host it is asked for, it connects to this machine, so that a test may use names that do not exist.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


class Forward:
    """A running proxy; with `refusal`, a whole answer, that is all it ever says."""

    def __init__(self, refusal: bytes) -> None:
        self._refusal = refusal
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.authority = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.heads: list[str] = []
        """The head of every request it was sent, up to the first byte that it only carried."""
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, userinfo: str = "") -> str:
        return f"http://{userinfo}{self.authority}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=self._listener.accept()[:1], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            request = b""
            while b"\r\n\r\n" not in request:
                request += client.recv(65536)
            head, body = request.split(b"\r\n\r\n", 1)
            self.heads.append(head.decode("latin-1"))
            if self._refusal:
                client.sendall(self._refusal)
                return
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            port = urlsplit(target if method != "CONNECT" else f"//{target}").port
            with socket.create_connection(("127.0.0.1", port)) as server:
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    server.sendall(head + b"\r\n\r\n" + body)
                threading.Thread(target=_carry, args=(server, client), daemon=True).start()
                _carry(client, server)

    def close(self) -> None:
        self._listener.close()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def forward(refusal: bytes = b"") -> Iterator[Forward]:
    """Run a proxy for the block."""
    proxy = Forward(refusal)
    try:
        yield proxy
    finally:
        proxy.close()
