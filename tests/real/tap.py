"""A tap on a loopback connection: passes every byte on, both ways, and keeps what the server said.

Rule: it adds no byte, holds none back and decides nothing, so that what one client reads can be read once more.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


class Tap:
    """A listening port in front of another; `said` has the server's bytes, one entry per connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.said: list[bytearray] = []

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.port))
                said = bytearray()
                self.said.append(said)
                for source, sink, keep in ((client, server, bytes), (server, client, said.extend)):
                    threading.Thread(target=pass_on, args=(source, sink, keep), daemon=True).start()


def pass_on(source: socket.socket, sink: socket.socket, keep: Callable[[bytes], object]) -> None:
    """Copy until the source ends, then end the sink's direction too."""
    sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            keep(data)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def tap(url: str) -> Iterator[Tap]:
    """Put a tap in front of `url` for the block."""
    tapped = Tap(int(url.rpartition(":")[2]))
    threading.Thread(target=tapped.serve, daemon=True).start()
    with tapped.listener:
        yield tapped
